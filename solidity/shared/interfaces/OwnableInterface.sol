// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title Ownership that passes on in two steps
/// @notice The owner proposes a successor, the successor accepts. Until then nothing changes, so a mistyped address
/// cannot take the contract away from its owner.
interface OwnableInterface {
  /// @notice The account that may administrate the contract.
  function owner() external returns (address);

  /// @notice Proposes `recipient` as the next owner, in place of an earlier proposal. Owner only.
  /// @param recipient who may accept; must not be the caller
  function transferOwnership(address recipient) external;

  /// @notice Makes the caller the owner. Only the proposed owner can call this.
  function acceptOwnership() external;
}
