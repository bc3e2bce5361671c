// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Report, Weather} from "../../contracts/Weather.sol";
import {ConfigDigestEVMSimple} from "ocrkit/ocr2/internal/ConfigDigestEVMSimple.sol";

/// @notice Shows what the contract does with reports and configurations: the generated Go is tested against this, in an EVM.
/// When a report changes, only the struct does; these functions follow.
contract ExposedWeather is Weather {
  function encodeReport(Report memory report) external pure returns (bytes memory) {
    return abi.encode(report);
  }

  function decodeReport(bytes memory encoded) external pure returns (Report memory) {
    return abi.decode(encoded, (Report));
  }

  function configDigest(
    uint256 chainId,
    address contractAddress,
    uint64 configCount,
    address[] memory signers,
    address[] memory transmitters,
    uint8 f,
    bytes memory onchainConfig,
    uint64 offchainConfigVersion,
    bytes memory offchainConfig
  ) external pure returns (bytes32) {
    return ConfigDigestEVMSimple.configDigestFromConfigData(
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
}
