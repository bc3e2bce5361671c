// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

contract Feed {
  /// @notice What oracles send.
  /// @custom:ocr-report PriceReport
  struct PriceReport {
    uint32 time;
    int192 price;
  }

  function take(PriceReport calldata) external {}
}
