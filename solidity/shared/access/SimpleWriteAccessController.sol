// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessList} from "./AccessList.sol";
import {OwnerIsCreator} from "./OwnerIsCreator.sol";

/// @title Access for listed accounts only
/// @notice Meant for functions that change something: nobody but a listed account passes while the check is on.
contract SimpleWriteAccessController is AccessList, OwnerIsCreator {}
