// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

contract Feed {
  /// @custom:ocr-report
  struct Price {
    uint8[100000] prices;
  }

  event Many(uint8[70000] prices);

  function take(Price calldata) external {
    uint8[70000] memory prices;
    emit Many(prices);
  }
}
