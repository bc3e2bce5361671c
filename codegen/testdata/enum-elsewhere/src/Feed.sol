// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Kind} from "./Kind.sol";

contract Feed {
  /// @custom:ocr-report
  struct Price {
    Kind kind;
  }

  event Priced(Kind kind);

  function take(Price calldata p) external {
    emit Priced(p.kind);
  }
}
