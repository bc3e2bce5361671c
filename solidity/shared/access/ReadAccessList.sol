// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {AccessControllerInterface} from "../interfaces/AccessControllerInterface.sol";
import {AccessList} from "./AccessList.sol";

/// @title Access for listed accounts, and for everybody who calls without a contract in between
/// @notice Meant for reads. What is on chain is public: an account that sends a transaction, or asks a node, may always
/// read. Only contracts need to be listed.
abstract contract ReadAccessList is AccessList {
  /// @inheritdoc AccessControllerInterface
  function hasAccess(address user, bytes calldata) public view virtual override returns (bool) {
    // The origin says that no contract is in between; it authorizes nothing.
    return _isListedOrUnchecked(user) || user == tx.origin; // solhint-disable-line avoid-tx-origin
  }
}
