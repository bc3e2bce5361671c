// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title The config digest of OCR2 on EVM chains
/// @notice A digest names one configuration of one contract on one chain: every field that matters is hashed.
library ConfigDigestEVMSimple {
  /// @dev First two bytes, big-endian, of every digest of this kind. It keeps digests of different kinds apart.
  /// @custom:ocr-digest-prefix ConfigDigestPrefixEVMSimple
  uint16 internal constant PREFIX = 0x0001;

  /// @dev Digest of a configuration.
  /// @param chainId chain of the contract
  /// @param contractAddress contract that the configuration belongs to
  /// @param configCount number of the configuration, counted from 1
  /// @param signers onchain public keys of the oracles
  /// @param transmitters transmission addresses of the oracles
  /// @param f number of faulty oracles to survive
  /// @param onchainConfig what the contract reads of the configuration
  /// @param offchainConfigVersion says how to read offchainConfig
  /// @param offchainConfig what the oracles read of the configuration
  /// @custom:ocr-config-digest EVMSimple
  function configDigestFromConfigData(
    uint256 chainId,
    address contractAddress,
    uint64 configCount,
    address[] memory signers,
    address[] memory transmitters,
    uint8 f,
    bytes memory onchainConfig,
    uint64 offchainConfigVersion,
    bytes memory offchainConfig
  ) internal pure returns (bytes32) {
    return digestOf(
      encode(
        chainId,
        contractAddress,
        configCount,
        signers,
        transmitters,
        f,
        onchainConfig,
        offchainConfigVersion,
        offchainConfig
      )
    );
  }

  /// @dev What is hashed: the parameters of configDigestFromConfigData as an argument list.
  function encode(
    uint256 chainId,
    address contractAddress,
    uint64 configCount,
    address[] memory signers,
    address[] memory transmitters,
    uint8 f,
    bytes memory onchainConfig,
    uint64 offchainConfigVersion,
    bytes memory offchainConfig
  ) internal pure returns (bytes memory) {
    return abi.encode(
      chainId,
      contractAddress,
      configCount,
      signers,
      transmitters,
      f,
      onchainConfig,
      offchainConfigVersion,
      offchainConfig
    );
  }

  /// @dev Digest of an encoded configuration: its hash, the first two bytes replaced by the prefix.
  function digestOf(bytes memory encoded) internal pure returns (bytes32) {
    uint256 hash = uint256(keccak256(encoded));
    return bytes32((uint256(PREFIX) << 240) | ((hash << 16) >> 16));
  }
}
