// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

contract Feed {
  /// @custom:ocr-report Price
  struct A {
    uint32 time;
  }

  struct B {
    uint32 time;
  }

  function take(A calldata, B calldata) external {}
}
