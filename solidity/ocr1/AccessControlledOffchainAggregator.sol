// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;
pragma abicoder v1;

import {ReadAccessList} from "../shared/access/ReadAccessList.sol";
import {AccessControllerInterface} from "../shared/interfaces/AccessControllerInterface.sol";
import {AggregatorInterface} from "../shared/interfaces/AggregatorInterface.sol";
import {AggregatorV3Interface} from "../shared/interfaces/AggregatorV3Interface.sol";
import {LinkTokenInterface} from "../shared/interfaces/LinkTokenInterface.sol";
import {TypeAndVersionInterface} from "../shared/interfaces/TypeAndVersionInterface.sol";
import {OffchainAggregator} from "./OffchainAggregator.sol";

/// @title An OCR1 feed that only listed contracts may read
/// @notice The aggregator is its own read access controller. Accounts that call without a contract in between, and offchain
/// clients, always read.
contract AccessControlledOffchainAggregator is OffchainAggregator, ReadAccessList {
  /// @param maximumGasPrice highest gas price that is reimbursed, in gwei
  /// @param reasonableGasPrice gas price, in gwei, below which a transmitter also gets half of what it saved
  /// @param microLinkPerEth price of one ETH, in 1e-6 LINK
  /// @param linkGweiPerObservation reward of an oracle for an observation, in 1e-9 LINK
  /// @param linkGweiPerTransmission reward of the transmitter of a report, in 1e-9 LINK
  /// @param link token that oracles are paid in
  /// @param minAnswer_ lowest answer to accept
  /// @param maxAnswer_ highest answer to accept
  /// @param billingAccessController_ who says who, besides the owner, may change prices; zero for nobody
  /// @param requesterAccessController_ who says who, besides the owner, may request rounds; zero for nobody
  /// @param decimals_ number of decimals of an answer
  /// @param description_ what the feed answers, for people
  constructor(
    uint32 maximumGasPrice,
    uint32 reasonableGasPrice,
    uint32 microLinkPerEth,
    uint32 linkGweiPerObservation,
    uint32 linkGweiPerTransmission,
    LinkTokenInterface link,
    int192 minAnswer_,
    int192 maxAnswer_,
    AccessControllerInterface billingAccessController_,
    AccessControllerInterface requesterAccessController_,
    uint8 decimals_,
    string memory description_
  )
    OffchainAggregator(
      maximumGasPrice,
      reasonableGasPrice,
      microLinkPerEth,
      linkGweiPerObservation,
      linkGweiPerTransmission,
      link,
      minAnswer_,
      maxAnswer_,
      billingAccessController_,
      requesterAccessController_,
      decimals_,
      description_
    )
  {}

  /// @dev Lets callers pass who may read.
  modifier checkAccess() {
    require(hasAccess(msg.sender, msg.data), "No access");
    _;
  }

  /// @inheritdoc TypeAndVersionInterface
  function typeAndVersion() external pure virtual override returns (string memory) {
    return "AccessControlledOffchainAggregator 4.0.0";
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
