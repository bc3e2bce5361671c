// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SimpleReadAccessController} from "../shared/access/SimpleReadAccessController.sol";
import {AccessControllerInterface} from "../shared/interfaces/AccessControllerInterface.sol";
import {AggregatorInterface} from "../shared/interfaces/AggregatorInterface.sol";
import {AggregatorV3Interface} from "../shared/interfaces/AggregatorV3Interface.sol";
import {LinkTokenInterface} from "../shared/interfaces/LinkTokenInterface.sol";
import {TypeAndVersionInterface} from "../shared/interfaces/TypeAndVersionInterface.sol";
import {OCR2Aggregator} from "./OCR2Aggregator.sol";

/// @title An OCR2 feed that only listed contracts may read
/// @notice The aggregator is its own read access controller. Accounts that call without a contract in between, and offchain
/// clients, always read.
contract AccessControlledOCR2Aggregator is OCR2Aggregator, SimpleReadAccessController {
  /// @param link token that oracles are paid in
  /// @param minAnswer_ lowest answer to accept
  /// @param maxAnswer_ highest answer to accept
  /// @param billingAccessController who says who, besides the owner, may change prices; zero for nobody
  /// @param requesterAccessController who says who, besides the owner, may request rounds; zero for nobody
  /// @param decimals_ number of decimals of an answer
  /// @param description_ what the feed answers, for people
  constructor(
    LinkTokenInterface link,
    int192 minAnswer_,
    int192 maxAnswer_,
    AccessControllerInterface billingAccessController,
    AccessControllerInterface requesterAccessController,
    uint8 decimals_,
    string memory description_
  )
    OCR2Aggregator(
      link, minAnswer_, maxAnswer_, billingAccessController, requesterAccessController, decimals_, description_
    )
  {}

  /// @dev Lets callers pass who may read.
  modifier checkAccess() {
    require(hasAccess(msg.sender, msg.data), "No access");
    _;
  }

  /// @inheritdoc TypeAndVersionInterface
  function typeAndVersion() external pure virtual override returns (string memory) {
    return "AccessControlledOCR2Aggregator 1.0.0";
  }

  /// @inheritdoc AggregatorInterface
  function latestAnswer() public view override checkAccess returns (int256) {
    return super.latestAnswer();
  }

  /// @inheritdoc AggregatorInterface
  function latestTimestamp() public view override checkAccess returns (uint256) {
    return super.latestTimestamp();
  }

  /// @inheritdoc AggregatorInterface
  function latestRound() public view override checkAccess returns (uint256) {
    return super.latestRound();
  }

  /// @inheritdoc AggregatorInterface
  function getAnswer(uint256 roundId) public view override checkAccess returns (int256) {
    return super.getAnswer(roundId);
  }

  /// @inheritdoc AggregatorInterface
  function getTimestamp(uint256 roundId) public view override checkAccess returns (uint256) {
    return super.getTimestamp(roundId);
  }

  /// @inheritdoc AggregatorV3Interface
  function description() public view override checkAccess returns (string memory) {
    return super.description();
  }

  /// @inheritdoc AggregatorV3Interface
  function getRoundData(uint80 _roundId)
    public
    view
    override
    checkAccess
    returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
  {
    return super.getRoundData(_roundId);
  }

  /// @inheritdoc AggregatorV3Interface
  function latestRoundData()
    public
    view
    override
    checkAccess
    returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
  {
    return super.latestRoundData();
  }
}
