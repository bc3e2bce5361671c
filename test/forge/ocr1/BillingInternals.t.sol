// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Test} from "forge-std/Test.sol";

import {Report} from "ocr/ocr1/Report.sol";
import {ObservationCounts, ObservationCountsLib} from "ocr/ocr1/internal/ObservationCounts.sol";
import {Reimbursements} from "ocr/ocr1/internal/Reimbursements.sol";
import {TestOffchainAggregator} from "../contracts/ocr1/TestOffchainAggregator.sol";
import {OCR1BillingModel} from "../helpers/OCR1BillingModel.sol";
import {OCR1Fixture} from "../helpers/OCR1Fixture.sol";

/// @title The formulas of payment, looked at from inside, and the accounts beside the model
contract OCR1BillingInternalsTest is OCR1Fixture {
  function contractName() internal pure override returns (string memory) {
    return "TestOffchainAggregator";
  }

  function constructorArgs() internal view override returns (bytes memory) {
    return bytes.concat(
      abi.encode(uint32(0), uint32(0), uint32(0), uint32(500), uint32(300)),
      abi.encode(link, MIN_ANSWER, MAX_ANSWER, billingController, requesterController)
    );
  }

  function inside() private view returns (TestOffchainAggregator) {
    return TestOffchainAggregator(address(aggregator));
  }

  function testFuzz_gasPrice(uint64 tx_, uint32 reasonable, uint32 maximum) public view {
    uint256 price = inside().testImpliedGasPrice(tx_, reasonable, maximum);
    assertLe(price, maximum);
    if (tx_ >= reasonable) assertEq(price, tx_ < maximum ? tx_ : maximum);
    else if (price < maximum) assertEq(price, uint256(tx_) + (reasonable - tx_) / 2);
  }

  function testFuzz_gasCost(uint32 initial, uint32 left, uint32 price, uint32 callData) public {
    if (initial < left) vm.expectRevert("gasLeft cannot exceed initialGas");
    uint256 cost = inside().testTransmitterGasCostEthWei(initial, price, callData, left);
    if (initial >= left) assertEq(cost, (uint256(initial) - left + callData + 6035) * price * 1 gwei);
  }

  function test_gasCostOutOfBounds() public {
    vm.expectRevert("cost out of bounds");
    inside().testTransmitterGasCostEthWei(type(uint64).max, type(uint64).max, 0, 0);
    assertEq(inside().testAccountingGasCost(), 6035);
  }

  function testFuzz_saturatingAdd(uint16 a, uint16 b) public view {
    uint256 sum = uint256(a) + b;
    assertEq(inside().testSaturatingAddUint16(a, b), sum > 65535 ? 65535 : sum);
  }

  function test_settersAndGetters() public {
    start(4, 1);
    assertEq(inside().getConfigDigest(), digest());
    assertEq(inside().testPayee(transmitters[1]), payees[1]);
    inside().testBurnLINK(5);
    assertEq(link.balanceOf(address(aggregator)), 1e24 - 5);
    Report memory report = reportOf(3);
    report.rawReportContext = contextOf(1, 2);
    (bytes32 context, bytes32 observers, int192[] memory observations) =
      inside().testDecodeReport(nextTransmit(report).report);
    assertEq(context, report.rawReportContext);
    assertEq(observers, report.rawObservers);
    assertEq(abi.encode(observations), abi.encode(report.observations));
    vm.expectRevert("address unknown");
    inside().testSetGasReimbursements(stranger, 1);
    vm.expectRevert("address unknown");
    inside().testSetOracleObservationCount(stranger, 1);
    vm.expectRevert("amount out of bounds");
    inside().testSetGasReimbursements(transmitters[0], type(uint128).max);
    vm.expectRevert("amount out of bounds");
    inside().testSetOracleObservationCount(transmitters[0], type(uint16).max);
  }

  function test_billingData() public {
    start(5, 1);
    transmitNext();
    inside().testSetGasReimbursements(transmitters[3], 77);
    (uint16[31] memory counts, uint256[31] memory earned, uint32 a, uint32 b, uint32 c, uint32 d, uint32 e) =
      inside().billingData();
    assertEq(abi.encode(a, b, c, d, e), abi.encode(0, 0, 0, 500, 300));
    for (uint256 i = 0; i < 31; ++i) {
      assertEq(counts[i], i < 5 ? 2 : 1);
      assertEq(earned[i], i == 0 ? 300e9 + 1 : i == 3 ? 78 : 1);
    }
  }

  /// @dev An oracle that observed 65534 times since it was paid earns no more by observing, and its neighbours do not notice.
  function test_countsStopAtTheLimit() public {
    start(31, 10);
    for (uint256 i = 14; i < 18; ++i) {
      inside().testSetOracleObservationCount(transmitters[i], 65533);
    }
    transmitNext();
    transmitNext();
    transmitNext();
    for (uint256 i = 0; i < 31; ++i) {
      assertEq(aggregator.oracleObservationCount(transmitters[i]), i >= 14 && i < 18 ? 65534 : 3);
    }
    callAs(payees[15], abi.encodeCall(aggregator.withdrawPayment, (transmitters[15])));
    transmitNext();
    assertEq(aggregator.oracleObservationCount(transmitters[14]), 65534);
    assertEq(aggregator.oracleObservationCount(transmitters[15]), 1);
    assertEq(aggregator.oracleObservationCount(transmitters[16]), 65534);
  }

  /// @dev An account that cannot hold more keeps what it holds; the report is good all the same.
  function test_fullAccountsStayFull() public {
    start(4, 1);
    uint256 full = type(uint128).max - 1;
    inside().testSetGasReimbursements(transmitters[1], full - 300e9);
    callAs(owner, abi.encodeCall(aggregator.setLinkToken, (link, owner)));
    transmitAs(transmitters[1], nextTransmit(reportOf(3)));
    assertEq(aggregator.owedPayment(transmitters[1]), full + 500e9);
    transmitAs(transmitters[1], nextTransmit(reportOf(3)));
    assertEq(aggregator.owedPayment(transmitters[1]), full + 1000e9);
    assertEq(aggregator.owedPayment(transmitters[0]), 1000e9, "the account beside it");
  }

  /// forge-config: default.fuzz.runs = 64
  /// @dev Any accounts, any reports, any payments: what is owed is what the model says.
  function testFuzz_owesWhatTheModelOwes(
    uint8 n,
    uint16[31] memory counts,
    uint128[31] memory earned,
    uint256[6] memory reports,
    uint8 withdrawer,
    uint32 nextPrice
  ) public {
    OCR1BillingModel model = new OCR1BillingModel();
    n = uint8(bound(n, 4, 31));
    start(n, 1);
    model.configured(n);
    model.priced(500, 300);
    for (uint256 i = 0; i < n; ++i) {
      counts[i] = uint16(bound(counts[i], 0, 65534));
      uint256 amount = bound(earned[i], 0, 1e21);
      inside().testSetOracleObservationCount(i % 2 == 0 ? transmitters[i] : signers[i], counts[i]);
      inside().testSetGasReimbursements(transmitters[i], amount);
      model.setCount(i, counts[i]);
      model.setReimbursement(i, amount);
    }
    compare(model);
    for (uint256 i = 0; i < reports.length; ++i) {
      transmitRandom(model, reports[i]);
    }
    compare(model);
    withdrawer %= n;
    callAs(payees[withdrawer], abi.encodeCall(aggregator.withdrawPayment, (transmitters[withdrawer])));
    assertEq(link.balanceOf(payees[withdrawer]), model.paid(withdrawer));
    compare(model);
    uint256 before = link.balanceOf(address(aggregator));
    callAs(owner, abi.encodeCall(aggregator.setBilling, (0, 0, 0, nextPrice, 1)));
    assertEq(before - link.balanceOf(address(aggregator)), model.priced(nextPrice, 1));
    compare(model);
  }

  function transmitRandom(OCR1BillingModel model, uint256 seed) private {
    uint256 n = signers.length;
    Report memory report = reportOf(3 + (seed % 29));
    uint256 k = report.observations.length;
    // A rotation of the indices 0 to 30.
    bytes memory observers = new bytes(k);
    for (uint256 i = 0; i < k; ++i) {
      observers[i] = bytes1(uint8((i + (seed >> 8)) % 31));
    }
    report.rawObservers = bytes32(observers);
    uint256 transmitter = (seed >> 128) % n;
    transmitAs(transmitters[transmitter], nextTransmit(report));
    model.reported(observers, transmitter, 0);
  }

  function compare(OCR1BillingModel model) private view {
    for (uint256 i = 0; i < signers.length; ++i) {
      assertEq(aggregator.oracleObservationCount(transmitters[i]), model.counts(i));
      assertEq(aggregator.owedPayment(transmitters[i]), model.owed(i));
      assertEq(aggregator.owedPayment(signers[i]), model.owed(i));
    }
    assertEq(inside().testTotalLinkDue(), model.due());
  }
}

