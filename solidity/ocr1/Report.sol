// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @notice The report of an OCR1 feed. On the wire it is the ABI encoding of the fields as an argument list. Oracles sign the
/// hash of these bytes.
/// @param rawReportContext what the report belongs to: a ReportContext
/// @param rawObservers byte i is the index of the oracle that made observation i; the rest is zero
/// @param observations what the oracles observed, in ascending order
/// @custom:ocr-report Report
struct Report {
  bytes32 rawReportContext;
  bytes32 rawObservers;
  int192[] observations;
}

/// @notice The first word of a report. On the wire it is the fields packed without padding, 32 bytes.
/// @param padding zero; the contract does not look at it
/// @param configDigest configuration that the report is bound to
/// @param epoch epoch of the report
/// @param round round of the report within its epoch
/// @custom:ocr-packed ReportContext padding=0
struct ReportContext {
  bytes11 padding;
  bytes16 configDigest;
  uint32 epoch;
  uint8 round;
}

/// @title The codecs of Report and ReportContext, straightforward
/// @notice This is what the encodings mean. The reader that transmit uses (OCR1ReportBuffer) takes short cuts.
library ReportLib {
  /// @dev Words of a report that holds no observation: the three head words and the length of the observations.
  uint256 internal constant WORDS_WITHOUT_OBSERVATIONS = 4;

  /// @dev Where the observations are in a report as an encoder writes it: right behind the three head words.
  uint256 internal constant OBSERVATIONS_OFFSET = 3 * 32;

  /// @dev Length in bytes of a report with that many observations.
  function length(uint256 observations) internal pure returns (uint256) {
    return 32 * (WORDS_WITHOUT_OBSERVATIONS + observations);
  }

  function encode(Report memory report) internal pure returns (bytes memory) {
    return abi.encode(report.rawReportContext, report.rawObservers, report.observations);
  }

  /// @dev Reverts on whatever is not the encoding of a report. Trailing bytes are left alone.
  function decode(bytes memory encoded) internal pure returns (Report memory report) {
    (report.rawReportContext, report.rawObservers, report.observations) =
      abi.decode(encoded, (bytes32, bytes32, int192[]));
  }

  function encodeContext(ReportContext memory context) internal pure returns (bytes memory) {
    return abi.encodePacked(context.padding, context.configDigest, context.epoch, context.round);
  }

  /// @dev Reverts unless the padding is zero: what honest oracles sign has no other.
  function decodeContext(bytes memory encoded) internal pure returns (ReportContext memory context) {
    require(encoded.length == 32, "report context length mismatch");
    uint256 word = uint256(bytes32(encoded));
    context.padding = bytes11(bytes32(word));
    require(context.padding == 0, "report context padding must be zero");
    context.configDigest = bytes16(bytes32(word << 88));
    context.epoch = uint32(word >> 8);
    context.round = uint8(word);
  }
}
