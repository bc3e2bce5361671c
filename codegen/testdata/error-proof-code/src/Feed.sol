// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

abstract contract Feed {
  /// @custom:ocr-report
  struct Price {
    uint32 time;
  }

  function take(Price calldata) external virtual;
}
