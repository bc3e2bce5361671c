// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title What owner-only code needs to know about ownership
/// @dev The contract families pass ownership on by slightly different rules. Code that only asks who the owner is (the
/// access controllers for one) derives from this, and a concrete contract joins it with the rules of its family.
abstract contract OwnerRole {
  /// @dev Lets nobody but the owner pass.
  modifier onlyOwner() {
    _requireOwner();
    _;
  }

  /// @dev Whether `account` is the owner.
  function _isOwner(address account) internal view virtual returns (bool);

  /// @dev Reverts unless the caller is the owner. A function, not a part of the modifier, so that its code is there once.
  function _requireOwner() internal view {
    require(_isOwner(msg.sender), "Only callable by owner");
  }
}
