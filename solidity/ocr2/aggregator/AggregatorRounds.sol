// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {AggregatorInterface} from "../../shared/interfaces/AggregatorInterface.sol";
import {AggregatorV2V3Interface} from "../../shared/interfaces/AggregatorV2V3Interface.sol";
import {AggregatorV3Interface} from "../../shared/interfaces/AggregatorV3Interface.sol";
import {Transmission} from "../../shared/aggregator/Transmission.sol";
import {AggregatorState} from "./AggregatorState.sol";

/// @title The answers of an aggregator
abstract contract AggregatorRounds is AggregatorV2V3Interface, AggregatorState {
  /// @inheritdoc AggregatorV3Interface
  uint256 public constant override version = 6;

  /// @inheritdoc AggregatorV3Interface
  uint8 public immutable override decimals;

  string private s_description;

  constructor(uint8 decimals_, string memory description_) {
    decimals = decimals_;
    s_description = description_;
  }

  /// @inheritdoc AggregatorInterface
  function latestAnswer() public view virtual override returns (int256) {
    return _transmission(s_hot.latestRoundId()).answer();
  }

  /// @inheritdoc AggregatorInterface
  function latestTimestamp() public view virtual override returns (uint256) {
    return _transmission(s_hot.latestRoundId()).transmissionTimestamp();
  }

  /// @inheritdoc AggregatorInterface
  function latestRound() public view virtual override returns (uint256) {
    return s_hot.latestRoundId();
  }

  /// @inheritdoc AggregatorInterface
  function getAnswer(uint256 roundId) public view virtual override returns (int256) {
    if (roundId > type(uint32).max) return 0;
    return _transmission(uint32(roundId)).answer();
  }

  /// @inheritdoc AggregatorInterface
  function getTimestamp(uint256 roundId) public view virtual override returns (uint256) {
    if (roundId > type(uint32).max) return 0;
    return _transmission(uint32(roundId)).transmissionTimestamp();
  }

  /// @inheritdoc AggregatorV3Interface
  function description() public view virtual override returns (string memory) {
    return s_description;
  }

  /// @inheritdoc AggregatorV3Interface
  function getRoundData(uint80 _roundId)
    public
    view
    virtual
    override
    returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
  {
    if (_roundId > type(uint32).max) return (0, 0, 0, 0, 0);
    Transmission t = _transmission(uint32(_roundId));
    return (_roundId, t.answer(), t.observationsTimestamp(), t.transmissionTimestamp(), _roundId);
  }

  /// @inheritdoc AggregatorV3Interface
  function latestRoundData()
    public
    view
    virtual
    override
    returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
  {
    uint32 id = s_hot.latestRoundId();
    Transmission t = _transmission(id);
    return (id, t.answer(), t.observationsTimestamp(), t.transmissionTimestamp(), id);
  }
}
