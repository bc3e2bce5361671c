// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title The oldest interface for readers of a feed: one value per function
interface AggregatorInterface {
  /// @notice Emitted with every new answer.
  /// @param current the answer
  /// @param roundId round that the answer belongs to
  /// @param updatedAt block timestamp of the answer, in seconds
  event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);

  /// @notice Emitted with every new round.
  /// @param roundId the round
  /// @param startedBy zero: no single account starts a round of an offchain reporting feed
  /// @param startedAt when the round started, in seconds
  event NewRound(uint256 indexed roundId, address indexed startedBy, uint256 startedAt);

  /// @notice Answer of the latest round; 0 if there is no round yet.
  function latestAnswer() external view returns (int256);

  /// @notice Block timestamp of the transmission of the latest round in seconds; 0 if there is no round yet.
  function latestTimestamp() external view returns (uint256);

  /// @notice Id of the latest round; 0 if there is no round yet.
  function latestRound() external view returns (uint256);

  /// @notice Answer of round `roundId`; 0 if there is no such round.
  function getAnswer(uint256 roundId) external view returns (int256);

  /// @notice Block timestamp of the transmission of round `roundId` in seconds; 0 if there is no such round.
  function getTimestamp(uint256 roundId) external view returns (uint256);
}
