// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

contract Feed {
  /// @custom:ocr-report PriceReport
  struct PriceReport {
    uint32 time;
    mapping(uint256 => uint256) prices;
  }

  PriceReport internal last;

  function take() external {
    last.time++;
  }
}
