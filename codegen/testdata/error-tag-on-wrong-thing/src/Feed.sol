// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

contract Feed {
  /// @notice How many.
  /// @custom:ocr-report PriceReport
  uint256 internal constant MAX = 3;

  /// @custom:ocr-constant Max
  function f() external pure returns (uint256) {
    return MAX;
  }
}
