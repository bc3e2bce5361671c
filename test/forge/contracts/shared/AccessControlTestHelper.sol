// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AggregatorV2V3Interface} from "ocr/shared/interfaces/AggregatorV2V3Interface.sol";

/// @notice The one function of a feed that refuses all contracts.
interface TransmissionDetails {
  function latestTransmissionDetails() external view returns (bytes32, uint32, uint8, int192, uint64);
}

/// @title A contract that reads a feed
/// @notice Each function reads one value on behalf of this contract, so that access control sees a contract.
contract AccessControlTestHelper {
  /// @notice A read went through. It makes the reads transactions.
  event Dummy();

  function readLatestRoundData(address aggregator) external {
    AggregatorV2V3Interface(aggregator).latestRoundData();
    emit Dummy();
  }

  function readGetRoundData(address aggregator, uint80 roundID) external {
    AggregatorV2V3Interface(aggregator).getRoundData(roundID);
    emit Dummy();
  }

  function readLatestAnswer(address aggregator) external {
    AggregatorV2V3Interface(aggregator).latestAnswer();
    emit Dummy();
  }

  function readLatestTimestamp(address aggregator) external {
    AggregatorV2V3Interface(aggregator).latestTimestamp();
    emit Dummy();
  }

  function readLatestRound(address aggregator) external {
    AggregatorV2V3Interface(aggregator).latestRound();
    emit Dummy();
  }

  function readGetAnswer(address aggregator, uint256 roundID) external {
    AggregatorV2V3Interface(aggregator).getAnswer(roundID);
    emit Dummy();
  }

  function readGetTimestamp(address aggregator, uint256 roundID) external {
    AggregatorV2V3Interface(aggregator).getTimestamp(roundID);
    emit Dummy();
  }

  function testLatestTransmissionDetails(address aggregator) external view {
    TransmissionDetails(aggregator).latestTransmissionDetails();
  }
}
