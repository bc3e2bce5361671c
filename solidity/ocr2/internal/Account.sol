// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title What the contract owes one oracle, in 128 bits
/// @dev Layout, from the lowest bit: 96 paymentJuels, what the oracle earned by transmitting; 32 the complement of
/// rewardFromRound, the round since which observation rewards are unpaid.
///
/// Two gas tricks. Two accounts share a slot, so that a configuration of n oracles touches about n/2 slots instead of
/// one per oracle and one more per eight. And the round is kept as its complement: an account is never zero, not even
/// of a fresh oracle on a fresh feed, so setConfig pays for the creation of the slots and no transmission ever does.
type Account is uint256;

using AccountLib for Account global;

library AccountLib {
  uint256 private constant ROUND_SHIFT = 96;
  uint256 private constant GJUELS = 1e9;

  /// @dev The account of an oracle that is owed nothing after round `latestRoundId`.
  function settledAt(uint32 latestRoundId) internal pure returns (Account) {
    return Account.wrap(uint256(~latestRoundId) << ROUND_SHIFT);
  }

  function paymentJuels(Account a) internal pure returns (uint96) {
    return uint96(Account.unwrap(a));
  }

  function rewardFromRound(Account a) internal pure returns (uint32) {
    return ~uint32(Account.unwrap(a) >> ROUND_SHIFT);
  }

  function withPaymentJuels(Account a, uint96 payment) internal pure returns (Account) {
    return Account.wrap(((Account.unwrap(a) >> ROUND_SHIFT) << ROUND_SHIFT) | uint256(payment));
  }

  /// @dev Rounds since the oracle was last paid.
  function unpaidRounds(Account a, uint32 latestRoundId) internal pure returns (uint32) {
    unchecked {
      // rewardFromRound was latestRoundId at some time, and latestRoundId never falls.
      return latestRoundId - a.rewardFromRound();
    }
  }

  /// @dev Everything owed to the oracle, in juels. Cannot overflow: 2^32 rounds * 2^32 Gjuels * 1e9 < 2^96.
  function owed(Account a, uint32 latestRoundId, uint256 observationPaymentGjuels) internal pure returns (uint256) {
    unchecked {
      return uint256(a.unpaidRounds(latestRoundId)) * observationPaymentGjuels * GJUELS + uint256(a.paymentJuels());
    }
  }
}

/// @dev The accounts of all oracles, by index: account i is the low (i even) or high (i odd) half of slot i / 2.
struct Accounts {
  uint256[16] pairs;
}

using AccountsLib for Accounts global;

library AccountsLib {
  function load(Accounts storage accounts, uint256 index) internal view returns (Account account) {
    assembly ("memory-safe") {
      account := shr(shl(7, and(index, 1)), sload(add(accounts.slot, shr(1, index))))
      account := and(account, 0xffffffffffffffffffffffffffffffff)
    }
  }

  function store(Accounts storage accounts, uint256 index, Account account) internal {
    assembly ("memory-safe") {
      let slot := add(accounts.slot, shr(1, index))
      let shift := shl(7, and(index, 1))
      let others := and(sload(slot), not(shl(shift, 0xffffffffffffffffffffffffffffffff)))
      sstore(slot, or(others, shl(shift, account)))
    }
  }

  /// @dev Settles the accounts 0 to n-1. An account n that shares a slot with account n-1 is settled as well: it belongs
  /// to nobody, and this way the slot is written without being read.
  function settleAll(Accounts storage accounts, uint256 n, uint32 latestRoundId) internal {
    uint256 settled = Account.unwrap(AccountLib.settledAt(latestRoundId));
    settled |= settled << 128;
    assembly ("memory-safe") {
      let end := add(accounts.slot, shr(1, add(n, 1)))
      for {
        let slot := accounts.slot
      } lt(slot, end) {
        slot := add(slot, 1)
      } {
        sstore(slot, settled)
      }
    }
  }
}
