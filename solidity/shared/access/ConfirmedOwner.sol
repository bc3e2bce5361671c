// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {ConfirmedOwnerWithProposal} from "./ConfirmedOwnerWithProposal.sol";

/// @title Two-step ownership, nothing proposed at birth
abstract contract ConfirmedOwner is ConfirmedOwnerWithProposal {
  /// @param newOwner the first owner, not zero
  constructor(address newOwner) ConfirmedOwnerWithProposal(newOwner, address(0)) {}
}
