// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {AccessControllerInterface} from "../../shared/interfaces/AccessControllerInterface.sol";
import {OCR2FeedInterface} from "../interfaces/OCR2FeedInterface.sol";
import {HotWord} from "../../shared/aggregator/HotWord.sol";
import {AggregatorState} from "./AggregatorState.sol";

/// @title The part of an aggregator through which others ask for a round
abstract contract AggregatorRequests is OCR2FeedInterface, AggregatorState {
  AccessControllerInterface private s_requesterAccessController;

  /// @inheritdoc OCR2FeedInterface
  function requestNewRound() external override returns (uint80) {
    require(
      _isOwner(msg.sender) || s_requesterAccessController.hasAccess(msg.sender, msg.data),
      "Only owner&requester can call"
    );
    HotWord hot = s_hot;
    emit RoundRequested(msg.sender, _loadConfig(hot).digest(), hot.epoch(), hot.round());
    return hot.latestRoundId() + 1;
  }

  /// @inheritdoc OCR2FeedInterface
  function setRequesterAccessController(AccessControllerInterface requesterAccessController)
    external
    override
    onlyOwner
  {
    _setRequesterAccessController(requesterAccessController);
  }

  /// @inheritdoc OCR2FeedInterface
  function getRequesterAccessController() external view override returns (AccessControllerInterface) {
    return s_requesterAccessController;
  }

  function _setRequesterAccessController(AccessControllerInterface current) internal {
    AccessControllerInterface old = s_requesterAccessController;
    if (address(current) == address(old)) return;
    s_requesterAccessController = current;
    emit RequesterAccessControllerSet(old, current);
  }
}
