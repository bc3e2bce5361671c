// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TypeAndVersionInterface} from "../shared/interfaces/TypeAndVersionInterface.sol";
import {ConfigDigestEVMSimple} from "./internal/ConfigDigestEVMSimple.sol";

/// @title A place for the configurations of contracts that do not keep their own
/// @notice Anybody can add a configuration. That is safe because it is found by its digest, which is the hash of all of it:
/// whoever knows the digest cannot be given another configuration.
contract OCRConfigurationStoreEVMSimple is TypeAndVersionInterface {
  /// @notice A configuration.
  /// @param signers onchain public key of each oracle
  /// @param transmitters transmission address of each oracle
  /// @param onchainConfig what the contract reads of the configuration
  /// @param offchainConfig what the oracles read of the configuration
  /// @param contractAddress contract that the configuration belongs to
  /// @param offchainConfigVersion says how to read offchainConfig
  /// @param configCount number of the configuration, counted from 1
  /// @param f number of faulty oracles to survive
  struct ConfigurationEVMSimple {
    address[] signers;
    address[] transmitters;
    bytes onchainConfig;
    bytes offchainConfig;
    address contractAddress;
    uint64 offchainConfigVersion;
    uint32 configCount;
    uint8 f;
  }

  /// @notice A configuration was added, maybe again.
  event NewConfiguration(bytes32 indexed configDigest);

  mapping(bytes32 configDigest => ConfigurationEVMSimple configuration) private s_configurations;

  /// @notice Adds a configuration. It is not checked in any way.
  /// @return configDigest digest of the configuration, on this chain
  function addConfig(ConfigurationEVMSimple calldata configuration) external returns (bytes32 configDigest) {
    configDigest = ConfigDigestEVMSimple.configDigestFromConfigData(
      block.chainid,
      configuration.contractAddress,
      configuration.configCount,
      configuration.signers,
      configuration.transmitters,
      configuration.f,
      configuration.onchainConfig,
      configuration.offchainConfigVersion,
      configuration.offchainConfig
    );
    s_configurations[configDigest] = configuration;
    emit NewConfiguration(configDigest);
  }

  /// @notice The configuration with that digest; all empty if there is none.
  function readConfig(bytes32 configDigest) external view returns (ConfigurationEVMSimple memory) {
    return s_configurations[configDigest];
  }

  /// @inheritdoc TypeAndVersionInterface
  function typeAndVersion() external pure override returns (string memory) {
    return "OCRConfigurationStoreEVMSimple 1.0.0";
  }
}
