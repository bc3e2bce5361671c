// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Test} from "forge-std/Test.sol";

import {OCR2Aggregator} from "ocr/ocr2/OCR2Aggregator.sol";
import {BillingModel} from "../helpers/BillingModel.sol";
import {FeedHandler} from "../helpers/FeedHandler.sol";

/// @title The invariants of docs/invariants.md, one test for each, under the same names
contract InvariantsTest is Test {
  FeedHandler private handler;
  OCR2Aggregator private feed;
  BillingModel private model;

  function setUp() public {
    handler = new FeedHandler();
    handler.setUp();
    feed = OCR2Aggregator(handler.feed());
    model = handler.model();
    bytes4[] memory actions = new bytes4[](8);
    actions[0] = FeedHandler.transmit.selector;
    actions[1] = FeedHandler.transmitWrongly.selector;
    actions[2] = FeedHandler.setConfig.selector;
    actions[3] = FeedHandler.setBilling.selector;
    actions[4] = FeedHandler.withdrawPayment.selector;
    actions[5] = FeedHandler.withdrawFunds.selector;
    actions[6] = FeedHandler.fund.selector;
    actions[7] = FeedHandler.intrude.selector;
    targetContract(address(handler));
    targetSelector(FuzzSelector({addr: address(handler), selectors: actions}));
  }

  modifier asAccount() {
    vm.startPrank(makeAddr("reader"), makeAddr("reader"));
    _;
    vm.stopPrank();
  }

  function invariant_MoneyIsConserved() public view {
    assertEq(handler.balance() + handler.withdrawn() + handler.paidToPayees(), handler.funded());
    assertEq(handler.paidToPayees(), handler.paid());
  }

  function invariant_DebtsAreExact() public view {
    address[] memory oracles = handler.oracles();
    uint256 total;
    for (uint256 i = 0; i < oracles.length; ++i) {
      assertEq(feed.owedPayment(oracles[i]), model.owed(oracles[i]));
      assertEq(feed.oracleObservationCount(oracles[i]), model.roundsOf(oracles[i]));
      total += feed.owedPayment(oracles[i]);
    }
    assertEq(feed.linkAvailableForPayment(), int256(handler.balance()) - int256(total));
  }

  function invariant_EpochAndRoundIncrease() public asAccount {
    (, uint32 epoch, uint8 round,,) = feed.latestTransmissionDetails();
    assertEq((uint256(epoch) << 8) | round, handler.lastEpochAndRound());
  }

  function invariant_RoundsAreAppended() public asAccount {
    uint256 count = handler.roundCount();
    assertEq(feed.latestRound(), count);
    for (uint256 i = 0; i < count; ++i) {
      (int192 answer, uint32 observedAt, uint256 transmittedAt) = handler.rounds(i);
      (, int256 answer_, uint256 startedAt, uint256 updatedAt,) = feed.getRoundData(uint80(i + 1));
      assertEq(answer_, answer);
      assertEq(startedAt, observedAt);
      assertEq(updatedAt, transmittedAt);
    }
    assertEq(feed.getTimestamp(count + 1), 0);
  }

  function invariant_AnswersAreInRange() public asAccount {
    uint256 count = feed.latestRound();
    for (uint256 i = 1; i <= count; ++i) {
      assertGe(feed.getAnswer(i), feed.minAnswer());
      assertLe(feed.getAnswer(i), feed.maxAnswer());
    }
  }

  function invariant_ConfigurationsAreCounted() public view {
    uint256 count = handler.configurationCount();
    (bytes32 digest, uint256 blockNumber) = handler.configurations(count - 1);
    (uint32 count_, uint32 blockNumber_, bytes32 digest_) = feed.latestConfigDetails();
    assertEq(count_, count);
    assertEq(blockNumber_, blockNumber);
    assertEq(digest_, digest);
    for (uint256 i = 0; i + 1 < count; ++i) {
      (bytes32 old,) = handler.configurations(i);
      assertNotEq(old, digest);
    }
  }

  function invariant_OraclesAreThoseConfigured() public view {
    assertEq(feed.getTransmitters(), handler.oracles());
  }

  /// @dev RevertsChangeNothing and TransmitMovesNoMoney are seen by the handler while it acts.
  function invariant_NothingForbiddenHappens() public view {
    assertEq(handler.violation(), "");
  }
}
