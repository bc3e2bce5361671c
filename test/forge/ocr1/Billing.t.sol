// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Report} from "ocr/ocr1/Report.sol";
import {OCR1BillingInterface} from "ocr/ocr1/interfaces/OCR1BillingInterface.sol";
import {LinkTokenInterface} from "ocr/shared/interfaces/LinkTokenInterface.sol";
import {LinkToken} from "../contracts/shared/LinkToken.sol";
import {RefusingToken, ReenteringToken} from "../helpers/Misbehaviour.sol";
import {OCR1Fixture} from "../helpers/OCR1Fixture.sol";

/// @title Prices, payments and funds
abstract contract OCR1BillingSuite is OCR1Fixture {
  uint256 private constant OBSERVATION = 500e9;
  uint256 private constant TRANSMISSION = 300e9;

  /// @dev Juels for a gwei of gas cost, at 500 LINK for an ETH.
  uint256 private constant JUELS_PER_GWEI = 500e9;

  function setUp() public virtual override {
    super.setUp();
    start(4, 1);
    // Without reimbursement of gas amounts are round.
    setBilling(0, 0, 0, 500, 300);
  }

  // ---------------------------------------------------------------- what is earned

  /// @dev Observers are paid for their observations, the transmitter for the transmission.
  function test_observersAndTransmittersEarn() public {
    for (uint256 i = 1; i <= 3; ++i) {
      transmitAs(transmitters[3], nextTransmit(reportOf(3)));
      for (uint256 j = 0; j < 4; ++j) {
        uint256 count = j == 3 ? 0 : i;
        assertEq(aggregator.oracleObservationCount(transmitters[j]), count);
        assertEq(aggregator.owedPayment(transmitters[j]), count * OBSERVATION + (j == 3 ? i * TRANSMISSION : 0));
        // Either address of an oracle will do.
        assertEq(aggregator.oracleObservationCount(signers[j]), count);
        assertEq(aggregator.owedPayment(signers[j]), aggregator.owedPayment(transmitters[j]));
      }
    }
    assertEq(aggregator.owedPayment(stranger), 0);
    assertEq(aggregator.oracleObservationCount(stranger), 0);
    assertEq(aggregator.owedPayment(address(0)), 0);
    assertEq(aggregator.linkAvailableForPayment(), int256(1e24 - 9 * OBSERVATION - 3 * TRANSMISSION));
  }

  /// @dev Observations are credited by index, also to indices that no oracle has. Whoever has the index later inherits them.
  function test_creditsIndicesWithoutOracle() public {
    Report memory report = reportOf(3);
    report.rawObservers = bytes32(bytes3(0x00041e));
    transmitAs(transmitters[0], nextTransmit(report));
    assertEq(aggregator.linkAvailableForPayment(), int256(1e24 - 3 * OBSERVATION - TRANSMISSION));
    callAs(owner, abi.encodeCall(aggregator.withdrawFunds, (stranger, type(uint256).max)));
    assertEq(link.balanceOf(address(aggregator)), 3 * OBSERVATION + TRANSMISSION);
    makeOracles(31, 1, "second");
    namePayees();
    configure();
    assertEq(aggregator.oracleObservationCount(transmitters[0]), 0);
    assertEq(aggregator.owedPayment(transmitters[4]), OBSERVATION);
    assertEq(aggregator.owedPayment(transmitters[30]), OBSERVATION);
    assertEq(aggregator.owedPayment(transmitters[29]), 0);
    assertEq(aggregator.linkAvailableForPayment(), 0);
  }

  /// @dev The reimbursement is for the gas that was used, in full gwei, calldata as if no byte were zero.
  function test_reimbursesGas() public {
    setBilling(2000, 100, 500e6, 0, 0);
    vm.txGasPrice(50.9 gwei);
    bytes memory data = transmitData(nextTransmit());
    callAs(transmitters[1], data);
    uint256 gas = vm.lastCallGas().gasTotalUsed;
    uint256 owed = aggregator.owedPayment(transmitters[1]);
    // Half of what was saved below 100 gwei on top of 50.
    assertEq(owed % (75 * JUELS_PER_GWEI), 0);
    uint256 measured = owed / (75 * JUELS_PER_GWEI) - 16 * data.length - 6035;
    // What the contract cannot measure is the beginning and the end; for the end there are 6035.
    assertLt(measured, gas);
    assertGt(measured + 6035, gas);
  }

  /// @dev Gas prices count in full gwei, and an odd saving is halved in favour of the feed.
  function test_roundsGasPricesDown() public {
    setBilling(2000, 100, 500e6, 0, 0);
    vm.txGasPrice(200.9 gwei);
    transmitNext();
    assertEq(aggregator.owedPayment(transmitters[0]) % (200 * JUELS_PER_GWEI), 0, "200 gwei");
    vm.txGasPrice(53.9 gwei);
    transmitAs(transmitters[1], nextTransmit());
    assertEq(aggregator.owedPayment(transmitters[1]) % (76 * JUELS_PER_GWEI), 0, "53 + 47 / 2 gwei");
    vm.txGasPrice(2001 gwei);
    transmitAs(transmitters[2], nextTransmit());
    assertEq(aggregator.owedPayment(transmitters[2]) % (2000 * JUELS_PER_GWEI), 0, "2000 gwei at most");
  }

  function test_roundsReimbursementsDown() public {
    setBilling(1, 0, 1, 0, 0);
    vm.txGasPrice(1 gwei);
    transmitNext();
    // At 1e-6 LINK for an ETH, a gwei of cost is a thousand juels, and nothing is lost.
    uint256 owed = aggregator.owedPayment(transmitters[0]);
    assertGt(owed, 0);
    assertEq(owed % 1000, 0);
  }

  /// @dev The highest prices that there can be are no reason to refuse a report.
  function test_survivesAbsurdPrices() public {
    uint32 max = type(uint32).max;
    setBilling(max, max, max, max, max);
    vm.txGasPrice(type(uint64).max);
    for (uint256 i = 0; i < 3; ++i) {
      uint256 before = aggregator.owedPayment(transmitters[0]);
      transmitNext();
      uint256 earned = aggregator.owedPayment(transmitters[0]) - before;
      earned -= 2 * uint256(max) * 1e9; // observation and transmission
      // 4294.967295 LINK for an ETH, and 2^32 - 1 gwei for each unit of gas.
      uint256 gas = (earned * 1e6) / (uint256(max) * 1e9) / max;
      assertGt(gas, 50_000);
      assertLt(gas, 200_000);
    }
  }

  // ---------------------------------------------------------------- who is paid when

  function test_withdrawPayment() public {
    transmitNext();
    address t = transmitters[0];
    expectReason(stranger, abi.encodeCall(aggregator.withdrawPayment, (t)), "Only payee can withdraw");
    expectReason(t, abi.encodeCall(aggregator.withdrawPayment, (t)), "Only payee can withdraw");
    vm.expectEmit(address(link));
    emit LinkToken.Transfer(address(aggregator), payees[0], OBSERVATION + TRANSMISSION);
    vm.expectEmit(address(aggregator));
    emit OCR1BillingInterface.OraclePaid(t, payees[0], OBSERVATION + TRANSMISSION, link);
    callAs(payees[0], abi.encodeCall(aggregator.withdrawPayment, (t)));
    assertEq(link.balanceOf(payees[0]), OBSERVATION + TRANSMISSION);
    assertEq(aggregator.owedPayment(t), 0);
    assertEq(aggregator.oracleObservationCount(t), 0);
    assertEq(aggregator.owedPayment(transmitters[1]), OBSERVATION, "the account beside it");
    vm.recordLogs();
    callAs(payees[0], abi.encodeCall(aggregator.withdrawPayment, (t)));
    assertEq(vm.getRecordedLogs().length, 0, "nothing owed");
  }

  /// @dev Only its payee gets what an oracle is owed, by whatever address somebody is named a payee.
  function test_paymentsAreForThePayeeOfTheTransmitter() public {
    transmitNext();
    address[] memory of_ = new address[](1);
    address[] memory to = new address[](1);
    (of_[0], to[0]) = (signers[0], stranger);
    vm.prank(owner);
    aggregator.setPayees(of_, to);
    callAs(stranger, abi.encodeCall(aggregator.withdrawPayment, (signers[0])));
    assertEq(link.balanceOf(stranger), 0);
    assertEq(aggregator.owedPayment(transmitters[0]), OBSERVATION + TRANSMISSION);
  }

  function test_setBillingPaysAtOldPrices() public {
    transmitNext();
    for (uint256 i = 0; i < 4; ++i) {
      expectPayment(transmitters[i], payees[i], OBSERVATION + (i == 0 ? TRANSMISSION : 0));
    }
    vm.expectEmit(address(aggregator));
    emit OCR1BillingInterface.BillingSet(1, 2, 3, 4, 5);
    setBilling(1, 2, 3, 4, 5);
    assertEq(aggregator.owedPayment(transmitters[0]), 0);
  }

  /// @dev setConfig pays from the last oracle to the first.
  function test_setConfigPaysOldOracles() public {
    transmitNext();
    address[] memory old = payees;
    address[] memory oldTransmitters = transmitters;
    makeOracles(5, 1, "second");
    namePayees();
    for (uint256 i = 4; i > 0; --i) {
      expectPayment(oldTransmitters[i - 1], old[i - 1], OBSERVATION + (i == 1 ? TRANSMISSION : 0));
    }
    configure();
    for (uint256 i = 0; i < 4; ++i) {
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

  /// @dev Observations that were worth nothing stay, under new prices as under a new configuration.
  function test_observationsWorthNothingStayUnpaid() public {
    setBilling(0, 0, 0, 0, 0);
    transmitNext();
    setBilling(0, 0, 0, 7, 0);
    assertEq(aggregator.owedPayment(transmitters[3]), 7e9);
    setBilling(0, 0, 0, 0, 0);
    transmitNext();
    makeOracles(4, 1, "second");
    namePayees();
    configure();
    assertEq(aggregator.oracleObservationCount(transmitters[3]), 1);
    setBilling(0, 0, 0, 7, 0);
    assertEq(aggregator.owedPayment(transmitters[3]), 7e9);
  }

  function test_missingFundsStopEverythingThatPays() public {
    callAs(owner, abi.encodeCall(aggregator.withdrawFunds, (owner, type(uint256).max)));
    transmitNext();
    assertLt(aggregator.linkAvailableForPayment(), 0);
    // This token reverts with a Panic of its own, which passes through.
    bytes memory overflow = abi.encodeWithSignature("Panic(uint256)", 0x11);
    expectRevertData(owner, abi.encodeCall(aggregator.setBilling, (1, 2, 3, 4, 5)), overflow);
    expectRevertData(owner, setConfigData(), overflow);
    expectRevertData(payees[0], abi.encodeCall(aggregator.withdrawPayment, (transmitters[0])), overflow);
    expectReason(owner, abi.encodeCall(aggregator.withdrawFunds, (owner, 0)), "insufficient balance");
    transmitNext();
    assertEq(aggregator.oracleObservationCount(transmitters[0]), 2, "reports need no funds");
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
    for (uint256 i = 0; i < 4; ++i) {
      expectPayment(transmitters[i], payees[i], OBSERVATION + (i == 0 ? TRANSMISSION : 0));
    }
    vm.expectEmit(address(aggregator));
    emit OCR1BillingInterface.LinkTokenSet(link, newLink);
    callAs(owner, data);
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
    namePayees();
    configure();
    transmitNext();
    token.reenter(address(aggregator), abi.encodeCall(aggregator.withdrawPayment, (transmitters[0])));
    setBilling(0, 0, 0, 1, 1);
    assertEq(token.balanceOf(address(token)), OBSERVATION + TRANSMISSION);
    assertEq(token.balanceOf(address(aggregator)), 1e18 - 4 * OBSERVATION - TRANSMISSION);
  }

  // ----------------------------------------------------------------

  function setBilling(uint32 maximum, uint32 reasonable, uint32 eth, uint32 observation, uint32 transmission) internal {
    callAs(owner, abi.encodeCall(aggregator.setBilling, (maximum, reasonable, eth, observation, transmission)));
  }

  function expectPayment(address transmitter, address payee, uint256 amount) internal {
    vm.expectEmit(address(link));
    emit LinkToken.Transfer(address(aggregator), payee, amount);
    vm.expectEmit(address(aggregator));
    emit OCR1BillingInterface.OraclePaid(transmitter, payee, amount, link);
  }
}

contract OCR1BillingTest is OCR1BillingSuite {}

contract AccessControlledOCR1BillingTest is OCR1BillingSuite {
  function contractName() internal pure override returns (string memory) {
    return "AccessControlledOffchainAggregator";
  }
}
