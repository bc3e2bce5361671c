// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Vm} from "forge-std/Vm.sol";

import {Owned} from "ocr/ocr1/Owned.sol";
import {OCR1BillingInterface} from "ocr/ocr1/interfaces/OCR1BillingInterface.sol";
import {OCR1FeedInterface} from "ocr/ocr1/interfaces/OCR1FeedInterface.sol";
import {AccessControllerInterface} from "ocr/shared/interfaces/AccessControllerInterface.sol";
import {AggregatorValidatorInterface} from "ocr/shared/interfaces/AggregatorValidatorInterface.sol";
import {PayeesInterface} from "ocr/shared/interfaces/PayeesInterface.sol";
import {SimpleWriteAccessController} from "ocr/shared/access/SimpleWriteAccessController.sol";
import {OCR1Fixture} from "../helpers/OCR1Fixture.sol";

/// @title Birth, ownership, payees, validator, access controllers, requests and constants of an OCR1 aggregator
abstract contract OCR1AdministrationSuite is OCR1Fixture {
  function typeAndVersion() internal pure virtual returns (string memory) {
    return "OffchainAggregator 4.0.0";
  }

  function test_constants() public {
    assertEq(aggregator.typeAndVersion(), typeAndVersion());
    assertEq(aggregator.version(), 4);
    assertEq(aggregator.decimals(), 8);
    assertEq(aggregator.minAnswer(), MIN_ANSWER);
    assertEq(aggregator.maxAnswer(), MAX_ANSWER);
    vm.prank(stranger, stranger);
    assertEq(aggregator.description(), "fixture / USD");
    assertEq(aggregator.owner(), owner);
    assertEq(address(aggregator.getLinkToken()), address(link));
    assertEq(address(aggregator.billingAccessController()), address(billingController));
    assertEq(address(aggregator.requesterAccessController()), address(requesterController));
    assertEq(aggregator.linkAvailableForPayment(), 0);
  }

  /// @dev What the constructor tells.
  function test_announcesItself() public {
    vm.recordLogs();
    address deployed = address(deployAggregator());
    Vm.Log[] memory logs = vm.getRecordedLogs();
    assertEq(logs.length, 4);
    assertEq(logs[0].emitter, deployed);
    assertEq(logs[0].topics[0], OCR1BillingInterface.BillingSet.selector);
    assertEq(logs[0].data, abi.encode(2000, 100, 500e6, 500, 300));
    assertEq(logs[1].topics[0], OCR1BillingInterface.LinkTokenSet.selector);
    assertEq(logs[1].topics[1], 0);
    assertEq(address(uint160(uint256(logs[1].topics[2]))), address(link));
    assertEq(logs[2].topics[0], OCR1BillingInterface.BillingAccessControllerSet.selector);
    assertEq(logs[2].data, abi.encode(0, billingController));
    assertEq(logs[3].topics[0], OCR1FeedInterface.RequesterAccessControllerSet.selector);
    assertEq(logs[3].data, abi.encode(0, requesterController));
    // Controllers that there are not are not announced.
    string memory name = contractName();
    bytes memory args =
      constructorArgsWith(SimpleWriteAccessController(address(0)), SimpleWriteAccessController(address(0)));
    vm.recordLogs();
    vm.deployCode(string.concat(name, ".sol:", name), args);
    assertEq(vm.getRecordedLogs().length, 2);
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
    checkRound(call(abi.encodeCall(aggregator.latestRoundData, ())), 0, 0, 0);
    checkRound(call(abi.encodeCall(aggregator.getRoundData, (9))), 9, 0, 0);
    checkRound(call(abi.encodeCall(aggregator.getRoundData, (type(uint32).max))), type(uint32).max, 0, 0);
    vm.stopPrank();
    expectReason(stranger, abi.encodeCall(aggregator.getRoundData, (1 << 32)), "No data present");
    expectReason(stranger, abi.encodeCall(aggregator.getRoundData, (type(uint80).max)), "No data present");
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
    checkRound(call(abi.encodeCall(aggregator.latestRoundData, ())), 2, answer, block.timestamp);
    checkRound(call(abi.encodeCall(aggregator.getRoundData, (1))), 1, answer, block.timestamp - 60);
    vm.stopPrank();
    expectReason(stranger, abi.encodeCall(aggregator.getRoundData, ((1 << 32) + 1)), "No data present");
  }

  /// @dev Time has 64 bits, answers have 192 and a sign.
  function test_keepsTimeAndAnswerApart() public {
    start(4, 1);
    vm.warp(type(uint64).max);
    transmitNext();
    vm.startPrank(stranger, stranger);
    assertEq(aggregator.latestTimestamp(), type(uint64).max);
    assertEq(aggregator.latestAnswer(), reportOf(4).observations[2]);
  }

  function test_transmissionDetailsAreForAccountsOnly() public {
    start(4, 1);
    transmitAs(transmitters[0], signed(encodedReport(0x10202, 3), 2));
    transmitAs(transmitters[0], signed(encodedReport(0x10203, 4), 2));
    vm.prank(stranger);
    vm.expectRevert("Only callable by EOA");
    aggregator.latestTransmissionDetails();
    vm.prank(stranger, stranger);
    (bytes16 digest_, uint32 epoch_, uint8 round, int192 answer, uint64 timestamp) =
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
    vm.expectEmit(address(aggregator));
    emit Owned.OwnershipTransferRequested(owner, stranger);
    callAs(owner, abi.encodeCall(aggregator.transferOwnership, (stranger)));
    assertEq(aggregator.owner(), owner);
    expectReason(owner, abi.encodeCall(aggregator.acceptOwnership, ()), "Must be proposed owner");
    vm.expectEmit(address(aggregator));
    emit Owned.OwnershipTransferred(owner, stranger);
    callAs(stranger, abi.encodeCall(aggregator.acceptOwnership, ()));
    assertEq(aggregator.owner(), stranger);
    expectReason(stranger, abi.encodeCall(aggregator.acceptOwnership, ()), "Must be proposed owner");
    expectReason(owner, abi.encodeCall(aggregator.transferOwnership, (owner)), "Only callable by owner");
  }

  /// @dev An owner may propose itself, again and again, and take a proposal back that way.
  function test_ownersMayProposeThemselves() public {
    callAs(owner, abi.encodeCall(aggregator.transferOwnership, (stranger)));
    for (uint256 i = 0; i < 2; ++i) {
      vm.expectEmit(address(aggregator));
      emit Owned.OwnershipTransferRequested(owner, owner);
      callAs(owner, abi.encodeCall(aggregator.transferOwnership, (owner)));
    }
    expectReason(stranger, abi.encodeCall(aggregator.acceptOwnership, ()), "Must be proposed owner");
    vm.expectEmit(address(aggregator));
    emit Owned.OwnershipTransferred(owner, owner);
    callAs(owner, abi.encodeCall(aggregator.acceptOwnership, ()));
    assertEq(aggregator.owner(), owner);
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
    others[3] = address(0);
    expectReason(owner, abi.encodeCall(aggregator.setPayees, (transmitters, others)), "payee already set");
    // Nobody for nobody.
    callAs(owner, abi.encodeCall(aggregator.setPayees, (new address[](2), new address[](2))));
    assertEq(vm.getRecordedLogs().length, 0);
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
    (AggregatorValidatorInterface v_, uint32 gas) = aggregator.validatorConfig();
    assertEq(address(v_), address(0));
    assertEq(gas, 0);
    AggregatorValidatorInterface v = AggregatorValidatorInterface(makeAddr("validator"));
    bytes memory data = abi.encodeCall(aggregator.setValidatorConfig, (v, 7));
    expectReason(stranger, data, "Only callable by owner");
    vm.expectEmit(address(aggregator));
    emit OCR1FeedInterface.ValidatorConfigSet(AggregatorValidatorInterface(address(0)), 0, v, 7);
    callAs(owner, data);
    vm.recordLogs();
    callAs(owner, data);
    assertEq(vm.getRecordedLogs().length, 0, "the same again");
    vm.expectEmit(address(aggregator));
    emit OCR1FeedInterface.ValidatorConfigSet(v, 7, v, 8);
    callAs(owner, abi.encodeCall(aggregator.setValidatorConfig, (v, 8)));
    (v_, gas) = aggregator.validatorConfig();
    assertEq(address(v_), address(v));
    assertEq(gas, 8);
  }

  function test_accessControllers() public {
    AccessControllerInterface c = AccessControllerInterface(makeAddr("controller"));
    bytes memory data = abi.encodeCall(aggregator.setBillingAccessController, (c));
    expectReason(stranger, data, "Only callable by owner");
    vm.expectEmit(address(aggregator));
    emit OCR1BillingInterface.BillingAccessControllerSet(billingController, c);
    callAs(owner, data);
    vm.recordLogs();
    callAs(owner, data);
    assertEq(vm.getRecordedLogs().length, 0, "the same again");
    data = abi.encodeCall(aggregator.setRequesterAccessController, (c));
    expectReason(stranger, data, "Only callable by owner");
    vm.expectEmit(address(aggregator));
    emit OCR1FeedInterface.RequesterAccessControllerSet(requesterController, c);
    callAs(owner, data);
    vm.recordLogs();
    callAs(owner, data);
    assertEq(vm.getRecordedLogs().length, 0, "the same again");
    assertEq(address(aggregator.billingAccessController()), address(c));
    assertEq(address(aggregator.requesterAccessController()), address(c));
    // The owner passes without a controller, nobody else does.
    callAs(owner, abi.encodeCall(aggregator.requestNewRound, ()));
    expectRevertData(stranger, abi.encodeCall(aggregator.requestNewRound, ()), "");
    expectRevertData(stranger, abi.encodeCall(aggregator.setBilling, (1, 1, 1, 1, 1)), "");
  }

  /// @dev The controller is asked about the whole call.
  function test_controllersSeeTheCall() public {
    bytes memory data = abi.encodeCall(aggregator.setBilling, (1, 2, 3, 4, 5));
    bytes memory question = abi.encodeCall(AccessControllerInterface.hasAccess, (stranger, data));
    vm.mockCall(address(billingController), question, abi.encode(true));
    callAs(stranger, data);
    data = abi.encodeCall(aggregator.requestNewRound, ());
    question = abi.encodeCall(AccessControllerInterface.hasAccess, (stranger, data));
    vm.mockCall(address(requesterController), question, abi.encode(true));
    callAs(stranger, data);
  }

  function test_requestsRounds() public {
    start(4, 1);
    transmitAs(transmitters[0], signed(encodedReport(0x10203, 4), 2));
    bytes memory data = abi.encodeCall(aggregator.requestNewRound, ());
    expectReason(stranger, data, "Only owner&requester can call");
    vm.prank(owner);
    requesterController.addAccess(stranger);
    vm.expectEmit(address(aggregator));
    emit OCR1FeedInterface.RoundRequested(stranger, digest(), 0x10203, 4);
    assertEq(abi.decode(callAs(stranger, data), (uint80)), 2);
  }

  // ----------------------------------------------------------------

  function call(bytes memory data) internal returns (bytes memory ret) {
    bool ok;
    (ok, ret) = address(aggregator).call(data);
    assertTrue(ok);
  }

  function checkRound(bytes memory ret, uint256 id, int256 answer, uint256 time) internal pure {
    assertEq(ret, abi.encode(id, answer, time, time, id));
  }
}

contract OCR1AdministrationTest is OCR1AdministrationSuite {}

contract AccessControlledOCR1AdministrationTest is OCR1AdministrationSuite {
  function contractName() internal pure override returns (string memory) {
    return "AccessControlledOffchainAggregator";
  }

  function typeAndVersion() internal pure override returns (string memory) {
    return "AccessControlledOffchainAggregator 4.0.0";
  }
}
