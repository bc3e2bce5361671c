// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title What each oracle earned by transmitting, in juels
/// @dev The amount of oracle i is the low (i even) or high (i odd) half of slot i / 2, plus one: a slot that was settled is
/// not zero, so setConfig pays for the creation of the slots and no transmission ever does.
///
/// An amount is at most 2^128 - 2 and stays there. That is no limit: it is 3.4e20 LINK, and one transmission that uses a
/// hundred million gas at the highest gas price and the highest price of ETH that there can be earns 2e12.
struct Reimbursements {
  uint256[16] pairs;
}

using ReimbursementsLib for Reimbursements global;

library ReimbursementsLib {
  /// @dev The lower half of a word.
  uint256 private constant HALF = 0xffffffffffffffffffffffffffffffff;

  /// @dev The amounts of two oracles that earned nothing.
  uint256 private constant SETTLED = 0x100000000000000000000000000000001;

  /// @dev What one oracle of the configuration earned.
  function load(Reimbursements storage reimbursements, uint256 index) internal view returns (uint256 amount) {
    assembly ("memory-safe") {
      amount := sub(and(shr(shl(7, and(index, 1)), sload(add(reimbursements.slot, shr(1, index)))), HALF), 1)
    }
  }

  /// @dev Adds to what an oracle earned; `amount` is less than 2^255.
  function add(Reimbursements storage reimbursements, uint256 index, uint256 amount) internal {
    assembly ("memory-safe") {
      let slot := add(reimbursements.slot, shr(1, index))
      let shift := shl(7, and(index, 1))
      let word := sload(slot)
      let sum := add(and(shr(shift, word), HALF), amount)
      if gt(sum, HALF) {
        sum := HALF
      }
      sstore(slot, or(and(word, not(shl(shift, HALF))), shl(shift, sum)))
    }
  }

  /// @dev Sets what an oracle earned to zero.
  function settle(Reimbursements storage reimbursements, uint256 index) internal {
    assembly ("memory-safe") {
      let slot := add(reimbursements.slot, shr(1, index))
      let shift := shl(7, and(index, 1))
      sstore(slot, or(and(sload(slot), not(shl(shift, HALF))), shl(shift, 1)))
    }
  }

  /// @dev Sets what the oracles 0 to n-1 earned to zero. An oracle n that shares a slot with oracle n-1 is settled as well:
  /// it does not exist, and this way the slot is written without being read.
  function settleAll(Reimbursements storage reimbursements, uint256 n) internal {
    assembly ("memory-safe") {
      let end := add(reimbursements.slot, shr(1, add(n, 1)))
      for {
        let slot := reimbursements.slot
      } lt(slot, end) {
        slot := add(slot, 1)
      } {
        sstore(slot, SETTLED)
      }
    }
  }
}
