// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {
  InvalidAttestation,
  InvalidAttestationAttributionBitmask,
  InvalidAttestationLength,
  InvalidAttestationNumberOfSignatures
} from "ocr/ocr3/OCR3AttestationErrors.sol";
import {
  AnswerOutOfRange,
  ConfigDigestMismatch,
  InvalidReportLength,
  StaleReport,
  UnauthorizedTransmitter
} from "ocr/ocr3/feed/OCR3FeedErrors.sol";
import {OCR3FeedInterface} from "ocr/ocr3/feed/OCR3FeedInterface.sol";
import {AggregatorInterface} from "ocr/shared/interfaces/AggregatorInterface.sol";

import {
  FeedTransmission,
  OCR3BLSFeedFixture,
  OCR3ECDSAFeedFixture,
  OCR3FeedFixture
} from "../helpers/OCR3FeedFixture.sol";

/// @title Transmissions to a feed on OCR3, and what is read of it
abstract contract FeedTransmitSuite is OCR3FeedFixture {
  /// @dev How the scheme refuses an attestation of the right form to something else.
  bytes4 internal wrongSignature;

  /// @dev How it refuses f and f + 2 signatures.
  bytes4 internal wrongNumber;

  function setUp() public virtual override {
    super.setUp();
    start(4, 1, 0);
  }

  // ------------------------------------------------------------------------------------------------- what happens

  function test_accepts() public {
    uint32 observed = uint32(block.timestamp) - 7;
    FeedTransmission memory t = right(3, reportOf(observed, 12_345));
    vm.expectEmit(address(feed));
    emit OCR3FeedInterface.NewTransmission(1, 12_345, transmitter(2), observed, t.configDigest, 3);
    vm.expectEmit(address(feed));
    emit AggregatorInterface.NewRound(1, address(0), observed);
    vm.expectEmit(address(feed));
    emit AggregatorInterface.AnswerUpdated(12_345, 1, block.timestamp);
    vm.prank(transmitter(2));
    feed.transmit(t.configDigest, t.seqNr, t.report, t.attestation);

    (bytes32 digest, uint64 seqNr, int192 answer, uint32 observationsTimestamp, uint32 transmissionTimestamp) =
      feed.latestTransmissionDetails();
    assertEq(digest, t.configDigest);
    assertEq(seqNr, 3);
    assertEq(answer, 12_345);
    assertEq(observationsTimestamp, observed);
    assertEq(transmissionTimestamp, block.timestamp);
    assertRound(1, 12_345, observed, block.timestamp);
    assertLatestRound(1);
  }

  /// @dev Any transmitter and any f + 1 oracles, whatever the numbers in the report.
  function testFuzz_accepts(
    uint256 count,
    uint256 seed,
    uint64 seqNr,
    uint32 observed,
    uint32 transmitted,
    int192 answer
  ) public {
    count = bound(count, 4, 13);
    start(count, uint8(bound(seed, 1, (count - 1) / 3)), seed % 20);
    seqNr = uint64(bound(seqNr, 1, type(uint64).max));
    answer = int192(bound(answer, MIN_ANSWER, MAX_ANSWER));
    vm.warp(transmitted);
    FeedTransmission memory t = right(seqNr, reportOf(observed, answer));
    t.attestation = attest(firstKey, anyMask(uint256(f) + 1, seed), hashOf(t));
    vm.prank(transmitter(firstKey + (seed % count)));
    feed.transmit(t.configDigest, t.seqNr, t.report, t.attestation);
    assertRound(1, answer, observed, transmitted);
    (, uint64 latestSeqNr, int192 latest,,) = feed.latestTransmissionDetails();
    assertEq(latestSeqNr, seqNr);
    assertEq(latest, answer);
  }

  /// @dev `size` of the oracles.
  function anyMask(uint256 size, uint256 seed) private view returns (uint256 mask) {
    while (size > 0) {
      seed = uint256(keccak256(abi.encode(seed)));
      uint256 bit = 1 << (seed % n);
      if (mask & bit == 0) --size;
      mask |= bit;
    }
  }

  /// @dev Sequence numbers may have gaps, rounds have none, and history stays.
  function test_roundsAreAppended() public {
    uint64[4] memory seqNrs = [uint64(1), 2, 50, 1_000_000];
    for (uint256 i = 0; i < 4; ++i) {
      vm.warp(1_700_000_000 + 60 * i);
      transmit(right(seqNrs[i], int192(int256(100 * i))));
      assertLatestRound(i + 1);
    }
    for (uint256 i = 0; i < 4; ++i) {
      assertRound(i + 1, int256(100 * i), 1_700_000_000 + 60 * i - 3, 1_700_000_000 + 60 * i);
    }
    // The next configuration begins with the first number again, but not with the first round.
    start(7, 2, 4);
    (, uint64 seqNr, int192 answer,,) = feed.latestTransmissionDetails();
    assertEq(seqNr, 0);
    assertEq(answer, 300);
    assertLatestRound(4);
    transmit(right(1, 500));
    assertRound(4, 300, 1_700_000_000 + 60 * 3 - 3, 1_700_000_000 + 60 * 3);
    assertRound(5, 500, block.timestamp - 3, block.timestamp);
    assertLatestRound(5);
  }

  /// @dev A round that does not exist is zero, except that whoever asks for a number gets it back, as from an OCR2 feed.
  function test_roundsThatDoNotExist() public {
    transmit(right(1, 5));
    assertRound(0, 0, 0, 0);
    assertRound(2, 0, 0, 0);
    assertRound(type(uint32).max, 0, 0, 0);
    uint256[3] memory beyond = [(1 << 32) + 1, type(uint80).max, type(uint256).max];
    for (uint256 i = 0; i < 3; ++i) {
      assertEq(feed.getAnswer(beyond[i]), 0);
      assertEq(feed.getTimestamp(beyond[i]), 0);
    }
    (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) =
      feed.getRoundData((1 << 32) + 1);
    assertEq(abi.encode(id, answer, startedAt, updatedAt, answeredIn), new bytes(160));
  }

  function assertRound(uint256 round, int256 answer, uint256 startedAt, uint256 updatedAt) internal view {
    assertEq(feed.getAnswer(round), answer, "getAnswer");
    assertEq(feed.getTimestamp(round), updatedAt, "getTimestamp");
    (uint80 id, int256 a, uint256 s, uint256 u, uint80 answeredIn) = feed.getRoundData(uint80(round));
    assertEq(abi.encode(id, a, s, u, answeredIn), abi.encode(round, answer, startedAt, updatedAt, round));
  }

  function assertLatestRound(uint256 round) internal view {
    assertEq(feed.latestRound(), round, "latestRound");
    assertEq(feed.latestAnswer(), feed.getAnswer(round), "latestAnswer");
    assertEq(feed.latestTimestamp(), feed.getTimestamp(round), "latestTimestamp");
    (uint80 id, int256 a, uint256 s, uint256 u, uint80 answeredIn) = feed.getRoundData(uint80(round));
    (uint80 id2, int256 a2, uint256 s2, uint256 u2, uint80 answeredIn2) = feed.latestRoundData();
    assertEq(abi.encode(id2, a2, s2, u2, answeredIn2), abi.encode(id, a, s, u, answeredIn), "latestRoundData");
  }

  /// @dev The state and the new round, each once.
  function test_writesTwoSlots() public {
    FeedTransmission memory t = right(1, 1_000);
    vm.record();
    transmit(t);
    (, bytes32[] memory writes) = vm.accesses(address(feed));
    assertEq(writes.length, 2);
    assertNotEq(writes[0], writes[1]);
  }

  // -------------------------------------------------------------------------------------------- who, and in what order

  function test_refusesStrangers() public {
    bytes memory data = transmitCall(right(1, 5));
    address[4] memory strangers = [address(this), makeAddr("stranger"), transmitter(4), address(0)];
    for (uint256 i = 0; i < 4; ++i) {
      refuse(strangers[i], data, abi.encodeWithSelector(UnauthorizedTransmitter.selector, strangers[i]));
    }
  }

  /// @dev Without a configuration there is nobody who may transmit, not even a report of the digest zero.
  function test_refusesBeforeItIsConfigured() public {
    feed = newFeed();
    refuse(right(1, 5), abi.encodeWithSelector(UnauthorizedTransmitter.selector, transmitter(0)));
  }

  function test_refusesTransmittersOfOtherConfigurations() public {
    start(4, 1, 2);
    bytes memory data = transmitCall(right(1, 5));
    refuse(transmitter(1), data, abi.encodeWithSelector(UnauthorizedTransmitter.selector, transmitter(1)));
    vm.prank(transmitter(5));
    (bool ok,) = address(feed).call(data);
    assertTrue(ok, "the new one may");
  }

  function test_refusesReplays() public {
    FeedTransmission memory t = right(9, 5);
    transmit(t);
    refuse(t, abi.encodeWithSelector(StaleReport.selector, uint64(9), uint64(9)));
    // By another transmitter too.
    refuse(transmitter(3), transmitCall(t), abi.encodeWithSelector(StaleReport.selector, uint64(9), uint64(9)));
  }

  function test_refusesWhatIsNotNewer() public {
    transmit(right(9, 5));
    // Another report of the same round, and reports of earlier ones, though oracles attest to them.
    refuse(right(9, 6), abi.encodeWithSelector(StaleReport.selector, uint64(9), uint64(9)));
    refuse(right(8, 6), abi.encodeWithSelector(StaleReport.selector, uint64(9), uint64(8)));
    refuse(right(0, 6), abi.encodeWithSelector(StaleReport.selector, uint64(9), uint64(0)));
    transmit(right(10, 6));
  }

  /// @dev There is no round 0 in the protocol.
  function test_refusesSequenceNumberZero() public {
    refuse(right(0, 5), abi.encodeWithSelector(StaleReport.selector, uint64(0), uint64(0)));
  }

  /// @dev Nothing is newer than the last number, but a configuration starts anew.
  function test_theLastSequenceNumber() public {
    uint64 last = type(uint64).max;
    transmit(right(last, 5));
    refuse(right(last, 6), abi.encodeWithSelector(StaleReport.selector, last, last));
    start(4, 1, 0);
    transmit(right(1, 6));
  }

  // ------------------------------------------------------------------------------------------------ configurations

  /// @dev The oracles are the same in both configurations.
  function test_refusesReportsOfTheConfigurationBefore() public {
    FeedTransmission memory accepted = right(1, 5);
    FeedTransmission memory pending = right(2, 5);
    transmit(accepted);
    start(4, 1, 0);
    bytes memory want = abi.encodeWithSelector(ConfigDigestMismatch.selector, digestInForce(), accepted.configDigest);
    refuse(accepted, want);
    refuse(pending, want);
    // Nor does it help to say that they are of this one.
    accepted.configDigest = pending.configDigest = digestInForce();
    refuse(accepted, selectorOf(wrongSignature));
    refuse(pending, selectorOf(wrongSignature));
  }

  /// @dev The same oracles report to both feeds, with the same configuration.
  function test_refusesReportsToAnotherFeed() public {
    FeedTransmission memory t = right(1, 5);
    feed = newFeed();
    start(4, 1, 0);
    refuse(t, abi.encodeWithSelector(ConfigDigestMismatch.selector, digestInForce(), t.configDigest));
    t.configDigest = digestInForce();
    refuse(t, selectorOf(wrongSignature));
  }

  function testFuzz_refusesOtherDigests(bytes32 digest) public {
    vm.assume(digest != digestInForce());
    FeedTransmission memory t = right(1, 5);
    t.configDigest = digest;
    sign(t);
    refuse(t, abi.encodeWithSelector(ConfigDigestMismatch.selector, digestInForce(), digest));
  }

  /// @dev Oracles with new keys: what is signed with the old ones is worth nothing.
  function test_refusesOldKeys() public {
    start(4, 1, 4);
    FeedTransmission memory t = right(1, 5);
    t.attestation = attest(0, lowest(), hashOf(t));
    refuse(t, selectorOf(wrongSignature));
    sign(t);
    transmit(t);
  }

  /// @dev n and f are those of the configuration in force, too.
  function test_numbersOfOraclesChange() public {
    start(7, 2, 0);
    FeedTransmission memory t = right(1, 5);
    t.attestation = attest(firstKey, 3, hashOf(t));
    refuse(t, selectorOf(wrongNumber));
    t.attestation = attest(firstKey, 7 << 4, hashOf(t));
    transmit(t);
    start(4, 1, 0);
    t = right(1, 5);
    t.attestation = attest(firstKey, 3 << 4, hashOf(t));
    refuse(t, selectorOf(InvalidAttestationAttributionBitmask.selector));
  }

  // -------------------------------------------------------------------------------------------------- attestations

  function test_refusesOtherNumbersOfSignatures() public {
    FeedTransmission memory t = right(1, 5);
    t.attestation = attest(firstKey, 1, hashOf(t));
    refuse(t, selectorOf(wrongNumber));
    t.attestation = attest(firstKey, 7, hashOf(t));
    refuse(t, selectorOf(wrongNumber));
    t.attestation = attest(firstKey, 15, hashOf(t));
    refuse(t, selectorOf(wrongNumber));
    t.attestation = "";
    refuse(t, selectorOf(InvalidAttestationLength.selector));
    sign(t);
    t.attestation = bytes.concat(t.attestation, hex"00");
    refuse(t, selectorOf(InvalidAttestationLength.selector));
  }

  /// @dev Each part of what is signed, changed behind the oracles' back.
  function test_refusesWhatWasNotSigned() public {
    FeedTransmission memory t = right(1, 5);
    t.seqNr = 2;
    refuse(t, selectorOf(wrongSignature));
    t = right(1, 5);
    t.report = reportOf(uint32(block.timestamp) - 3, 6);
    refuse(t, selectorOf(wrongSignature));
    t.report = reportOf(uint32(block.timestamp) - 2, 5);
    refuse(t, selectorOf(wrongSignature));
    t.report = bytes.concat(t.report, hex"00");
    refuse(t, selectorOf(wrongSignature));
  }

  // ------------------------------------------------------------------------------------------------------- reports

  function test_answersAreInRange() public {
    refuse(right(1, MIN_ANSWER - 1), abi.encodeWithSelector(AnswerOutOfRange.selector, MIN_ANSWER - 1));
    refuse(right(1, MAX_ANSWER + 1), abi.encodeWithSelector(AnswerOutOfRange.selector, MAX_ANSWER + 1));
    refuse(right(1, type(int192).min), abi.encodeWithSelector(AnswerOutOfRange.selector, type(int192).min));
    refuse(right(1, type(int192).max), abi.encodeWithSelector(AnswerOutOfRange.selector, type(int192).max));
    transmit(right(1, MIN_ANSWER));
    transmit(right(2, MAX_ANSWER));
    assertEq(feed.getAnswer(1), MIN_ANSWER);
    assertEq(feed.latestAnswer(), MAX_ANSWER);
  }

  function test_refusesWhatIsNoReport() public {
    bytes memory report = reportOf(1, 5);
    refuse(right(1, ""), abi.encodeWithSelector(InvalidReportLength.selector, 0));
    refuse(right(1, bytes.concat(report, hex"00")), abi.encodeWithSelector(InvalidReportLength.selector, 65));
    assembly ("memory-safe") {
      mstore(report, 63)
    }
    refuse(right(1, report), abi.encodeWithSelector(InvalidReportLength.selector, 63));
    // Numbers that their types do not hold.
    refuse(right(1, abi.encode(uint256(1) << 32, int256(5))), "");
    refuse(right(1, abi.encode(uint256(1), int256(type(int192).max) + 1)), "");
    refuse(right(1, abi.encode(uint256(1), int256(type(int192).min) - 1)), "");
    refuse(right(1, abi.encode(uint256(1), uint256(uint192(int192(-5))))), "");
    transmit(right(1, reportOf(type(uint32).max, -5)));
  }
}

