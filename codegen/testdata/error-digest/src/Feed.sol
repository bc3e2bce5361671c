// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

contract Feed {
  /// @custom:ocr-config-digest A
  function a(uint256 x) public pure returns (uint256) {
    return x;
  }

  /// @custom:ocr-config-digest B
  function b(uint256 x) public pure {}

  /// @custom:ocr-hash C
  function c(uint256 x) public pure returns (bytes16) {
    return bytes16(keccak256(abi.encode(x)));
  }
}
