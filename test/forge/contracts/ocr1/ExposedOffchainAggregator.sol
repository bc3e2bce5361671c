// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessControllerInterface} from "ocr/shared/interfaces/AccessControllerInterface.sol";
import {LinkTokenInterface} from "ocr/shared/interfaces/LinkTokenInterface.sol";
import {EncodedConfig, EncodedConfigLib} from "ocr/ocr1/EncodedConfig.sol";
import {OffchainAggregator} from "ocr/ocr1/OffchainAggregator.sol";
import {Report, ReportContext, ReportLib} from "ocr/ocr1/Report.sol";
import {ConfigDigestOCR1} from "ocr/ocr1/internal/ConfigDigestOCR1.sol";

/// @title An OCR1 aggregator whose encodings can be called
/// @notice Offchain code that encodes or decodes the same things is proven against these functions.
contract ExposedOffchainAggregator is OffchainAggregator {
  constructor()
    OffchainAggregator(
      0,
      0,
      0,
      0,
      0,
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
    address contractAddress,
    uint64 configCount,
    address[] memory signers,
    address[] memory transmitters,
    uint8 threshold,
    uint64 encodedConfigVersion,
    bytes memory encoded
  ) external pure returns (bytes16) {
    return ConfigDigestOCR1.configDigestFromConfigData(
      contractAddress, configCount, signers, transmitters, threshold, encodedConfigVersion, encoded
    );
  }

  /// @notice The bytes of a report.
  function exposedEncodeReport(Report memory report) external pure returns (bytes memory) {
    return ReportLib.encode(report);
  }

  /// @notice The report that bytes are the encoding of. Reverts if there is none; bytes behind a report are ignored.
  function exposedDecodeReport(bytes memory encoded) external pure returns (Report memory) {
    return ReportLib.decode(encoded);
  }

  /// @notice The word of a report context.
  function exposedEncodeReportContext(ReportContext memory context) external pure returns (bytes memory) {
    return ReportLib.encodeContext(context);
  }

  /// @notice The report context that a word is the encoding of. Reverts if there is none.
  function exposedDecodeReportContext(bytes memory encoded) external pure returns (ReportContext memory) {
    return ReportLib.decodeContext(encoded);
  }

  /// @notice The bytes of a configuration for the oracles.
  function exposedEncodeEncodedConfig(EncodedConfig memory config) external pure returns (bytes memory) {
    return EncodedConfigLib.encode(config);
  }

  /// @notice The configuration that bytes are the encoding of. Reverts if there is none; bytes behind it are ignored.
  function exposedDecodeEncodedConfig(bytes memory encoded) external pure returns (EncodedConfig memory) {
    return EncodedConfigLib.decode(encoded);
  }
}
