// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title The usual interface for readers of a feed: everything about a round in one call
interface AggregatorV3Interface {
  /// @notice Number of decimals of an answer: the value is answer / 10**decimals.
  function decimals() external view returns (uint8);

  /// @notice What the feed answers, for people, such as "ETH / USD".
  function description() external view returns (string memory);

  /// @notice Version of the contract family behind the feed.
  function version() external view returns (uint256);

  /// @notice Everything about one round.
  /// @param _roundId the round
  /// @return roundId the round asked for
  /// @return answer its answer
  /// @return startedAt when the observations were made, in seconds
  /// @return updatedAt block timestamp of the transmission, in seconds
  /// @return answeredInRound equal to roundId
  function getRoundData(uint80 _roundId)
    external
    view
    returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

  /// @notice Everything about the latest round.
  /// @return roundId the latest round
  /// @return answer its answer
  /// @return startedAt when the observations were made, in seconds
  /// @return updatedAt block timestamp of the transmission, in seconds
  /// @return answeredInRound equal to roundId
  function latestRoundData()
    external
    view
    returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
