// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {AccessControllerInterface} from "../interfaces/AccessControllerInterface.sol";
import {OwnerRole} from "./OwnerRole.sol";

/// @title A list of accounts that have access, kept by the owner
/// @dev Which ownership rules apply is left to the deriving contract.
abstract contract AccessList is AccessControllerInterface, OwnerRole {
  /// @notice `user` is on the list from now on.
  event AddedAccess(address user);

  /// @notice `user` is no longer on the list.
  event RemovedAccess(address user);

  /// @notice From now on the list decides.
  event CheckAccessEnabled();

  /// @notice From now on everybody has access.
  event CheckAccessDisabled();

  /// @notice Whether the list decides; if not, everybody has access.
  bool public checkEnabled = true;

  mapping(address account => bool listed) private s_accessList;

  /// @notice Puts `user` on the list. Owner only; nothing happens if it is there already.
  function addAccess(address user) external onlyOwner {
    if (s_accessList[user]) return;
    s_accessList[user] = true;
    emit AddedAccess(user);
  }

  /// @notice Takes `user` off the list. Owner only; nothing happens if it is not there.
  function removeAccess(address user) external onlyOwner {
    if (!s_accessList[user]) return;
    s_accessList[user] = false;
    emit RemovedAccess(user);
  }

  /// @notice Lets the list decide. Owner only; nothing happens if it does already.
  function enableAccessCheck() external onlyOwner {
    if (checkEnabled) return;
    checkEnabled = true;
    emit CheckAccessEnabled();
  }

  /// @notice Gives access to everybody. Owner only; nothing happens if that is so already.
  function disableAccessCheck() external onlyOwner {
    if (!checkEnabled) return;
    checkEnabled = false;
    emit CheckAccessDisabled();
  }

  /// @inheritdoc AccessControllerInterface
  function hasAccess(address user, bytes calldata) public view virtual override returns (bool) {
    return _isListedOrUnchecked(user);
  }

  /// @dev Whether the list lets `user` pass.
  function _isListedOrUnchecked(address user) internal view returns (bool) {
    return s_accessList[user] || !checkEnabled;
  }
}
