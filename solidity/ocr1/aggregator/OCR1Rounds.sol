// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {AggregatorInterface} from "../../shared/interfaces/AggregatorInterface.sol";
import {AggregatorV2V3Interface} from "../../shared/interfaces/AggregatorV2V3Interface.sol";
import {AggregatorV3Interface} from "../../shared/interfaces/AggregatorV3Interface.sol";
import {OCR1Round} from "../internal/OCR1Round.sol";
import {OCR1State} from "./OCR1State.sol";

/// @title The answers of an OCR1 aggregator
abstract contract OCR1Rounds is AggregatorV2V3Interface, OCR1State {
  /// @inheritdoc AggregatorV3Interface
  uint256 public constant override version = 4;

  /// @inheritdoc AggregatorV3Interface
  uint8 public immutable override decimals;

  string private s_description;

  constructor(uint8 decimals_, string memory description_) {
    decimals = decimals_;
    s_description = description_;
  }

  /// @inheritdoc AggregatorInterface
  function latestAnswer() public view virtual override returns (int256) {
    return _round(s_hot.latestRoundId()).answer();
  }

  /// @inheritdoc AggregatorInterface
  function latestTimestamp() public view virtual override returns (uint256) {
    return _round(s_hot.latestRoundId()).timestamp();
  }

  /// @inheritdoc AggregatorInterface
  function latestRound() public view virtual override returns (uint256) {
    return s_hot.latestRoundId();
  }

  /// @inheritdoc AggregatorInterface
  function getAnswer(uint256 roundId) public view virtual override returns (int256) {
    if (roundId > type(uint32).max) return 0;
    return _round(uint32(roundId)).answer();
  }

  /// @inheritdoc AggregatorInterface
  function getTimestamp(uint256 roundId) public view virtual override returns (uint256) {
    if (roundId > type(uint32).max) return 0;
    return _round(uint32(roundId)).timestamp();
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
    require(_roundId <= type(uint32).max, "No data present");
    OCR1Round r = _round(uint32(_roundId));
    uint256 time = r.timestamp();
    return (_roundId, r.answer(), time, time, _roundId);
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
    OCR1Round r = _round(id);
    uint256 time = r.timestamp();
    return (id, r.answer(), time, time, id);
  }
}
