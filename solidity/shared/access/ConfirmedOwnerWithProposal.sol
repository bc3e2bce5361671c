// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OwnableInterface} from "../interfaces/OwnableInterface.sol";
import {OwnerRole} from "./OwnerRole.sol";

/// @title Two-step ownership, with an optional proposal from birth
abstract contract ConfirmedOwnerWithProposal is OwnableInterface, OwnerRole {
  /// @notice `to` may now accept the ownership that `from` has.
  event OwnershipTransferRequested(address indexed from, address indexed to);

  /// @notice `to` owns the contract in place of `from`.
  event OwnershipTransferred(address indexed from, address indexed to);

  address private s_owner;
  address private s_pendingOwner;

  /// @param newOwner the first owner, not zero
  /// @param pendingOwner who may accept the ownership right away; zero for nobody
  constructor(address newOwner, address pendingOwner) {
    require(newOwner != address(0), "Cannot set owner to zero");
    s_owner = newOwner;
    if (pendingOwner != address(0)) _proposeOwner(pendingOwner);
  }

  /// @inheritdoc OwnableInterface
  function transferOwnership(address to) external override onlyOwner {
    _proposeOwner(to);
  }

  /// @inheritdoc OwnableInterface
  function acceptOwnership() external override {
    require(msg.sender == s_pendingOwner, "Must be proposed owner");
    address previousOwner = s_owner;
    s_owner = msg.sender;
    s_pendingOwner = address(0);
    emit OwnershipTransferred(previousOwner, msg.sender);
  }

  /// @inheritdoc OwnableInterface
  function owner() public view override returns (address) {
    return s_owner;
  }

  /// @inheritdoc OwnerRole
  function _isOwner(address account) internal view override returns (bool) {
    return account == s_owner;
  }

  function _proposeOwner(address to) private {
    require(to != msg.sender, "Cannot transfer to self");
    s_pendingOwner = to;
    emit OwnershipTransferRequested(s_owner, to);
  }
}
