// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {ConfirmedOwner} from "./ConfirmedOwner.sol";

/// @title Two-step ownership that starts with whoever deploys the contract
abstract contract OwnerIsCreator is ConfirmedOwner {
  constructor() ConfirmedOwner(msg.sender) {}
}
