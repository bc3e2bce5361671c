// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessControllerInterface} from "ocr/shared/interfaces/AccessControllerInterface.sol";
import {LinkTokenInterface} from "ocr/shared/interfaces/LinkTokenInterface.sol";
import {MedianReport, MedianReportLib} from "ocr/ocr2/MedianReport.sol";
import {OCR2Aggregator} from "ocr/ocr2/OCR2Aggregator.sol";
import {OnchainConfig, OnchainConfigLib} from "ocr/ocr2/OnchainConfig.sol";
import {ConfigDigestEVMSimple} from "ocr/ocr2/internal/ConfigDigestEVMSimple.sol";

/// @title An aggregator whose encodings can be called
/// @notice Offchain code that encodes or decodes the same things is proven against these functions.
contract ExposedOCR2Aggregator is OCR2Aggregator {
  constructor()
    OCR2Aggregator(
      LinkTokenInterface(address(0)),
      0,
      0,
      AccessControllerInterface(address(0)),
      AccessControllerInterface(address(0)),
      0,
      ""
    )
  {}

  /// @notice The config digest of a configuration.
  function exposedConfigDigestFromConfigData(
    uint256 chainId,
    address contractAddress,
    uint64 configCount,
    address[] memory signers,
    address[] memory transmitters,
    uint8 f,
    bytes memory onchainConfig,
    uint64 offchainConfigVersion,
    bytes memory offchainConfig
  ) external view returns (bytes32) {
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

  /// @notice The bytes of a report.
  function exposedEncodeReport(MedianReport memory report) external pure returns (bytes memory) {
    return MedianReportLib.encode(report);
  }

  /// @notice The report that bytes are the encoding of. Reverts if there is none; bytes behind a report are ignored.
  function exposedDecodeReport(bytes memory encoded) external pure returns (MedianReport memory) {
    return MedianReportLib.decode(encoded);
  }

  /// @notice The bytes of an onchain config.
  function exposedEncodeOnchainConfig(OnchainConfig memory config) external pure returns (bytes memory) {
    return OnchainConfigLib.encode(config);
  }

  /// @notice The onchain config that bytes are the encoding of. Reverts if there is none.
  function exposedDecodeOnchainConfig(bytes memory encoded) external pure returns (OnchainConfig memory) {
    return OnchainConfigLib.decode(encoded);
  }
}
