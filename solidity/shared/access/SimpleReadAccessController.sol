// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OwnerIsCreator} from "./OwnerIsCreator.sol";
import {ReadAccessList} from "./ReadAccessList.sol";

/// @title Access for listed accounts, and for everybody who calls without a contract in between
contract SimpleReadAccessController is ReadAccessList, OwnerIsCreator {}
