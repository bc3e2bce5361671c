// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Test} from "forge-std/Test.sol";

import {OffchainAggregator} from "ocr/ocr1/OffchainAggregator.sol";
import {OCR1BillingModel} from "../helpers/OCR1BillingModel.sol";
import {OCR1Handler} from "../helpers/OCR1Handler.sol";

/// @title The invariants of docs/invariants.md that OCR1 has, one test for each, under the same names
contract OCR1InvariantsTest is Test {
  OCR1Handler private handler;
  OffchainAggregator private feed;
  OCR1BillingModel private model;

  function setUp() public {
    handler = new OCR1Handler();
    handler.setUp();
    feed = OffchainAggregator(handler.feed());
    model = handler.model();
    bytes4[] memory actions = new bytes4[](8);
    actions[0] = OCR1Handler.transmit.selector;
    actions[1] = OCR1Handler.transmitWrongly.selector;
    actions[2] = OCR1Handler.setConfig.selector;
    actions[3] = OCR1Handler.setBilling.selector;
    actions[4] = OCR1Handler.withdrawPayment.selector;
    actions[5] = OCR1Handler.withdrawFunds.selector;
    actions[6] = OCR1Handler.fund.selector;
    actions[7] = OCR1Handler.intrude.selector;
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
    uint256 sum;
    for (uint256 i = 0; i < oracles.length; ++i) {
      assertEq(feed.owedPayment(oracles[i]), model.owed(i));
      assertEq(feed.oracleObservationCount(oracles[i]), model.counts(i));
      sum += feed.owedPayment(oracles[i]);
    }
    assertEq(sum, model.owedToOracles());
    assertEq(feed.linkAvailableForPayment(), int256(handler.balance()) - int256(model.due()));
  }

  function invariant_EpochAndRoundIncrease() public asAccount {
    (, uint32 epoch, uint8 round,,) = feed.latestTransmissionDetails();
    assertEq((uint256(epoch) << 8) | round, handler.lastEpochAndRound());
  }

  function invariant_RoundsAreAppended() public asAccount {
    uint256 count = handler.roundCount();
    assertEq(feed.latestRound(), count);
    for (uint256 i = 0; i < count; ++i) {
      (int192 answer, uint256 transmittedAt) = handler.rounds(i);
      (, int256 answer_, uint256 startedAt, uint256 updatedAt,) = feed.getRoundData(uint80(i + 1));
      assertEq(answer_, answer);
      assertEq(startedAt, transmittedAt);
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
    (bytes16 digest, uint256 blockNumber) = handler.configurations(count - 1);
    (uint32 count_, uint32 blockNumber_, bytes16 digest_) = feed.latestConfigDetails();
    assertEq(count_, count);
    assertEq(blockNumber_, blockNumber);
    assertEq(digest_, digest);
    for (uint256 i = 0; i + 1 < count; ++i) {
      (bytes16 old,) = handler.configurations(i);
      assertNotEq(old, digest);
    }
  }

  function invariant_DigestsAreThoseOfTheEvent() public view {
    (,, bytes16 digest) = feed.latestConfigDetails();
    assertEq(digest, handler.expectedDigest());
  }

  function invariant_OraclesAreThoseConfigured() public view {
    assertEq(feed.transmitters(), handler.oracles());
  }

  /// @dev RevertsChangeNothing, DebtsAreKept and TransmitMovesNoMoney are seen by the handler while it acts.
  function invariant_NothingForbiddenHappens() public view {
    assertEq(handler.violation(), "");
  }
}
