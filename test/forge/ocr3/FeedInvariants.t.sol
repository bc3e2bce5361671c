// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Test} from "forge-std/Test.sol";

import {OCR3FeedInterface} from "ocr/ocr3/feed/OCR3FeedInterface.sol";

import {OCR3BLSFeedHandler, OCR3ECDSAFeedHandler, OCR3FeedHandler} from "../helpers/OCR3FeedHandler.sol";

/// @title The invariants of docs/invariants.md about feeds on OCR3
abstract contract FeedInvariants is Test {
  OCR3FeedHandler internal handler;
  OCR3FeedInterface internal feed;

  function newHandler() internal virtual returns (OCR3FeedHandler);

  function setUp() public {
    handler = newHandler();
    handler.setUp();
    feed = handler.theFeed();
    bytes4[] memory actions = new bytes4[](9);
    actions[0] = OCR3FeedHandler.pass.selector;
    actions[1] = OCR3FeedHandler.configure.selector;
    actions[2] = OCR3FeedHandler.transmitRight.selector;
    actions[3] = OCR3FeedHandler.transmitRight.selector;
    actions[4] = OCR3FeedHandler.replay.selector;
    actions[5] = OCR3FeedHandler.withhold.selector;
    actions[6] = OCR3FeedHandler.transmitLate.selector;
    actions[7] = OCR3FeedHandler.transmitWrong.selector;
    actions[8] = OCR3FeedHandler.configureWrong.selector;
    targetContract(address(handler));
    targetSelector(FuzzSelector({addr: address(handler), selectors: actions}));
  }

  function checkSeqNrIncreases() internal view {
    (bytes32 digest, uint64 seqNr,,,) = feed.latestTransmissionDetails();
    assertEq(seqNr, handler.latestSeqNr());
    assertEq(digest, handler.configDigest());
    uint64 config = 0;
    uint64 latest = 0;
    for (uint256 i = 0; i < handler.acceptedReports(); ++i) {
      OCR3FeedHandler.Accepted memory a = handler.accepted(i);
      assertGe(a.config, config);
      if (a.config > config) latest = 0;
      assertGt(a.transmission.seqNr, latest);
      (config, latest) = (a.config, a.transmission.seqNr);
    }
  }

  function checkRounds() internal view {
    uint256 count = handler.acceptedReports();
    assertEq(feed.latestRound(), count);
    for (uint256 i = 0; i < count; ++i) {
      OCR3FeedHandler.Accepted memory a = handler.accepted(i);
      (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) =
        feed.getRoundData(uint80(i + 1));
      assertEq(id, i + 1);
      assertEq(answeredIn, i + 1);
      assertEq(answer, a.answer);
      assertEq(startedAt, a.observed);
      assertEq(updatedAt, a.transmitted);
      assertGe(answer, feed.minAnswer());
      assertLe(answer, feed.maxAnswer());
    }
    assertEq(feed.getTimestamp(count + 1), 0);
    assertEq(feed.latestAnswer(), feed.getAnswer(count));
  }

  function checkConfiguration() internal view {
    (uint32 count, uint32 blockNumber, bytes32 digest) = feed.latestConfigDetails();
    assertEq(count, handler.configCount());
    assertEq(blockNumber, handler.configBlockNumber());
    assertEq(digest, handler.configDigest());
    // There are no more numbers than these.
    for (uint256 i = 0; i < 45; ++i) {
      assertEq(feed.isTransmitter(handler.transmitterOf(i)), handler.isConfigured(i));
    }
  }

  /// @dev An invariant of a handler that never gets anywhere says nothing.
  function afterInvariant() public view {
    assertGt(handler.acceptedReports() + handler.refused() + handler.configCount(), 1);
  }
}

contract ECDSAFeedInvariantsTest is FeedInvariants {
  function newHandler() internal override returns (OCR3FeedHandler) {
    return new OCR3ECDSAFeedHandler();
  }

  /// forge-config: default.invariant.runs = 8
  function invariant_SeqNrIncreases() public view {
    checkSeqNrIncreases();
  }

  /// forge-config: default.invariant.runs = 8
  function invariant_RoundsAreAppended() public view {
    checkRounds();
  }

  /// forge-config: default.invariant.runs = 8
  function invariant_ConfigurationsAreCounted() public view {
    checkConfiguration();
  }
}

contract BLSFeedInvariantsTest is FeedInvariants {
  function newHandler() internal override returns (OCR3FeedHandler) {
    return new OCR3BLSFeedHandler();
  }

  /// @dev All at once: proofs of possession take long to make.
  /// forge-config: default.invariant.runs = 4
  function invariant_FeedIsAsTheHandlerSays() public view {
    checkSeqNrIncreases();
    checkRounds();
    checkConfiguration();
  }
}
