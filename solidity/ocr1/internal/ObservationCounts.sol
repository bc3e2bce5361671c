// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title How many observations of each oracle are unpaid
/// @dev The count of oracle i is in lane i % 16 of word i / 16; a lane is 16 bits. Lane 31 belongs to no oracle.
///
/// A lane holds the count plus one, and no more than 65535: words are never zero once they are initialized, so no report
/// ever pays for the creation of a slot. Additions are done to all lanes of a word at once.
struct ObservationCounts {
  uint256[2] words;
}

using ObservationCountsLib for ObservationCounts global;

library ObservationCountsLib {
  /// @dev One in each lane.
  uint256 internal constant ONES = 0x0001000100010001000100010001000100010001000100010001000100010001;

  /// @dev Every second lane, with the one above it free for carries.
  uint256 private constant EVEN_LANES = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;

  /// @dev One in every second lane.
  uint256 private constant EVEN_ONES = 0x0000000100000001000000010000000100000001000000010000000100000001;

  uint256 private constant LANES = 32;
  uint256 private constant MAX_LANE = 0xffff;

  /// @dev Sets all counts to zero.
  function initialize(ObservationCounts storage counts) internal {
    counts.words = [ONES, ONES];
  }

  /// @dev Unpaid observations of one oracle.
  function load(ObservationCounts storage counts, uint256 index) internal view returns (uint256 count) {
    assembly ("memory-safe") {
      count := sub(and(shr(shl(4, and(index, 15)), sload(add(counts.slot, shr(4, index)))), MAX_LANE), 1)
    }
  }

  /// @dev Sets the count of one oracle, to 65534 at most.
  function store(ObservationCounts storage counts, uint256 index, uint256 count) internal {
    assembly ("memory-safe") {
      let slot := add(counts.slot, shr(4, index))
      let shift := shl(4, and(index, 15))
      sstore(slot, or(and(sload(slot), not(shl(shift, MAX_LANE))), shl(shift, add(count, 1))))
    }
  }

  /// @dev Adds to the counts, lane by lane. Counts of oracles that nothing is added to cost nothing if the other oracles of
  /// their word are as idle.
  function add(ObservationCounts storage counts, uint256 low, uint256 high) internal {
    if (low != 0) counts.words[0] = saturatingAdd(counts.words[0], low);
    if (high != 0) counts.words[1] = saturatingAdd(counts.words[1], high);
  }

  /// @dev Sum of all counts.
  function total(ObservationCounts storage counts) internal view returns (uint256 sum) {
    (uint256 low, uint256 high) = (counts.words[0], counts.words[1]);
    unchecked {
      // Four lanes of 16 bits add up in each 32 bits, and the sum of digits to the base 2^32 is the remainder modulo one
      // less than that.
      sum = (low & EVEN_LANES) + ((low >> 16) & EVEN_LANES) + (high & EVEN_LANES) + ((high >> 16) & EVEN_LANES);
      return (sum % 0xffffffff) - LANES;
    }
  }

  /// @dev Sum of two words, lane by lane. A lane that would overflow becomes 65535.
  function saturatingAdd(uint256 a, uint256 b) internal pure returns (uint256 sum) {
    unchecked {
      uint256 even = (a & EVEN_LANES) + (b & EVEN_LANES);
      uint256 odd = ((a >> 16) & EVEN_LANES) + ((b >> 16) & EVEN_LANES);
      even = (even | (((even >> 16) & EVEN_ONES) * MAX_LANE)) & EVEN_LANES;
      odd = (odd | (((odd >> 16) & EVEN_ONES) * MAX_LANE)) & EVEN_LANES;
      return even | (odd << 16);
    }
  }
}
