// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

contract Feed {
  /// @custom:ocr-report Price tupel
  struct Price {
    uint32 time;
  }

  /// @custom:ocr-report One
  /// @custom:ocr-packed One
  struct Two {
    uint32 time;
  }

  function take(Price calldata, Two calldata) external {}
}
