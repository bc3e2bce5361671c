// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OwnerRole} from "../../shared/access/OwnerRole.sol";
import {Accounts} from "../internal/Account.sol";
import {Config, ConfigLib} from "../../shared/aggregator/ConfigCode.sol";
import {HotWord, HotWordLib} from "../../shared/aggregator/HotWord.sol";
import {Transmission} from "../../shared/aggregator/Transmission.sol";

/// @title What all parts of an aggregator share
abstract contract AggregatorState is OwnerRole {
  HotWord internal s_hot;

  Accounts internal s_accounts;

  /// @dev All rounds, by id. An array and not a mapping, because its slots need no hash: a round is at a fixed distance from
  /// the beginning. There is one place for every uint32, so an id needs no check either.
  Transmission[4294967296] internal s_transmissions;

  constructor() {
    // No data contract yet, and the length of an empty configuration: see ConfigLib.load.
    s_hot = s_hot.withConfig(address(0), ConfigLib.EMPTY_LENGTH);
  }

  /// @dev A copy of the current configuration.
  function _loadConfig(HotWord hot) internal view returns (Config) {
    return ConfigLib.load(hot.configPointer(), hot.configLength());
  }

  /// @dev What is kept of a round, zero if there is no such round.
  function _transmission(uint32 roundId) internal view returns (Transmission transmission) {
    assembly ("memory-safe") {
      transmission := sload(add(s_transmissions.slot, and(roundId, 0xffffffff)))
    }
  }

  function _recordTransmission(uint32 roundId, Transmission transmission) internal {
    assembly ("memory-safe") {
      sstore(add(s_transmissions.slot, and(roundId, 0xffffffff)), transmission)
    }
  }
}
