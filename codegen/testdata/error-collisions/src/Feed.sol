// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

interface Other {
  error Late(uint256 by);
}

contract Feed {
  error Late(uint64 by);

  /// @custom:ocr-report Price
  struct A {
    uint32 time;
  }

  /// @custom:ocr-constant NewPrice
  uint256 internal constant NEW = 1;

  /// @custom:ocr-packed Box
  struct B {
    uint32 time;
  }

  /// @custom:ocr-packed Box
  struct C {
    uint32 time;
  }

  /// @custom:ocr-call
  function price(A calldata a, B calldata b, C calldata c) external {
    if (a.time == 0) revert Late(1);
  }

  /// @custom:ocr-call
  function give(uint256 a) external {}

  /// @custom:ocr-call
  function give(uint128 a) external {}
}
