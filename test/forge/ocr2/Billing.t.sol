// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {MedianReport} from "ocr/ocr2/MedianReport.sol";
import {OCR2BillingInterface} from "ocr/ocr2/interfaces/OCR2BillingInterface.sol";
import {TestOCR2Aggregator} from "../contracts/ocr2/TestOCR2Aggregator.sol";
import {LinkToken} from "../contracts/shared/LinkToken.sol";
import {LinkTokenInterface} from "ocr/shared/interfaces/LinkTokenInterface.sol";
import {RefusingToken, ReenteringToken} from "../helpers/Misbehaviour.sol";
import {OCR2Fixture} from "../helpers/OCR2Fixture.sol";

/// @title Prices, payments and funds
abstract contract BillingSuite is OCR2Fixture {
  uint256 private constant OBSERVATION = 500e9;
  uint256 private constant TRANSMISSION = 300e9;

  function setUp() public virtual override {
    super.setUp();
    start(4, 1);
    // Without reimbursement of gas amounts are round.
    callAs(owner, abi.encodeCall(aggregator.setBilling, (0, 0, 500, 300, 3000)));
  }

  // ---------------------------------------------------------------- what is earned

  function test_everybodyEarnsEveryRound() public {
    for (uint256 i = 1; i <= 3; ++i) {
      transmitAs(transmitters[2], nextTransmit(reportOf(2)));
      for (uint256 j = 0; j < 4; ++j) {
        assertEq(aggregator.oracleObservationCount(transmitters[j]), i);
        assertEq(aggregator.owedPayment(transmitters[j]), i * OBSERVATION + (j == 2 ? i * TRANSMISSION : 0));
      }
    }
    assertEq(aggregator.owedPayment(signers[0]), 0);
    assertEq(aggregator.oracleObservationCount(signers[0]), 0);
    assertEq(aggregator.linkAvailableForPayment(), int256(1e24 - 12 * OBSERVATION - 3 * TRANSMISSION));
  }

  function test_negativePriceForfeitsTheTransmission() public {
    MedianReport memory report = reportOf(4);
    report.juelsPerFeeCoin = -1;
    transmitAs(transmitters[0], nextTransmit(report));
    assertEq(aggregator.owedPayment(transmitters[0]), OBSERVATION);
    // A price of zero is not negative.
    report.juelsPerFeeCoin = 0;
    transmitAs(transmitters[0], nextTransmit(report));
    assertEq(aggregator.owedPayment(transmitters[0]), 2 * OBSERVATION + TRANSMISSION);
  }

  /// @dev The reimbursement is for the gas that was used, in full gwei, calldata as if no byte were zero.
  function test_reimbursesGas() public {
    callAs(owner, abi.encodeCall(aggregator.setBilling, (2000, 100, 0, 0, 3000)));
    vm.txGasPrice(50.9 gwei);
    bytes memory data = transmitData(nextTransmit());
    callAs(transmitters[1], data);
    uint256 gas = vm.lastCallGas().gasTotalUsed;
    uint256 owed = aggregator.owedPayment(transmitters[1]);
    // Half of what was saved below 100 gwei on top of 50. What the contract cannot measure is the beginning and the end.
    uint256 measured = owed / 150 / 75e9 - 16 * data.length - 3000;
    assertLt(measured, gas);
    assertGt(measured, (gas * 8) / 10);
    assertEq(owed % (150 * 75e9), 0);
  }

  function test_reimbursesAccountingGas() public {
    callAs(owner, abi.encodeCall(aggregator.setBilling, (100, 0, 0, 0, type(uint24).max)));
    vm.txGasPrice(100 gwei);
    transmitNext();
    uint256 gas = aggregator.owedPayment(transmitters[0]) / (150 * 100e9);
    assertGt(gas, type(uint24).max);
    assertLt(gas, uint256(type(uint24).max) + 200_000);
  }

  /// @dev Juels are rounded down.
  function test_roundsReimbursementsDown() public {
    callAs(owner, abi.encodeCall(aggregator.setBilling, (2000, 100, 0, 0, 3000)));
    vm.txGasPrice(200 gwei);
    MedianReport memory report = reportOf(4);
    // A wei is worth less than a juel, and what a transmission costs in wei less than a whole fee coin.
    report.juelsPerFeeCoin = 1;
    transmitAs(transmitters[1], nextTransmit(report));
    assertEq(aggregator.owedPayment(transmitters[1]), 0);
    report.juelsPerFeeCoin = 1e9 + 1;
    transmitAs(transmitters[1], nextTransmit(report));
    uint256 owed = aggregator.owedPayment(transmitters[1]);
    // Whole gwei at 200 each: the small part of the price adds less than a juel.
    assertGt(owed, 0);
    assertEq(owed % 200, 0);
  }

  /// @dev Gas prices count in full gwei, and an odd saving is halved in favour of the feed.
  function test_roundsGasPricesDown() public {
    callAs(owner, abi.encodeCall(aggregator.setBilling, (2000, 100, 0, 0, 3000)));
    vm.txGasPrice(200.9 gwei);
    transmitNext();
    assertEq(aggregator.owedPayment(transmitters[0]) % (150 * 200e9), 0, "200 gwei");
    vm.txGasPrice(53.9 gwei);
    transmitAs(transmitters[1], nextTransmit());
    assertEq(aggregator.owedPayment(transmitters[1]) % (150 * 76e9), 0, "53 + 47 / 2 gwei");
  }

  function test_dropsPaymentsThatWouldWrap() public {
    callAs(owner, abi.encodeCall(aggregator.setBilling, (type(uint32).max, 0, 0, 300, 3000)));
    transmitAs(transmitters[0], nextTransmit());
    assertEq(aggregator.owedPayment(transmitters[0]), TRANSMISSION);
    vm.txGasPrice(1e6 gwei);
    // Too much for 96 bits whatever it is: the account keeps its value, or takes the remainder if that is higher.
    MedianReport memory report = reportOf(4);
    report.juelsPerFeeCoin = type(int192).max;
    transmitAs(transmitters[0], nextTransmit(report));
    uint256 owed = aggregator.owedPayment(transmitters[0]);
    assertGe(owed, TRANSMISSION);
    assertLt(owed, 1 << 96);
  }

  // ---------------------------------------------------------------- who is paid when

  function test_withdrawPayment() public {
    transmitNext();
    address t = transmitters[0];
    expectReason(stranger, abi.encodeCall(aggregator.withdrawPayment, (t)), "Only payee can withdraw");
    expectReason(t, abi.encodeCall(aggregator.withdrawPayment, (t)), "Only payee can withdraw");
    vm.expectEmit(address(aggregator));
    emit OCR2BillingInterface.OraclePaid(t, payees[0], OBSERVATION + TRANSMISSION, link);
    callAs(payees[0], abi.encodeCall(aggregator.withdrawPayment, (t)));
    assertEq(link.balanceOf(payees[0]), OBSERVATION + TRANSMISSION);
    assertEq(aggregator.owedPayment(t), 0);
    assertEq(aggregator.owedPayment(transmitters[1]), OBSERVATION, "the account beside it");
    vm.recordLogs();
    callAs(payees[0], abi.encodeCall(aggregator.withdrawPayment, (t)));
    assertEq(vm.getRecordedLogs().length, 0, "nothing owed");
  }

  function test_setBillingPaysAtOldPrices() public {
    transmitNext();
    for (uint256 i = 0; i < 4; ++i) {
      uint256 amount = OBSERVATION + (i == 0 ? TRANSMISSION : 0);
      vm.expectEmit(address(link));
      emit LinkToken.Transfer(address(aggregator), payees[i], amount);
      vm.expectEmit(address(aggregator));
      emit OCR2BillingInterface.OraclePaid(transmitters[i], payees[i], amount, link);
    }
    vm.expectEmit(address(aggregator));
    emit OCR2BillingInterface.BillingSet(1, 2, 3, 4, 5);
    callAs(owner, abi.encodeCall(aggregator.setBilling, (1, 2, 3, 4, 5)));
  }

  function test_setConfigPaysOldOracles() public {
    transmitNext();
    address[] memory old = payees;
    address[] memory oldTransmitters = transmitters;
    makeOracles(5, 1, "second");
    configure();
    for (uint256 i = 0; i < 4; ++i) {
      assertEq(link.balanceOf(old[i]), OBSERVATION + (i == 0 ? TRANSMISSION : 0));
      assertEq(aggregator.owedPayment(oldTransmitters[i]), 0);
    }
    for (uint256 i = 0; i < 5; ++i) {
      assertEq(aggregator.owedPayment(transmitters[i]), 0);
    }
    // Who is no oracle any more has nothing to withdraw: the call does nothing.
    vm.recordLogs();
    callAs(old[0], abi.encodeCall(aggregator.withdrawPayment, (oldTransmitters[0])));
    assertEq(vm.getRecordedLogs().length, 0);
  }

  function test_roundsWorthNothingStayUnpaid() public {
    callAs(owner, abi.encodeCall(aggregator.setBilling, (0, 0, 0, 0, 0)));
    transmitNext();
    callAs(owner, abi.encodeCall(aggregator.setBilling, (0, 0, 7, 0, 0)));
    assertEq(aggregator.owedPayment(transmitters[3]), 7e9);
  }

  function test_missingFundsStopEverythingThatPays() public {
    callAs(owner, abi.encodeCall(aggregator.withdrawFunds, (owner, type(uint256).max)));
    transmitNext();
    assertLt(aggregator.linkAvailableForPayment(), 0);
    // This token reverts with a Panic of its own, which passes through.
    expectOverflow(owner, abi.encodeCall(aggregator.setBilling, (1, 2, 3, 4, 5)));
    expectOverflow(owner, setConfigData());
    expectOverflow(payees[0], abi.encodeCall(aggregator.withdrawPayment, (transmitters[0])));
    expectReason(owner, abi.encodeCall(aggregator.withdrawFunds, (owner, 0)), "insufficient balance");
    transmitNext();
    assertEq(aggregator.oracleObservationCount(transmitters[0]), 2, "reports need no funds");
  }

  /// @dev Without a payee there is nobody to pay, and this token refuses the zero address.
  function test_missingPayeeStopsConfigurations() public {
    makeOracles(4, 1, "unpaid");
    configure();
    transmitNext();
    expectReason(owner, setConfigData(), "invalid recipient");
    callAs(owner, abi.encodeCall(aggregator.setPayees, (transmitters, payees)));
    configure();
  }

  // ---------------------------------------------------------------- funds and tokens

  function test_withdrawFundsLeavesWhatIsOwed() public {
    transmitNext();
    bytes memory data = abi.encodeCall(aggregator.withdrawFunds, (stranger, type(uint256).max));
    expectReason(stranger, data, "Only owner&billingAdmin can call");
    vm.prank(owner);
    billingController.addAccess(stranger);
    callAs(stranger, abi.encodeCall(aggregator.withdrawFunds, (stranger, 5)));
    assertEq(link.balanceOf(stranger), 5);
    callAs(stranger, data);
    assertEq(link.balanceOf(address(aggregator)), 4 * OBSERVATION + TRANSMISSION);
    assertEq(aggregator.linkAvailableForPayment(), 0);
  }

  function test_setBillingIsForAdmins() public {
    bytes memory data = abi.encodeCall(aggregator.setBilling, (1, 2, 3, 4, 5));
    expectReason(stranger, data, "Only owner&billingAdmin can call");
    vm.prank(owner);
    billingController.addAccess(stranger);
    callAs(stranger, data);
  }

  function test_setLinkToken() public {
    transmitNext();
    RefusingToken token = new RefusingToken();
    LinkTokenInterface newLink = LinkTokenInterface(address(token));
    bytes memory data = abi.encodeCall(aggregator.setLinkToken, (newLink, stranger));
    expectReason(stranger, data, "Only callable by owner");
    expectRevertData(
      owner, abi.encodeCall(aggregator.setLinkToken, (LinkTokenInterface(makeAddr("no contract")), stranger)), ""
    );
    vm.recordLogs();
    callAs(owner, abi.encodeCall(aggregator.setLinkToken, (link, stranger)));
    assertEq(vm.getRecordedLogs().length, 0, "the same token");
    vm.expectEmit(address(aggregator));
    emit OCR2BillingInterface.LinkTokenSet(link, newLink);
    callAs(owner, data);
    assertEq(link.balanceOf(payees[3]), OBSERVATION);
    assertEq(link.balanceOf(address(aggregator)), 0);
    assertEq(link.balanceOf(stranger), 1e24 - 4 * OBSERVATION - TRANSMISSION);
    assertEq(address(aggregator.getLinkToken()), address(token));
  }

  function test_tokensThatSayNo() public {
    RefusingToken token = new RefusingToken();
    callAs(owner, abi.encodeCall(aggregator.setLinkToken, (LinkTokenInterface(address(token)), owner)));
    token.mint(address(aggregator), 1e18);
    token.setRefuses(true);
    expectReason(owner, abi.encodeCall(aggregator.withdrawFunds, (owner, 1)), "insufficient funds");
    expectReason(owner, abi.encodeCall(aggregator.setLinkToken, (link, owner)), "transfer remaining funds failed");
    transmitNext();
    expectReason(owner, setConfigData(), "insufficient funds");
    expectReason(owner, abi.encodeCall(aggregator.setBilling, (1, 2, 3, 4, 5)), "insufficient funds");
    expectReason(payees[0], abi.encodeCall(aggregator.withdrawPayment, (transmitters[0])), "insufficient funds");
  }

  /// @dev Whatever a token does while it transfers, nobody is paid twice.
  function test_tokensThatCallBack() public {
    ReenteringToken token = new ReenteringToken();
    callAs(owner, abi.encodeCall(aggregator.setLinkToken, (LinkTokenInterface(address(token)), owner)));
    token.mint(address(aggregator), 1e18);
    // The token itself is the payee of an oracle that is new.
    makeOracles(4, 1, "second");
    payees[0] = address(token);
    callAs(owner, abi.encodeCall(aggregator.setPayees, (transmitters, payees)));
    configure();
    transmitNext();
    token.reenter(address(aggregator), abi.encodeCall(aggregator.withdrawPayment, (transmitters[0])));
    callAs(owner, abi.encodeCall(aggregator.setBilling, (0, 0, 1, 1, 1)));
    assertEq(token.balanceOf(address(token)), OBSERVATION + TRANSMISSION);
    assertEq(token.balanceOf(address(aggregator)), 1e18 - 4 * OBSERVATION - TRANSMISSION);
  }
}

