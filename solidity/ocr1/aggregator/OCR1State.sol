// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OwnerRole} from "../../shared/access/OwnerRole.sol";
import {Config, ConfigLib} from "../../shared/aggregator/ConfigCode.sol";
import {HotWord} from "../../shared/aggregator/HotWord.sol";
import {OCR1Round} from "../internal/OCR1Round.sol";

/// @title What all parts of an OCR1 aggregator share
abstract contract OCR1State is OwnerRole {
  HotWord internal s_hot;

  /// @dev All rounds, by id. An array and not a mapping, because its slots need no hash: a round is at a fixed distance from
  /// the beginning. There is one place for every uint32, so an id needs no check either.
  OCR1Round[4294967296] internal s_rounds;

  /// @dev A copy of the current configuration. Its digest is the upper half of a word.
  function _loadConfig(HotWord hot) internal view returns (Config) {
    return ConfigLib.load(hot.configPointer(), hot.configLength());
  }

  /// @dev What is kept of a round, zero if there is no such round.
  function _round(uint32 roundId) internal view returns (OCR1Round round) {
    assembly ("memory-safe") {
      round := sload(add(s_rounds.slot, and(roundId, 0xffffffff)))
    }
  }

  function _recordRound(uint32 roundId, OCR1Round round) internal {
    assembly ("memory-safe") {
      sstore(add(s_rounds.slot, and(roundId, 0xffffffff)), round)
    }
  }
}
