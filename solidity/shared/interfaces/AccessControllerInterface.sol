// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title Decides who may do something
interface AccessControllerInterface {
  /// @notice Whether `user` may make a certain call.
  /// @param user the account that wants to make the call
  /// @param data the whole calldata of the call in question
  function hasAccess(address user, bytes calldata data) external view returns (bool);
}
