// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title An OCR1 report on its way from the calldata to the log
/// @notice The data of a NewTransmission event is nearly a permutation of the report. So the report is copied once, to
/// where its observations are already in their place in the event data, hashed and checked there, and then the words
/// around the observations are filled in. No observation is ever decoded, moved or encoded.
///
/// @dev Words of the buffer, and who uses them:
///
///   offset   as report               as event data
///   -0x40    to add to the counts of the observers 0 to 15, see ObservationCounts
///   -0x20    the same of the observers 16 to 30
///   0x000                            answer
///   0x020                            transmitter
///   0x040    rawReportContext        offset of observations
///   0x060    rawObservers            offset of observers
///   0x080    offset of observations  rawReportContext
///   0x0a0    number of observations, the same
///   0x0c0    observations, the same
///            (end of the report)     number of observers
///                                    observers, one byte each, in one word
///
/// The value is the memory address of the buffer. After emitNewTransmission it holds event data, before that a report.
///
/// An observation is the lower 192 bits of its word, as a signed number. What is above them belongs to the report, is signed
/// and logged, and means nothing.
type OCR1ReportBuffer is uint256;

using OCR1ReportBufferLib for OCR1ReportBuffer global;

library OCR1ReportBufferLib {
  uint256 private constant LOW_COUNTS = 0x40;
  uint256 private constant HIGH_COUNTS = 0x20;

  uint256 private constant REPORT = 0x40;
  uint256 private constant RAW_CONTEXT = 0x40;
  uint256 private constant RAW_OBSERVERS = 0x60;
  uint256 private constant OFFSET = 0x80;
  uint256 private constant COUNT = 0xa0;
  uint256 private constant OBSERVATIONS = 0xc0;

  uint256 private constant EVENT_ANSWER = 0x00;
  uint256 private constant EVENT_TRANSMITTER = 0x20;
  uint256 private constant EVENT_OBSERVATIONS_OFFSET = 0x40;
  uint256 private constant EVENT_OBSERVERS_OFFSET = 0x60;
  uint256 private constant EVENT_RAW_CONTEXT = 0x80;

  /// @dev Length of the head of a report, and the offset of observations that directly follow it.
  uint256 private constant HEAD_LENGTH = 0x60;

  /// @dev Copies a report and hashes it. Reverts if there is no report in these bytes: if the head is not complete, or the
  /// observations do not lie within them. Where within them, and what else is there, is of no concern.
  function load(bytes calldata report) internal pure returns (OCR1ReportBuffer buffer, bytes32 hash) {
    assembly ("memory-safe") {
      buffer := add(mload(0x40), LOW_COUNTS)
      let start := add(buffer, REPORT)
      // Behind the report: two words for the observers, and as many more as observations can move back (see below).
      mstore(0x40, and(add(add(start, report.length), 0xff), not(31)))
      calldatacopy(start, report.offset, report.length)
      hash := keccak256(start, report.length)

      let offset := mload(add(buffer, OFFSET))
      let rest := sub(report.length, offset)
      if or(lt(report.length, HEAD_LENGTH), or(gt(offset, report.length), lt(rest, 32))) {
        revert(0, 0)
      }
      let source := add(report.offset, offset)
      let n := calldataload(source)
      if gt(n, shr(5, sub(rest, 32))) {
        revert(0, 0)
      }
      if iszero(eq(offset, HEAD_LENGTH)) {
        // An unusual report. Put the observations where those of all others are.
        calldatacopy(add(buffer, COUNT), source, add(32, shl(5, n)))
      }
    }
  }

  function rawReportContext(OCR1ReportBuffer buffer) internal pure returns (uint256 value) {
    assembly ("memory-safe") {
      value := mload(add(buffer, RAW_CONTEXT))
    }
  }

  /// @dev Number of observations.
  function count(OCR1ReportBuffer buffer) internal pure returns (uint256 value) {
    assembly ("memory-safe") {
      value := mload(add(buffer, COUNT))
    }
  }

  /// @dev Reverts unless each observation is of another oracle, of those that there can be: 0 to 30. There are 31
  /// observations at most. Prepares lowCounts and highCounts.
  function checkObservers(OCR1ReportBuffer buffer) internal pure {
    bool repeated;
    bool outOfBounds;
    assembly ("memory-safe") {
      let raw := mload(add(buffer, RAW_OBSERVERS))
      let n := mload(add(buffer, COUNT))
      let seen := 0
      let low := 0
      let high := 0
      for {
        let i := 0
      } lt(i, n) {
        i := add(i, 1)
      } {
        let observer := byte(i, raw)
        let bit := shl(observer, 1)
        repeated := or(repeated, and(seen, bit))
        seen := or(seen, bit)
        // A one into the lane of the observer. The lane is in one of the two words, and for the other the shift is beyond
        // its end, or, having wrapped, far beyond.
        let shift := shl(4, observer)
        low := add(low, shl(shift, 1))
        high := add(high, shl(sub(shift, 256), 1))
      }
      repeated := iszero(iszero(repeated))
      outOfBounds := iszero(iszero(shr(31, seen)))
      mstore(sub(buffer, LOW_COUNTS), low)
      mstore(sub(buffer, HIGH_COUNTS), high)
    }
    require(!repeated, "observer index repeated");
    require(!outOfBounds, "observer index out of bounds");
  }

  /// @dev One in the lane of each observer below 16, after checkObservers.
  function lowCounts(OCR1ReportBuffer buffer) internal pure returns (uint256 value) {
    assembly ("memory-safe") {
      value := mload(sub(buffer, LOW_COUNTS))
    }
  }

  /// @dev One in the lane of each other observer, after checkObservers.
  function highCounts(OCR1ReportBuffer buffer) internal pure returns (uint256 value) {
    assembly ("memory-safe") {
      value := mload(sub(buffer, HIGH_COUNTS))
    }
  }

  /// @dev Whether no observation is less than the one before; there must be one.
  function isSorted(OCR1ReportBuffer buffer) internal pure returns (bool sorted) {
    assembly ("memory-safe") {
      let place := add(buffer, OBSERVATIONS)
      let end := add(place, shl(5, mload(add(buffer, COUNT))))
      let previous := signextend(23, mload(place))
      sorted := 1
      for {
        place := add(place, 32)
      } lt(place, end) {
        place := add(place, 32)
      } {
        let current := signextend(23, mload(place))
        if slt(current, previous) {
          sorted := 0
          break
        }
        previous := current
      }
    }
  }

  /// @dev The observation in the middle, the upper one of two; there must be one.
  function median(OCR1ReportBuffer buffer) internal pure returns (int192 value) {
    assembly ("memory-safe") {
      value := signextend(23, mload(add(add(buffer, OBSERVATIONS), shl(5, shr(1, mload(add(buffer, COUNT)))))))
    }
  }

  /// @dev Turns the report into the data of a NewTransmission event and emits that. Nothing but the event can be read from
  /// the buffer afterwards.
  /// @param topic topic of the event
  /// @param roundId its only indexed field. It and the answer are whole words, although their types in the event are
  /// smaller: assembly takes a word as it is, and it is the widening by the caller that cleans its upper bits.
  function emitNewTransmission(OCR1ReportBuffer buffer, bytes32 topic, uint256 roundId, int256 answer) internal {
    assembly ("memory-safe") {
      let n := mload(add(buffer, COUNT))
      let tail := shl(5, n)
      let rawObservers := mload(add(buffer, RAW_OBSERVERS))
      mstore(add(buffer, EVENT_ANSWER), answer)
      mstore(add(buffer, EVENT_TRANSMITTER), caller())
      mstore(add(buffer, EVENT_RAW_CONTEXT), mload(add(buffer, RAW_CONTEXT)))
      mstore(add(buffer, EVENT_OBSERVATIONS_OFFSET), COUNT)
      mstore(add(buffer, EVENT_OBSERVERS_OFFSET), add(tail, OBSERVATIONS))
      let observers := add(add(buffer, OBSERVATIONS), tail)
      mstore(observers, n)
      // One byte of rawObservers for each observation; the padding behind them is zero.
      mstore(add(observers, 32), and(rawObservers, not(shr(shl(3, n), not(0)))))
      log2(buffer, add(tail, add(OBSERVATIONS, 0x40)), topic, roundId)
    }
  }
}
