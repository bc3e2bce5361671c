// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title What is kept of a round, in one word
/// @dev Layout, from the lowest bit: 192 answer (two's complement), 64 block timestamp of the transmission. A round that does
/// not exist is the zero word.
type OCR1Round is uint256;

using OCR1RoundLib for OCR1Round global;

library OCR1RoundLib {
  uint256 private constant TIMESTAMP_SHIFT = 192;

  function pack(int192 answer_, uint64 timestamp_) internal pure returns (OCR1Round) {
    return OCR1Round.wrap(uint256(uint192(answer_)) | (uint256(timestamp_) << TIMESTAMP_SHIFT));
  }

  function answer(OCR1Round r) internal pure returns (int192) {
    return int192(uint192(OCR1Round.unwrap(r)));
  }

  function timestamp(OCR1Round r) internal pure returns (uint64) {
    return uint64(OCR1Round.unwrap(r) >> TIMESTAMP_SHIFT);
  }
}
