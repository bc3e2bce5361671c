// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {AccessControlledOffchainAggregator} from "ocr/ocr1/AccessControlledOffchainAggregator.sol";
import {AccessList as Listing} from "ocr/shared/access/AccessList.sol";
import {AccessControlTestHelper} from "../contracts/shared/AccessControlTestHelper.sol";
import {OCR1Fixture} from "../helpers/OCR1Fixture.sol";

/// @title Who may read the access-controlled OCR1 aggregator
contract OCR1AccessTest is OCR1Fixture {
  function contractName() internal pure override returns (string memory) {
    return "AccessControlledOffchainAggregator";
  }

  function list() private view returns (AccessControlledOffchainAggregator) {
    return AccessControlledOffchainAggregator(address(aggregator));
  }

  function gated() private view returns (bytes[] memory calls) {
    calls = new bytes[](8);
    calls[0] = abi.encodeCall(aggregator.latestAnswer, ());
    calls[1] = abi.encodeCall(aggregator.latestTimestamp, ());
    calls[2] = abi.encodeCall(aggregator.latestRound, ());
    calls[3] = abi.encodeCall(aggregator.getAnswer, (1));
    calls[4] = abi.encodeCall(aggregator.getTimestamp, (1));
    calls[5] = abi.encodeCall(aggregator.description, ());
    calls[6] = abi.encodeCall(aggregator.getRoundData, (1));
    calls[7] = abi.encodeCall(aggregator.latestRoundData, ());
  }

  function test_gatesReads() public {
    start(4, 1);
    transmitNext();
    bytes[] memory calls = gated();
    for (uint256 i = 0; i < calls.length; ++i) {
      // This contract is the caller, somebody else the origin.
      (bool ok, bytes memory ret) = address(aggregator).call(calls[i]);
      assertFalse(ok);
      assertEq(ret, abi.encodeWithSignature("Error(string)", "No access"));
      callAs(stranger, calls[i]);
    }
    callAs(owner, abi.encodeCall(Listing.addAccess, (address(this))));
    for (uint256 i = 0; i < calls.length; ++i) {
      (bool ok,) = address(aggregator).call(calls[i]);
      assertTrue(ok);
    }
    callAs(owner, abi.encodeCall(Listing.removeAccess, (address(this))));
    callAs(owner, abi.encodeCall(Listing.disableAccessCheck, ()));
    for (uint256 i = 0; i < calls.length; ++i) {
      (bool ok,) = address(aggregator).call(calls[i]);
      assertTrue(ok);
    }
  }

  /// @dev Access comes first: a round that there cannot be is not even looked for.
  function test_refusesBeforeItReads() public {
    vm.expectRevert("No access");
    aggregator.getRoundData(1 << 32);
  }

  function test_leavesTheRestOpen() public {
    start(4, 1);
    aggregator.decimals();
    aggregator.version();
    aggregator.minAnswer();
    aggregator.maxAnswer();
    aggregator.latestConfigDetails();
    aggregator.owedPayment(transmitters[0]);
    aggregator.oracleObservationCount(transmitters[0]);
    aggregator.linkAvailableForPayment();
    aggregator.transmitters();
    aggregator.getBilling();
    assertEq(aggregator.owner(), owner);
  }

  function test_helperReads() public {
    start(4, 1);
    AccessControlTestHelper helper = new AccessControlTestHelper();
    vm.expectRevert("No access");
    helper.readLatestAnswer(address(aggregator));
    callAs(owner, abi.encodeCall(Listing.addAccess, (address(helper))));
    helper.readLatestAnswer(address(aggregator));
    helper.readLatestRound(address(aggregator));
    helper.readLatestRoundData(address(aggregator));
    helper.readLatestTimestamp(address(aggregator));
    helper.readGetAnswer(address(aggregator), 1);
    helper.readGetRoundData(address(aggregator), 1);
    helper.readGetTimestamp(address(aggregator), 1);
    vm.expectRevert("Only callable by EOA");
    helper.testLatestTransmissionDetails(address(aggregator));
  }

  /// @dev The list is the owner's, and the owner is that of the feed.
  function test_list() public {
    bytes[] memory calls = new bytes[](4);
    calls[0] = abi.encodeCall(Listing.addAccess, (stranger));
    calls[1] = abi.encodeCall(Listing.removeAccess, (stranger));
    calls[2] = abi.encodeCall(Listing.disableAccessCheck, ());
    calls[3] = abi.encodeCall(Listing.enableAccessCheck, ());
    bytes32[] memory topics = new bytes32[](4);
    topics[0] = Listing.AddedAccess.selector;
    topics[1] = Listing.RemovedAccess.selector;
    topics[2] = Listing.CheckAccessDisabled.selector;
    topics[3] = Listing.CheckAccessEnabled.selector;
    assertTrue(list().checkEnabled());
    for (uint256 i = 0; i < calls.length; ++i) {
      expectReason(stranger, calls[i], "Only callable by owner");
      assertEq(list().hasAccess(stranger, ""), i == 1 || i == 3);
      vm.recordLogs();
      callAs(owner, calls[i]);
      callAs(owner, calls[i]);
      assertEq(vm.getRecordedLogs().length, 1, "a second time is no news");
      vm.recordLogs();
      callAs(owner, calls[i ^ 1]);
      callAs(owner, calls[i]);
      assertEq(vm.getRecordedLogs()[1].topics[0], topics[i]);
      assertEq(list().hasAccess(stranger, ""), i == 0 || i == 2);
    }
    vm.prank(owner, stranger);
    assertTrue(list().hasAccess(stranger, ""), "no contract in between");
  }
}
