// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {HotWord} from "../../shared/aggregator/HotWord.sol";
import {AccessControllerInterface} from "../../shared/interfaces/AccessControllerInterface.sol";
import {OCR1FeedInterface} from "../interfaces/OCR1FeedInterface.sol";
import {OCR1State} from "./OCR1State.sol";

/// @title The part of an OCR1 aggregator through which others ask for a round
abstract contract OCR1Requests is OCR1FeedInterface, OCR1State {
  AccessControllerInterface private s_requesterAccessController;

  /// @inheritdoc OCR1FeedInterface
  function requestNewRound() external override returns (uint80) {
    require(
      _isOwner(msg.sender) || s_requesterAccessController.hasAccess(msg.sender, msg.data),
      "Only owner&requester can call"
    );
    HotWord hot = s_hot;
    emit RoundRequested(msg.sender, bytes16(_loadConfig(hot).digest()), hot.epoch(), hot.round());
    return hot.latestRoundId() + 1;
  }

  /// @inheritdoc OCR1FeedInterface
  function setRequesterAccessController(AccessControllerInterface _requesterAccessController)
    external
    override
    onlyOwner
  {
    _setRequesterAccessController(_requesterAccessController);
  }

  /// @inheritdoc OCR1FeedInterface
  function requesterAccessController() external view override returns (AccessControllerInterface) {
    return s_requesterAccessController;
  }

  function _setRequesterAccessController(AccessControllerInterface current) internal {
    AccessControllerInterface old = s_requesterAccessController;
    if (address(current) == address(old)) return;
    s_requesterAccessController = current;
    emit RequesterAccessControllerSet(old, current);
  }
}
