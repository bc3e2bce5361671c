// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {MedianReportLib} from "ocr/ocr2/MedianReport.sol";
import {OCR2FeedInterface} from "ocr/ocr2/interfaces/OCR2FeedInterface.sol";
import {OCR2BillingInterface} from "ocr/ocr2/interfaces/OCR2BillingInterface.sol";
import {AccessControllerInterface} from "ocr/shared/interfaces/AccessControllerInterface.sol";
import {AggregatorValidatorInterface} from "ocr/shared/interfaces/AggregatorValidatorInterface.sol";
import {PayeesInterface} from "ocr/shared/interfaces/PayeesInterface.sol";
import {ConfirmedOwnerWithProposal} from "ocr/shared/access/ConfirmedOwnerWithProposal.sol";
import {OCR2Fixture} from "../helpers/OCR2Fixture.sol";

/// @title Ownership, payees, validator, access controllers, requests and constants of an aggregator
abstract contract AdministrationSuite is OCR2Fixture {
  function typeAndVersion() internal pure virtual returns (string memory) {
    return "OCR2Aggregator 1.0.0";
  }

  function test_constants() public {
    assertEq(aggregator.typeAndVersion(), typeAndVersion());
    assertEq(aggregator.version(), 6);
    assertEq(aggregator.decimals(), 8);
    assertEq(aggregator.minAnswer(), MIN_ANSWER);
    assertEq(aggregator.maxAnswer(), MAX_ANSWER);
    vm.prank(stranger, stranger);
    assertEq(aggregator.description(), "fixture / USD");
    assertEq(aggregator.owner(), owner);
    assertEq(address(aggregator.getLinkToken()), address(link));
    assertEq(address(aggregator.getBillingAccessController()), address(billingController));
    assertEq(address(aggregator.getRequesterAccessController()), address(requesterController));
  }

  function test_readsBeforeAnyRound() public {
    vm.startPrank(stranger, stranger);
    assertEq(aggregator.latestAnswer(), 0);
    assertEq(aggregator.latestTimestamp(), 0);
    assertEq(aggregator.latestRound(), 0);
    assertEq(aggregator.getAnswer(1), 0);
    assertEq(aggregator.getAnswer(1 << 32), 0);
    assertEq(aggregator.getTimestamp(1), 0);
    assertEq(aggregator.getTimestamp(1 << 32), 0);
    checkRound(call(abi.encodeCall(aggregator.latestRoundData, ())), 0, 0, 0, 0);
    checkRound(call(abi.encodeCall(aggregator.getRoundData, (9))), 9, 0, 0, 0);
    checkRound(call(abi.encodeCall(aggregator.getRoundData, (1 << 32))), 0, 0, 0, 0);
  }

  function test_readsAfterRounds() public {
    start(4, 1);
    transmitNext();
    vm.warp(block.timestamp + 60);
    transmitNext();
    int256 answer = reportOf(4).observations[2];
    vm.startPrank(stranger, stranger);
    assertEq(aggregator.latestAnswer(), answer);
    assertEq(aggregator.latestTimestamp(), block.timestamp);
    assertEq(aggregator.latestRound(), 2);
    assertEq(aggregator.getAnswer(1), answer);
    assertEq(aggregator.getTimestamp(1), block.timestamp - 60);
    // Ids count in full: these are no rounds, whatever their lower 32 bits.
    assertEq(aggregator.getAnswer((1 << 32) + 1), 0);
    assertEq(aggregator.getTimestamp((1 << 32) + 1), 0);
    checkRound(call(abi.encodeCall(aggregator.getRoundData, ((1 << 32) + 1))), 0, 0, 0, 0);
    checkRound(call(abi.encodeCall(aggregator.latestRoundData, ())), 2, answer, block.timestamp - 5, block.timestamp);
    checkRound(
      call(abi.encodeCall(aggregator.getRoundData, (1))), 1, answer, block.timestamp - 65, block.timestamp - 60
    );
  }

  function test_transmissionDetailsAreForAccountsOnly() public {
    start(4, 1);
    transmitAs(transmitters[0], signed(contextOf(0x10202, 3), MedianReportLib.encode(reportOf(4)), 2));
    transmitAs(transmitters[0], signed(contextOf(0x10203, 4), MedianReportLib.encode(reportOf(4)), 2));
    vm.prank(stranger);
    vm.expectRevert("Only callable by EOA");
    aggregator.latestTransmissionDetails();
    vm.prank(stranger, stranger);
    (bytes32 digest_, uint32 epoch_, uint8 round, int192 answer, uint64 timestamp) =
      aggregator.latestTransmissionDetails();
    assertEq(digest_, digest());
    assertEq(epoch_, 0x10203);
    assertEq(round, 4);
    assertEq(answer, reportOf(4).observations[2]);
    assertEq(timestamp, block.timestamp);
  }

  // ---------------------------------------------------------------- ownership

  function test_ownershipPassesInTwoSteps() public {
    expectReason(stranger, abi.encodeCall(aggregator.transferOwnership, (stranger)), "Only callable by owner");
    expectReason(owner, abi.encodeCall(aggregator.transferOwnership, (owner)), "Cannot transfer to self");
    vm.expectEmit(address(aggregator));
    emit ConfirmedOwnerWithProposal.OwnershipTransferRequested(owner, stranger);
    callAs(owner, abi.encodeCall(aggregator.transferOwnership, (stranger)));
    assertEq(aggregator.owner(), owner);
    expectReason(owner, abi.encodeCall(aggregator.acceptOwnership, ()), "Must be proposed owner");
    vm.expectEmit(address(aggregator));
    emit ConfirmedOwnerWithProposal.OwnershipTransferred(owner, stranger);
    callAs(stranger, abi.encodeCall(aggregator.acceptOwnership, ()));
    assertEq(aggregator.owner(), stranger);
    expectReason(stranger, abi.encodeCall(aggregator.acceptOwnership, ()), "Must be proposed owner");
    expectReason(owner, abi.encodeCall(aggregator.transferOwnership, (owner)), "Only callable by owner");
  }

  // ---------------------------------------------------------------- payees

  function test_payees() public {
    makeOracles(4, 1, "first");
    bytes memory data = abi.encodeCall(aggregator.setPayees, (transmitters, payees));
    expectReason(stranger, data, "Only callable by owner");
    expectReason(
      owner, abi.encodeCall(aggregator.setPayees, (transmitters, new address[](3))), "transmitters.size != payees.size"
    );
    expectReason(
      owner, abi.encodeCall(aggregator.setPayees, (new address[](3), payees)), "transmitters.size != payees.size"
    );
    vm.recordLogs();
    callAs(owner, data);
    assertEq(vm.getRecordedLogs().length, 4);
    callAs(owner, data);
    assertEq(vm.getRecordedLogs().length, 0, "the same payees again");
    address[] memory others = payees;
    others[3] = stranger;
    expectReason(owner, abi.encodeCall(aggregator.setPayees, (transmitters, others)), "payee already set");
  }

  function test_payeeshipPassesInTwoSteps() public {
    start(4, 1);
    address t = transmitters[0];
    expectReason(owner, abi.encodeCall(aggregator.transferPayeeship, (t, stranger)), "only current payee can update");
    expectReason(payees[0], abi.encodeCall(aggregator.transferPayeeship, (t, payees[0])), "cannot transfer to self");
    vm.expectEmit(address(aggregator));
    emit PayeesInterface.PayeeshipTransferRequested(t, payees[0], stranger);
    callAs(payees[0], abi.encodeCall(aggregator.transferPayeeship, (t, stranger)));
    vm.recordLogs();
    callAs(payees[0], abi.encodeCall(aggregator.transferPayeeship, (t, stranger)));
    assertEq(vm.getRecordedLogs().length, 0, "the same proposal again");
    expectReason(owner, abi.encodeCall(aggregator.acceptPayeeship, (t)), "only proposed payees can accept");
    vm.expectEmit(address(aggregator));
    emit PayeesInterface.PayeeshipTransferred(t, payees[0], stranger);
    callAs(stranger, abi.encodeCall(aggregator.acceptPayeeship, (t)));
    expectReason(payees[0], abi.encodeCall(aggregator.withdrawPayment, (t)), "Only payee can withdraw");
    callAs(stranger, abi.encodeCall(aggregator.withdrawPayment, (t)));
    expectReason(stranger, abi.encodeCall(aggregator.acceptPayeeship, (t)), "only proposed payees can accept");
  }

  // ---------------------------------------------------------------- validator, access controllers, requests

  function test_validatorConfig() public {
    AggregatorValidatorInterface v = AggregatorValidatorInterface(makeAddr("validator"));
    bytes memory data = abi.encodeCall(aggregator.setValidatorConfig, (v, 7));
    expectReason(stranger, data, "Only callable by owner");
    vm.expectEmit(address(aggregator));
    emit OCR2FeedInterface.ValidatorConfigSet(AggregatorValidatorInterface(address(0)), 0, v, 7);
    callAs(owner, data);
    vm.recordLogs();
    callAs(owner, data);
    assertEq(vm.getRecordedLogs().length, 0, "the same again");
    vm.expectEmit(address(aggregator));
    emit OCR2FeedInterface.ValidatorConfigSet(v, 7, v, 8);
    callAs(owner, abi.encodeCall(aggregator.setValidatorConfig, (v, 8)));
    (AggregatorValidatorInterface v_, uint32 gas) = aggregator.getValidatorConfig();
    assertEq(address(v_), address(v));
    assertEq(gas, 8);
  }

  function test_accessControllers() public {
    AccessControllerInterface c = AccessControllerInterface(makeAddr("controller"));
    bytes memory data = abi.encodeCall(aggregator.setBillingAccessController, (c));
    expectReason(stranger, data, "Only callable by owner");
    vm.expectEmit(address(aggregator));
    emit OCR2BillingInterface.BillingAccessControllerSet(billingController, c);
    callAs(owner, data);
    vm.recordLogs();
    callAs(owner, data);
    assertEq(vm.getRecordedLogs().length, 0, "the same again");
    data = abi.encodeCall(aggregator.setRequesterAccessController, (c));
    expectReason(stranger, data, "Only callable by owner");
    vm.expectEmit(address(aggregator));
    emit OCR2FeedInterface.RequesterAccessControllerSet(requesterController, c);
    callAs(owner, data);
    vm.recordLogs();
    callAs(owner, data);
    assertEq(vm.getRecordedLogs().length, 0, "the same again");
    // The owner passes without a controller, nobody else does.
    callAs(owner, abi.encodeCall(aggregator.requestNewRound, ()));
    expectRevertData(stranger, abi.encodeCall(aggregator.requestNewRound, ()), "");
    expectRevertData(stranger, abi.encodeCall(aggregator.setBilling, (1, 1, 1, 1, 1)), "");
  }

  function test_requestsRounds() public {
    start(4, 1);
    transmitAs(transmitters[0], signed(contextOf(0x10203, 4), MedianReportLib.encode(reportOf(4)), 2));
    bytes memory data = abi.encodeCall(aggregator.requestNewRound, ());
    expectReason(stranger, data, "Only owner&requester can call");
    vm.prank(owner);
    requesterController.addAccess(stranger);
    vm.expectEmit(address(aggregator));
    emit OCR2FeedInterface.RoundRequested(stranger, digest(), 0x10203, 4);
    assertEq(abi.decode(callAs(stranger, data), (uint80)), 2);
  }

  // ----------------------------------------------------------------

  function call(bytes memory data) internal returns (bytes memory ret) {
    bool ok;
    (ok, ret) = address(aggregator).call(data);
    assertTrue(ok);
  }

  function checkRound(bytes memory ret, uint256 id, int256 answer, uint256 started, uint256 updated) internal pure {
    assertEq(ret, abi.encode(id, answer, started, updated, id));
  }
}

contract AdministrationTest is AdministrationSuite {}

contract AccessControlledAdministrationTest is AdministrationSuite {
  function contractName() internal pure override returns (string memory) {
    return "AccessControlledOCR2Aggregator";
  }

  function typeAndVersion() internal pure override returns (string memory) {
    return "AccessControlledOCR2Aggregator 1.0.0";
  }
}
