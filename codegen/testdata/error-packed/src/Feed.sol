// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

contract Feed {
  /// @custom:ocr-onchain-config Limits version=256 colour=1
  struct Limits {
    uint8 version;
    uint8 lowest;
  }

  /// @custom:ocr-onchain-config Names
  struct Names {
    string name;
  }

  function take(Limits calldata, Names calldata) external {}
}