contract BillingTest is BillingSuite {}

contract AccessControlledBillingTest is BillingSuite {
  function contractName() internal pure override returns (string memory) {
    return "AccessControlledOCR2Aggregator";
  }
}

/// @title The formulas of payment, looked at from inside
contract BillingInternalsTest is OCR2Fixture {
  function contractName() internal pure override returns (string memory) {
    return "TestOCR2Aggregator";
  }

  function constructorArgs() internal view override returns (bytes memory) {
    return abi.encode(link, MIN_ANSWER, MAX_ANSWER, billingController, requesterController);
  }

  function inside() private view returns (TestOCR2Aggregator) {
    return TestOCR2Aggregator(address(aggregator));
  }

  function testFuzz_gasPrice(uint64 tx_, uint32 reasonable, uint32 maximum) public view {
    uint256 price = inside().testReimbursementGasPriceGwei(tx_, reasonable, maximum);
    assertLe(price, maximum);
    if (tx_ >= reasonable) assertEq(price, tx_ < maximum ? tx_ : maximum);
    else if (price < maximum) assertEq(price, uint256(tx_) + (reasonable - tx_) / 2);
  }

  function testFuzz_gasCost(uint32 initial, uint32 left, uint32 price, uint32 callData, uint24 accounting) public {
    if (initial < left) vm.expectRevert("leftGas cannot exceed initialGas");
    uint256 cost = inside().testTransmitterGasCostWei(initial, price, callData, accounting, left);
    if (initial >= left) assertEq(cost, (uint256(initial) - left + callData + accounting) * price * 1 gwei);
  }

  /// @dev Two accounts share a slot; what happens to one must not show in another.
  /// forge-config: default.fuzz.runs = 32
  function testFuzz_accountsAreIndependent(uint96[31] memory payments, uint8 n) public {
    n = uint8(bound(n, 4, 31));
    makeOracles(n, 1, "first");
    configure();
    uint256 total;
    for (uint256 i = 0; i < n; ++i) {
      inside().testSetTransmitterPayment(transmitters[i], payments[i]);
    }
    for (uint256 i = 0; i < n; ++i) {
      assertEq(aggregator.owedPayment(transmitters[i]), payments[i]);
      total += payments[i];
    }
    assertEq(inside().testTotalLinkDue(), total);
    vm.expectRevert("invalid transmitter");
    inside().testSetTransmitterPayment(stranger, 1);
  }

  /// @dev An account that cannot hold more keeps what it holds; the report is good all the same.
  function test_fullAccountsStayFull() public {
    start(4, 1);
    uint96 full = type(uint96).max;
    callAs(owner, abi.encodeCall(aggregator.setBilling, (0, 0, 0, 300, 0)));
    inside().testSetTransmitterPayment(transmitters[1], full - 300e9);
    transmitAs(transmitters[1], nextTransmit());
    assertEq(aggregator.owedPayment(transmitters[1]), full);
    transmitAs(transmitters[1], nextTransmit());
    assertEq(aggregator.owedPayment(transmitters[1]), full);
    assertEq(aggregator.oracleObservationCount(transmitters[1]), 2);
    assertEq(aggregator.owedPayment(transmitters[0]), 0, "the account beside it");
  }

  function test_settersAndGetters() public {
    start(4, 1);
    assertEq(inside().getConfigDigest(), digest());
    assertEq(inside().testPayee(transmitters[1]), payees[1]);
    inside().testBurnLink(5);
    assertEq(link.balanceOf(address(aggregator)), 1e24 - 5);
  }
}