/// @title The packed accounts by themselves
contract OCR1AccountsTest is Test {
  ObservationCounts private s_counts;
  Reimbursements private s_reimbursements;

  function setUp() public {
    s_counts.initialize();
    s_reimbursements.settleAll(31);
  }

  /// @dev All lanes at once, each with its own sum.
  function testFuzz_saturatingAdd(uint16[16] memory a, uint16[16] memory b) public pure {
    uint256 sum = ObservationCountsLib.saturatingAdd(packed(a), packed(b));
    for (uint256 i = 0; i < 16; ++i) {
      uint256 expected = uint256(a[i]) + b[i];
      assertEq(uint16(sum >> (16 * i)), expected > 65535 ? 65535 : expected);
    }
  }

  function testFuzz_counts(uint16[31] memory counts) public {
    uint256 total;
    for (uint256 i = 0; i < 31; ++i) {
      counts[i] = uint16(bound(counts[i], 0, 65534));
      s_counts.store(i, counts[i]);
      total += counts[i];
    }
    for (uint256 i = 0; i < 31; ++i) {
      assertEq(s_counts.load(i), counts[i]);
    }
    assertEq(s_counts.total(), total);
    s_counts.add(1 << 16, 1 << (16 * 14));
    assertEq(s_counts.load(1), counts[1] == 65534 ? 65534 : counts[1] + 1);
    assertEq(s_counts.load(30), counts[30] == 65534 ? 65534 : counts[30] + 1);
    assertEq(s_counts.load(29), counts[29]);
  }

  /// @dev Nothing, and everything.
  function test_totals() public {
    assertEq(s_counts.total(), 0);
    for (uint256 i = 0; i < 31; ++i) {
      s_counts.store(i, 65534);
    }
    assertEq(s_counts.total(), 31 * 65534);
  }

  function testFuzz_reimbursements(uint128[31] memory amounts, uint8 settled, uint256 more) public {
    for (uint256 i = 0; i < 31; ++i) {
      amounts[i] = uint128(bound(amounts[i], 0, type(uint128).max - 1));
      s_reimbursements.add(i, amounts[i]);
    }
    settled %= 31;
    s_reimbursements.settle(settled);
    for (uint256 i = 0; i < 31; ++i) {
      assertEq(s_reimbursements.load(i), i == settled ? 0 : amounts[i]);
    }
    more = bound(more, 0, type(uint256).max >> 1);
    s_reimbursements.add(settled, more);
    assertEq(s_reimbursements.load(settled), more < type(uint128).max ? more : type(uint128).max - 1);
    s_reimbursements.settleAll(settled);
    for (uint256 i = 0; i < 31; ++i) {
      if (i < settled) assertEq(s_reimbursements.load(i), 0);
      // The one that shares the last slot is settled too, if the number is odd.
      if (i > settled) assertEq(s_reimbursements.load(i), amounts[i]);
    }
  }

  function packed(uint16[16] memory lanes) private pure returns (uint256 word) {
    for (uint256 i = 0; i < 16; ++i) {
      word |= uint256(lanes[i]) << (16 * i);
    }
  }
}
