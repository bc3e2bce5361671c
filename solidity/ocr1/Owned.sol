// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OwnerRole} from "../shared/access/OwnerRole.sol";

/// @title Two-step ownership by the rules of OCR1
/// @notice It differs from that of OCR2 in that an owner may propose itself.
abstract contract Owned is OwnerRole {
  /// @notice `to` may now accept the ownership that `from` has.
  event OwnershipTransferRequested(address indexed from, address indexed to);

  /// @notice `to` owns the contract in place of `from`.
  event OwnershipTransferred(address indexed from, address indexed to);

  /// @notice The current owner.
  address public owner = msg.sender;

  address private s_pendingOwner;

  /// @notice Offers ownership to `to`. Owner only; a later offer replaces an earlier one.
  function transferOwnership(address to) external onlyOwner {
    s_pendingOwner = to;
    emit OwnershipTransferRequested(owner, to);
  }

  /// @notice Takes the ownership that was offered to the caller.
  function acceptOwnership() external {
    require(msg.sender == s_pendingOwner, "Must be proposed owner");
    address previousOwner = owner;
    owner = msg.sender;
    s_pendingOwner = address(0);
    emit OwnershipTransferred(previousOwner, msg.sender);
  }

  /// @inheritdoc OwnerRole
  function _isOwner(address account) internal view override returns (bool) {
    return account == owner;
  }
}
