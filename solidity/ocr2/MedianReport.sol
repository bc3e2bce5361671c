// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @notice The report of a median feed. On the wire it is the ABI encoding of the fields as an argument list.
/// @param observationsTimestamp when the observations were made, in seconds
/// @param rawObservers byte i is the index of the oracle that made observation i; the rest is zero
/// @param observations what the oracles observed, in ascending order
/// @param juelsPerFeeCoin price of one whole unit of the chain's fee coin, in juels (1e-18 LINK)
/// @custom:ocr-report MedianReport
struct MedianReport {
  uint32 observationsTimestamp;
  bytes32 rawObservers;
  int192[] observations;
  int192 juelsPerFeeCoin;
}

/// @title The codec of MedianReport, straightforward
/// @notice This is what the encoding means. The reader that transmit uses (ReportBuffer) takes short cuts for the usual
/// layout and comes back here for everything else.
library MedianReportLib {
  /// @dev Words of a report that holds no observation: the four head words and the length of the observations.
  uint256 internal constant WORDS_WITHOUT_OBSERVATIONS = 5;

  /// @dev Where the observations are in a report as an encoder writes it: right behind the four head words.
  uint256 internal constant OBSERVATIONS_OFFSET = 4 * 32;

  /// @dev Length in bytes of a report with that many observations.
  function length(uint256 observations) internal pure returns (uint256) {
    return 32 * (WORDS_WITHOUT_OBSERVATIONS + observations);
  }

  function encode(MedianReport memory report) internal pure returns (bytes memory encoded) {
    // The encoding of a struct is the argument list of its fields behind one offset word. Turn that word into the length
    // of what follows, and what follows is the report.
    encoded = abi.encode(report);
    assembly ("memory-safe") {
      let size := sub(mload(encoded), 32)
      encoded := add(encoded, 32)
      mstore(encoded, size)
    }
  }

  /// @dev Reverts on whatever is not the encoding of a report, as abi.decode does. Trailing bytes are left alone.
  function decode(bytes memory encoded) internal pure returns (MedianReport memory) {
    return abi.decode(bytes.concat(bytes32(uint256(32)), encoded), (MedianReport));
  }
}
