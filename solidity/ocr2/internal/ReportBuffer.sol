// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {MedianReport, MedianReportLib} from "../MedianReport.sol";

/// @title A report on its way from the calldata to the log
/// @notice The data of a NewTransmission event is nearly a permutation of the report. So the report is copied once, to
/// where its observations are already in their place in the event data, hashed and checked there, and then the words
/// around the observations are filled in. No observation is ever decoded, moved or encoded.
///
/// @dev Words of the buffer, and who uses them:
///
///   offset   as report               as event data
///   0x000                            answer
///   0x020                            transmitter
///   0x040                            observationsTimestamp
///   0x060                            offset of observations
///   0x080    observationsTimestamp   offset of observers
///   0x0a0    rawObservers            juelsPerFeeCoin
///   0x0c0    offset of observations  configDigest
///   0x0e0    juelsPerFeeCoin         epochAndRound
///   0x100    number of observations, the same
///   0x120    observations, the same
///            (end of the report)     number of observers
///                                    observers, one byte each, in one word
///
/// The value is the memory address of the buffer. After emitNewTransmission it holds event data, before that a report.
type ReportBuffer is uint256;

using ReportBufferLib for ReportBuffer global;

library ReportBufferLib {
  uint256 private constant REPORT = 0x80;
  uint256 private constant TIMESTAMP = 0x80;
  uint256 private constant RAW_OBSERVERS = 0xa0;
  uint256 private constant OFFSET = 0xc0;
  uint256 private constant JUELS_PER_FEE_COIN = 0xe0;
  uint256 private constant COUNT = 0x100;
  uint256 private constant OBSERVATIONS = 0x120;

  uint256 private constant EVENT_ANSWER = 0x00;
  uint256 private constant EVENT_TRANSMITTER = 0x20;
  uint256 private constant EVENT_TIMESTAMP = 0x40;
  uint256 private constant EVENT_OBSERVATIONS_OFFSET = 0x60;
  uint256 private constant EVENT_OBSERVERS_OFFSET = 0x80;
  uint256 private constant EVENT_JUELS_PER_FEE_COIN = 0xa0;
  uint256 private constant EVENT_CONFIG_DIGEST = 0xc0;
  uint256 private constant EVENT_EPOCH_AND_ROUND = 0xe0;

  /// @dev Added to a word, this gives less than 2**192 if the word is an int192, and no less if it is not.
  uint256 private constant INT192_BIAS = 1 << 191;

  /// @dev Copies a report, unchecked, and hashes it.
  function load(bytes calldata report) internal pure returns (ReportBuffer buffer, bytes32 hash) {
    assembly ("memory-safe") {
      buffer := mload(0x40)
      let start := add(buffer, REPORT)
      // Behind the report: two words for the observers, and three that the unrolled loop of check() may read.
      mstore(0x40, and(add(add(start, report.length), 191), not(31)))
      calldatacopy(start, report.offset, report.length)
      hash := keccak256(start, report.length)
      // The loop reads these as observations in range, whatever was in this memory.
      calldatacopy(add(start, report.length), calldatasize(), 96)
    }
  }

  /// @dev Makes sure that the buffer holds the canonical encoding of a report: the values are in the range of their types,
  /// and the observations are where they should be. `report` is what load() was given.
  function check(ReportBuffer buffer, bytes calldata report) internal pure {
    bool canonical;
    assembly ("memory-safe") {
      let n := mload(add(buffer, COUNT))
      // A short report fails here too: the subtraction wraps, and no count is that large without failing the second test.
      canonical := and(
        eq(sub(report.length, sub(OBSERVATIONS, REPORT)), shl(5, n)),
        and(lt(n, 0xffffffff), eq(mload(add(buffer, OFFSET)), 0x80))
      )
    }
    if (!canonical) {
      _canonicalize(buffer, report);
      return;
    }
    assembly ("memory-safe") {
      // x + 2**191 is below 2**192 if and only if x is an int192, so the range of many words is checked by one OR each and
      // a single test of the bits from 192 up. Four words a turn: the loop costs more than its body.
      let bits := add(mload(add(buffer, JUELS_PER_FEE_COIN)), INT192_BIAS)
      let place := add(buffer, OBSERVATIONS)
      let end := add(place, shl(5, mload(add(buffer, COUNT))))
      for {} lt(place, end) {
        place := add(place, 0x80)
      } {
        bits := or(bits, add(mload(place), INT192_BIAS))
        bits := or(bits, add(mload(add(place, 0x20)), INT192_BIAS))
        bits := or(bits, add(mload(add(place, 0x40)), INT192_BIAS))
        bits := or(bits, add(mload(add(place, 0x60)), INT192_BIAS))
      }
      if or(shr(192, bits), shr(32, mload(add(buffer, TIMESTAMP)))) {
        revert(0, 0)
      }
    }
  }

  /// @dev The long way, for a report that is not laid out as encoders do it: decodes it, which reverts if it is malformed,
  /// and writes it back in the usual layout, which has the same length.
  function _canonicalize(ReportBuffer buffer, bytes calldata report) private pure {
    MedianReport memory decoded = MedianReportLib.decode(report);
    int192[] memory observations = decoded.observations;
    require(report.length == MedianReportLib.length(observations.length), "report length mismatch");
    uint256 observedAt = decoded.observationsTimestamp;
    bytes32 rawObservers = decoded.rawObservers;
    int256 juels = decoded.juelsPerFeeCoin;
    assembly ("memory-safe") {
      mstore(add(buffer, TIMESTAMP), observedAt)
      mstore(add(buffer, RAW_OBSERVERS), rawObservers)
      mstore(add(buffer, JUELS_PER_FEE_COIN), juels)
      let n := mload(observations)
      mstore(add(buffer, COUNT), n)
      for {
        let i := 0
      } lt(i, n) {
        i := add(i, 1)
      } {
        mstore(add(add(buffer, OBSERVATIONS), shl(5, i)), mload(add(add(observations, 32), shl(5, i))))
      }
    }
  }

  function observationsTimestamp(ReportBuffer buffer) internal pure returns (uint32 value) {
    assembly ("memory-safe") {
      value := mload(add(buffer, TIMESTAMP))
    }
  }

  function juelsPerFeeCoin(ReportBuffer buffer) internal pure returns (int192 value) {
    assembly ("memory-safe") {
      value := mload(add(buffer, JUELS_PER_FEE_COIN))
    }
  }

  /// @dev Number of observations.
  function count(ReportBuffer buffer) internal pure returns (uint256 value) {
    assembly ("memory-safe") {
      value := mload(add(buffer, COUNT))
    }
  }

  /// @dev The observation in the middle; there must be one.
  function median(ReportBuffer buffer) internal pure returns (int192 value) {
    assembly ("memory-safe") {
      value := mload(add(add(buffer, OBSERVATIONS), shl(5, shr(1, mload(add(buffer, COUNT))))))
    }
  }

  /// @dev Turns the report into the data of a NewTransmission event and emits that. Nothing but the event can be read from
  /// the buffer afterwards.
  /// @param topic topic of the event
  /// @param roundId its only indexed field. It and the others are whole words, although their types in the event are
  /// smaller: assembly takes a word as it is, and it is the widening by the caller that cleans its upper bits.
  function emitNewTransmission(
    ReportBuffer buffer,
    bytes32 topic,
    uint256 roundId,
    int256 answer,
    bytes32 configDigest,
    uint256 epochAndRound
  ) internal {
    assembly ("memory-safe") {
      let n := mload(add(buffer, COUNT))
      let tail := shl(5, n)
      let rawObservers := mload(add(buffer, RAW_OBSERVERS))
      mstore(add(buffer, EVENT_ANSWER), answer)
      mstore(add(buffer, EVENT_TRANSMITTER), caller())
      mstore(add(buffer, EVENT_TIMESTAMP), mload(add(buffer, TIMESTAMP)))
      mstore(add(buffer, EVENT_OBSERVATIONS_OFFSET), COUNT)
      mstore(add(buffer, EVENT_OBSERVERS_OFFSET), add(tail, OBSERVATIONS))
      mstore(add(buffer, EVENT_JUELS_PER_FEE_COIN), mload(add(buffer, JUELS_PER_FEE_COIN)))
      mstore(add(buffer, EVENT_CONFIG_DIGEST), configDigest)
      mstore(add(buffer, EVENT_EPOCH_AND_ROUND), epochAndRound)
      let observers := add(add(buffer, OBSERVATIONS), tail)
      mstore(observers, n)
      // One byte of rawObservers for each observation; the padding behind them is zero.
      mstore(add(observers, 32), and(rawObservers, not(shr(shl(3, n), not(0)))))
      log2(buffer, add(tail, add(OBSERVATIONS, 0x40)), topic, roundId)
    }
  }
}
