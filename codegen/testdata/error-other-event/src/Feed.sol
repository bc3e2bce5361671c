// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

contract Other {
  event Priced(int256 price);

  function f() external {
    emit Priced(1);
  }
}

contract Feed {
  event Priced(int192 price);

  function f() external {
    emit Priced(1);
  }
}
