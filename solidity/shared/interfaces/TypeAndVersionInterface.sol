// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title A contract that says what it is
interface TypeAndVersionInterface {
  /// @notice Name and version of the contract, separated by one space, such as "OCR2Aggregator 1.0.0".
  function typeAndVersion() external pure returns (string memory);
}
