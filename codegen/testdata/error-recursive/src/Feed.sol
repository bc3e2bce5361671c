// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

contract Feed {
  /// @custom:ocr-report
  struct Tree {
    uint32 value;
    Tree[] children;
  }

  /// @custom:ocr-packed
  struct Left {
    Right[] right;
  }

  struct Right {
    Left[] left;
  }

  Tree internal tree;
  Left internal left;
}
