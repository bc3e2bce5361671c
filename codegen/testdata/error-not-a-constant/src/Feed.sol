// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

contract Feed {
  /// @custom:ocr-constant Max
  uint256 internal max = 31;

  /// @custom:ocr-constant Sum
  uint256 internal constant sum = uint256(keccak256("sum"));

  /// @custom:ocr-digest-prefix Prefix
  int16 internal constant prefix = 1;

  function f() external view returns (uint256) {
    return max + sum + uint16(prefix);
  }
}
