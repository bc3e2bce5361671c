// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

contract Feed {
  /// @custom:ocr-report PriceReport
  struct PriceReport {
    uint32 time;
    int192[] prices;
  }

  constructor(uint256) {}

  function take(PriceReport calldata) external {}
}