contract ECDSAFeedTransmitTest is FeedTransmitSuite, OCR3ECDSAFeedFixture {
  function setUp() public override(FeedTransmitSuite, OCR3FeedFixture) {
    super.setUp();
    wrongSignature = InvalidAttestationNumberOfSignatures.selector;
    wrongNumber = InvalidAttestationLength.selector;
  }

  /// @dev As many signatures as there must be, but one is by a stranger, or of an oracle that is not named, or there twice.
  function test_refusesSignaturesOfOthers() public {
    FeedTransmission memory t = right(1, 5);
    bytes memory by0 = signature(attest(0, 1, hashOf(t)));
    bytes memory by1 = signature(attest(0, 2, hashOf(t)));
    bytes memory byStranger = signature(attest(9, 1, hashOf(t)));
    t.attestation = bytes.concat(hex"00000003", by0, byStranger);
    refuse(t, selectorOf(wrongSignature));
    t.attestation = bytes.concat(hex"00000003", by1, by0);
    refuse(t, selectorOf(wrongSignature));
    t.attestation = bytes.concat(hex"00000003", by0, by0);
    refuse(t, selectorOf(wrongSignature));
    t.attestation = bytes.concat(hex"00000005", by0, by1);
    refuse(t, selectorOf(wrongSignature));
    t.attestation = bytes.concat(hex"00000003", by0, by1);
    transmit(t);
  }

  function signature(bytes memory attestation) private pure returns (bytes memory part) {
    part = new bytes(64);
    for (uint256 i = 0; i < 64; ++i) {
      part[i] = attestation[4 + i];
    }
  }
}

contract BLSFeedTransmitTest is FeedTransmitSuite, OCR3BLSFeedFixture {
  function setUp() public override(FeedTransmitSuite, OCR3FeedFixture) {
    super.setUp();
    wrongSignature = InvalidAttestation.selector;
    wrongNumber = InvalidAttestationNumberOfSignatures.selector;
  }

  /// @dev As many oracles named as there must be, but others signed.
  function test_refusesSignaturesOfOthers() public {
    FeedTransmission memory t = right(1, 5);
    t.attestation = attest(0, 6, hashOf(t));
    t.attestation[3] = 0x03;
    refuse(t, selectorOf(wrongSignature));
    t.attestation = attest(9, 3, hashOf(t));
    refuse(t, selectorOf(wrongSignature));
    t.attestation = attest(0, 3, hashOf(t));
    transmit(t);
  }
}
