// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title The one word of storage that every transmission reads and writes
/// @dev Layout, from the lowest bit:
///
///   bits  what
///     40  epochAndRound     newest (epoch, round) accepted under the current configuration
///     32  latestRoundId     number of reports ever accepted
///    160  configPointer     data contract that holds the configuration (see ConfigCode)
///     16  configLength      bytes of it
///      8  validatorIsSet    1 if a validator wants to see new answers, else 0
///
/// The gas trick: all that changes with a report, and all that tells where the rest is, costs one cold SLOAD and one
/// SSTORE. There is room for the address of the data contract itself, so no second slot and no address derivation (and
/// with it no assumption about this contract's nonce) stands between the word and the configuration.
type HotWord is uint256;

using HotWordLib for HotWord global;

library HotWordLib {
  uint256 private constant ROUND_ID_SHIFT = 40;
  uint256 private constant POINTER_SHIFT = 72;
  uint256 private constant LENGTH_SHIFT = 232;
  uint256 private constant VALIDATOR_SHIFT = 248;

  uint256 private constant EPOCH_AND_ROUND_MASK = type(uint40).max;
  uint256 private constant ROUND_ID_MASK = uint256(type(uint32).max) << ROUND_ID_SHIFT;
  uint256 private constant CONFIG_MASK = ((1 << (VALIDATOR_SHIFT - POINTER_SHIFT)) - 1) << POINTER_SHIFT;

  function epochAndRound(HotWord hot) internal pure returns (uint40) {
    return uint40(HotWord.unwrap(hot));
  }

  function epoch(HotWord hot) internal pure returns (uint32) {
    return uint32(HotWord.unwrap(hot) >> 8);
  }

  function round(HotWord hot) internal pure returns (uint8) {
    return uint8(HotWord.unwrap(hot));
  }

  function latestRoundId(HotWord hot) internal pure returns (uint32) {
    return uint32(HotWord.unwrap(hot) >> ROUND_ID_SHIFT);
  }

  function configPointer(HotWord hot) internal pure returns (address) {
    return address(uint160(HotWord.unwrap(hot) >> POINTER_SHIFT));
  }

  function configLength(HotWord hot) internal pure returns (uint16) {
    return uint16(HotWord.unwrap(hot) >> LENGTH_SHIFT);
  }

  function validatorIsSet(HotWord hot) internal pure returns (bool) {
    return HotWord.unwrap(hot) >> VALIDATOR_SHIFT != 0;
  }

  function withEpochAndRound(HotWord hot, uint40 epochAndRound_) internal pure returns (HotWord) {
    return HotWord.wrap((HotWord.unwrap(hot) & ~EPOCH_AND_ROUND_MASK) | uint256(epochAndRound_));
  }

  function withLatestRoundId(HotWord hot, uint32 roundId) internal pure returns (HotWord) {
    return HotWord.wrap((HotWord.unwrap(hot) & ~ROUND_ID_MASK) | (uint256(roundId) << ROUND_ID_SHIFT));
  }

  /// @dev The word with another data contract; the counters stay.
  function withConfig(HotWord hot, address pointer, uint256 length) internal pure returns (HotWord) {
    return HotWord.wrap(
      (HotWord.unwrap(hot) & ~CONFIG_MASK) | (uint256(uint160(pointer)) << POINTER_SHIFT) | (length << LENGTH_SHIFT)
    );
  }

  function withValidator(HotWord hot, bool isSet) internal pure returns (HotWord) {
    return HotWord.wrap(
      ((HotWord.unwrap(hot) << (256 - VALIDATOR_SHIFT)) >> (256 - VALIDATOR_SHIFT))
        | (uint256(isSet ? 1 : 0) << VALIDATOR_SHIFT)
    );
  }
}
