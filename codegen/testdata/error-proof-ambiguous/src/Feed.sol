// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

contract Feed {
  /// @custom:ocr-packed
  struct Text {
    bytes text;
  }

  function there(bytes memory text) external pure returns (bytes memory) {
    return text;
  }

  function back(bytes memory text) external pure returns (bytes memory) {
    return text;
  }

  function take(Text calldata) external {}
}
