// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

contract Feed {
  /// @notice What oracles send.
  /// @custom:ocr-reprot PriceReport
  struct PriceReport {
    uint32 time;
  }

  function take(PriceReport calldata) external {}
}
