// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {InvalidReportLength} from "./OCR3FeedErrors.sol";

/// @notice The report of a feed on OCR3: one answer, which the oracles agreed on. On the wire it is the ABI encoding of the
/// fields as an argument list, 64 bytes.
/// @param observationsTimestamp when the observations were made that the answer is the median of, in seconds
/// @param answer the answer, in the decimals of the feed
/// @custom:ocr-report FeedReport
struct FeedReport {
  uint32 observationsTimestamp;
  int192 answer;
}

/// @title The codec of FeedReport
library FeedReportLib {
  /// @dev Length of the encoding in bytes.
  uint256 internal constant LENGTH = 64;

  function encode(FeedReport memory report) internal pure returns (bytes memory) {
    return abi.encode(report);
  }

  /// @dev Reverts on whatever encode() does not return: with InvalidReportLength, or, for a number that its type does not
  /// hold, without data, as abi.decode does.
  function decode(bytes calldata encoded) internal pure returns (FeedReport memory) {
    if (encoded.length != LENGTH) revert InvalidReportLength(encoded.length);
    return abi.decode(encoded, (FeedReport));
  }
}
