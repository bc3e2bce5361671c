// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {
  AnswerOutOfRange,
  ConfigDigestMismatch,
  InvalidNumberOfFaultyOracles,
  InvalidOnchainConfig,
  InvalidTransmitter,
  StaleReport,
  UnauthorizedTransmitter
} from "ocr/ocr3/feed/OCR3FeedErrors.sol";
import {OCR3FeedInterface} from "ocr/ocr3/feed/OCR3FeedInterface.sol";
import {OwnableInterface} from "ocr/shared/interfaces/OwnableInterface.sol";

import {FeedConfig, FeedTransmission, OCR3BLSFeedFixture, OCR3ECDSAFeedFixture} from "./OCR3FeedFixture.sol";
import {OCR3FeedFixture} from "./OCR3FeedFixture.sol";

/// @title Everything that may happen to a feed on OCR3, in any order
/// @notice Keeps its own account of what should be, and sees to it that calls which must be refused are, and change nothing.
abstract contract OCR3FeedHandler is OCR3FeedFixture {
  /// @notice What a round should be.
  struct Accepted {
    int192 answer;
    uint32 observed;
    uint32 transmitted;
    uint64 config;
    FeedTransmission transmission;
  }

  Accepted[] private s_accepted;

  // What should be in force.
  uint64 public latestSeqNr;
  uint32 public configCount;
  uint32 public configBlockNumber;
  bytes32 public configDigest;

  /// @notice A report that oracles attested to in some configuration, and that nobody sent yet.
  FeedTransmission private s_pending;

  /// @notice Calls that were refused as they must be.
  uint256 public refused;

  function setUp() public virtual override {
    super.setUp();
    putInForce(4, 1, 0);
  }

  function theFeed() external view returns (OCR3FeedInterface) {
    return feed;
  }

  function acceptedReports() external view returns (uint256) {
    return s_accepted.length;
  }

  function accepted(uint256 i) external view returns (Accepted memory) {
    return s_accepted[i];
  }

  function isConfigured(uint256 number) external view returns (bool) {
    return number >= firstKey && number < firstKey + n;
  }

  function transmitterOf(uint256 number) external pure returns (address) {
    return transmitter(number);
  }

  // -------------------------------------------------------------------------------------------------- what may happen

  function pass(uint256 time, uint256 blocks) external {
    vm.warp(block.timestamp + bound(time, 0, 1 days));
    vm.roll(block.number + bound(blocks, 0, 10_000));
  }

  function configure(uint256 count, uint256 faulty, uint256 first) external {
    count = bound(count, 4, 10);
    putInForce(count, uint8(bound(faulty, 1, (count - 1) / 3)), bound(first, 0, 20));
  }

  function putInForce(uint256 count, uint8 faulty, uint256 first) private {
    FeedConfig memory c = configOf(count, faulty, first);
    setConfig(c);
    (n, f, firstKey) = (count, faulty, first);
    (latestSeqNr, configBlockNumber) = (0, uint32(block.number));
    configDigest = digestOf(c, block.chainid, address(feed), ++configCount);
  }

  function transmitRight(uint256 sender, uint256 signers, uint64 step, uint32 observed, int192 answer) external {
    if (latestSeqNr == type(uint64).max) return;
    answer = int192(bound(answer, MIN_ANSWER, MAX_ANSWER));
    uint64 seqNr = latestSeqNr + uint64(bound(step, 1, step % 7 == 0 ? type(uint64).max - latestSeqNr : 3));
    if (seqNr < latestSeqNr) seqNr = type(uint64).max;
    FeedTransmission memory t = signed(configDigest, seqNr, reportOf(observed, answer));
    t.attestation = attest(firstKey, anyMask(signers), hashOf(t));
    vm.prank(transmitter(firstKey + (sender % n)));
    feed.transmit(t.configDigest, t.seqNr, t.report, t.attestation);
    latestSeqNr = seqNr;
    s_accepted.push(Accepted(answer, observed, uint32(block.timestamp), configCount, t));
  }

  // ------------------------------------------------------------------------------------------------ what must be refused

  /// @notice Sends something again that was accepted, in this configuration or an earlier one.
  function replay(uint256 which, uint256 sender) external {
    if (s_accepted.length == 0) return;
    Accepted memory a = s_accepted[which % s_accepted.length];
    bytes memory want = a.config == configCount
      ? abi.encodeWithSelector(StaleReport.selector, latestSeqNr, a.transmission.seqNr)
      : abi.encodeWithSelector(ConfigDigestMismatch.selector, configDigest, a.transmission.configDigest);
    refuse(transmitter(firstKey + (sender % n)), transmitCall(a.transmission), want);
    ++refused;
  }

  /// @notice Lets the oracles attest to a report that stays behind.
  function withhold(int192 answer) external {
    if (latestSeqNr == type(uint64).max) return;
    s_pending = signed(configDigest, type(uint64).max, reportOf(1, int192(bound(answer, MIN_ANSWER, MAX_ANSWER))));
  }

  /// @notice Sends that report in a later configuration.
  function transmitLate() external {
    if (s_pending.configDigest == 0 || s_pending.configDigest == configDigest) return;
    refuse(s_pending, abi.encodeWithSelector(ConfigDigestMismatch.selector, configDigest, s_pending.configDigest));
    ++refused;
  }

  function transmitWrong(uint256 what, uint256 seed, uint64 seqNr, int192 answer) external {
    what %= 5;
    if (latestSeqNr == type(uint64).max) what %= 3;
    bytes memory report = reportOf(7, int192(bound(answer, MIN_ANSWER, MAX_ANSWER)));
    if (what == 0) {
      // By one who is no transmitter.
      address stranger = transmitter(firstKey + n + (seed % 10));
      refuse(
        stranger,
        transmitCall(signed(configDigest, seqNr, report)),
        abi.encodeWithSelector(UnauthorizedTransmitter.selector, stranger)
      );
    } else if (what == 1) {
      // Not newer.
      seqNr = uint64(bound(seqNr, 0, latestSeqNr));
      refuse(signed(configDigest, seqNr, report), abi.encodeWithSelector(StaleReport.selector, latestSeqNr, seqNr));
    } else if (what == 2) {
      // Under a digest that is not in force.
      bytes32 digest = keccak256(abi.encode(seed));
      refuse(
        signed(digest, type(uint64).max, report),
        abi.encodeWithSelector(ConfigDigestMismatch.selector, configDigest, digest)
      );
    } else if (what == 3) {
      // Signed by others, who are as many.
      FeedTransmission memory t = signed(configDigest, latestSeqNr + 1, report);
      t.attestation = attest(firstKey + n, lowest(), hashOf(t));
      refuse(t, selectorOf(wrongSignature()));
    } else {
      // Outside the bounds.
      answer = seed % 2 == 0
        ? int192(bound(answer, type(int192).min, MIN_ANSWER - 1))
        : int192(bound(answer, MAX_ANSWER + 1, type(int192).max));
      refuse(
        signed(configDigest, latestSeqNr + 1, reportOf(7, answer)),
        abi.encodeWithSelector(AnswerOutOfRange.selector, answer)
      );
    }
    ++refused;
  }

  function configureWrong(uint256 what, uint256 seed) external {
    what %= 4;
    FeedConfig memory c = configOf(4, 1, seed % 20);
    if (what == 0) {
      c.f = seed % 2 == 0 ? 0 : uint8(bound(seed, 2, 255));
      refuse(c, abi.encodeWithSelector(InvalidNumberOfFaultyOracles.selector, 4, c.f));
    } else if (what == 1) {
      c.transmitters[3] = c.transmitters[seed % 3];
      refuse(c, abi.encodeWithSelector(InvalidTransmitter.selector, c.transmitters[3]));
    } else if (what == 2) {
      c.onchainConfig[seed % 49] ^= 0x01;
      refuse(c, selectorOf(InvalidOnchainConfig.selector));
    } else {
      address stranger = transmitter(firstKey + (seed % n));
      refuse(stranger, configCall(c), abi.encodeWithSignature("Error(string)", "Only callable by owner"));
    }
    ++refused;
  }

  /// @dev How the scheme refuses an attestation of the right form to something else.
  function wrongSignature() internal pure virtual returns (bytes4);

  /// @dev A report that the oracles in force attest to.
  function signed(bytes32 digest, uint64 seqNr, bytes memory report) private returns (FeedTransmission memory t) {
    (t.configDigest, t.seqNr, t.report) = (digest, seqNr, report);
    sign(t);
  }

  /// @dev f + 1 of the oracles in force.
  function anyMask(uint256 seed) private view returns (uint256 mask) {
    for (uint256 left = uint256(f) + 1; left > 0;) {
      seed = uint256(keccak256(abi.encode(seed)));
      uint256 bit = 1 << (seed % n);
      if (mask & bit == 0) --left;
      mask |= bit;
    }
  }
}

contract OCR3ECDSAFeedHandler is OCR3FeedHandler, OCR3ECDSAFeedFixture {
  function setUp() public override(OCR3FeedHandler, OCR3FeedFixture) {
    super.setUp();
  }

  function wrongSignature() internal pure override returns (bytes4) {
    return bytes4(keccak256("InvalidAttestationNumberOfSignatures()"));
  }
}

contract OCR3BLSFeedHandler is OCR3FeedHandler, OCR3BLSFeedFixture {
  function setUp() public override(OCR3FeedHandler, OCR3FeedFixture) {
    super.setUp();
  }

  function wrongSignature() internal pure override returns (bytes4) {
    return bytes4(keccak256("InvalidAttestation()"));
  }
}
