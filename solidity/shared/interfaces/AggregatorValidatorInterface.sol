// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title Somebody who wants to see every new answer of a feed
interface AggregatorValidatorInterface {
  /// @notice Called by the feed after it recorded a new answer, with a fixed amount of gas. What the call returns, and
  /// whether it succeeds, does not matter to the feed.
  /// @param previousRoundId the round before
  /// @param previousAnswer its answer, 0 if there is none
  /// @param currentRoundId the new round
  /// @param currentAnswer its answer
  function validate(uint256 previousRoundId, int256 previousAnswer, uint256 currentRoundId, int256 currentAnswer)
    external
    returns (bool);
}
