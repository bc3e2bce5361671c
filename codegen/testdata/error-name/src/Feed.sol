// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

contract Feed {
  /// @custom:ocr-report price-report
  struct PriceReport {
    uint32 time;
  }

  function take(PriceReport calldata) external {}
}
