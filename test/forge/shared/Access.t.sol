// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {AccessList as AccessListEvents} from "ocr/shared/access/AccessList.sol";
import {SimpleReadAccessController} from "ocr/shared/access/SimpleReadAccessController.sol";
import {SimpleWriteAccessController} from "ocr/shared/access/SimpleWriteAccessController.sol";
import {ConfirmedOwnerWithProposal} from "ocr/shared/access/ConfirmedOwnerWithProposal.sol";
import {OCR2Aggregator} from "ocr/ocr2/OCR2Aggregator.sol";
import {OCRConfigurationStoreEVMSimple} from "ocr/ocr2/OCRConfigurationStoreEVMSimple.sol";
import {OCR2Fixture} from "../helpers/OCR2Fixture.sol";

/// @notice A contract that is owned, with a proposal from birth.
contract Owned is ConfirmedOwnerWithProposal {
  constructor(address owner_, address pending) ConfirmedOwnerWithProposal(owner_, pending) {}
}

/// @title Access lists and ownership by themselves
contract AccessTest is OCR2Fixture {
  function test_list() public {
    SimpleWriteAccessController c = billingController;
    assertTrue(c.checkEnabled());
    assertFalse(c.hasAccess(stranger, ""));
    vm.startPrank(owner);
    vm.expectEmit(address(c));
    emit AccessListEvents.AddedAccess(stranger);
    c.addAccess(stranger);
    assertTrue(c.hasAccess(stranger, ""));
    vm.expectEmit(address(c));
    emit AccessListEvents.RemovedAccess(stranger);
    c.removeAccess(stranger);
    assertFalse(c.hasAccess(stranger, ""));
    vm.expectEmit(address(c));
    emit AccessListEvents.CheckAccessDisabled();
    c.disableAccessCheck();
    assertTrue(c.hasAccess(stranger, "anything"));
    vm.expectEmit(address(c));
    emit AccessListEvents.CheckAccessEnabled();
    c.enableAccessCheck();
    assertFalse(c.hasAccess(stranger, ""));
    vm.stopPrank();
  }

  function test_listDoesNothingTwice() public {
    SimpleWriteAccessController c = billingController;
    vm.startPrank(owner);
    c.addAccess(stranger);
    vm.recordLogs();
    c.addAccess(stranger);
    c.removeAccess(owner);
    c.enableAccessCheck();
    assertEq(vm.getRecordedLogs().length, 0);
    c.disableAccessCheck();
    vm.recordLogs();
    c.disableAccessCheck();
    assertEq(vm.getRecordedLogs().length, 0);
    vm.stopPrank();
  }

  function test_listIsTheOwners() public {
    vm.startPrank(stranger);
    vm.expectRevert("Only callable by owner");
    billingController.addAccess(stranger);
    vm.expectRevert("Only callable by owner");
    billingController.removeAccess(stranger);
    vm.expectRevert("Only callable by owner");
    billingController.enableAccessCheck();
    vm.expectRevert("Only callable by owner");
    billingController.disableAccessCheck();
    vm.stopPrank();
  }

  function test_readersWithoutContractAlwaysRead() public {
    SimpleReadAccessController c =
      SimpleReadAccessController(vm.deployCode("SimpleReadAccessController.sol:SimpleReadAccessController"));
    assertFalse(c.hasAccess(stranger, ""));
    vm.prank(owner, stranger);
    assertTrue(c.hasAccess(stranger, ""));
    c.addAccess(stranger);
    assertTrue(c.hasAccess(stranger, ""));
  }

  function test_ownershipFromBirth() public {
    vm.expectRevert("Cannot set owner to zero");
    new Owned(address(0), stranger);
    vm.expectRevert("Cannot transfer to self");
    new Owned(owner, address(this));
    Owned owned = new Owned(owner, stranger);
    vm.prank(stranger);
    owned.acceptOwnership();
    assertEq(owned.owner(), stranger);
  }

  function test_configurationStore() public {
    OCRConfigurationStoreEVMSimple store = OCRConfigurationStoreEVMSimple(
      vm.deployCode("OCRConfigurationStoreEVMSimple.sol:OCRConfigurationStoreEVMSimple")
    );
    makeOracles(4, 1, "stored");
    OCRConfigurationStoreEVMSimple.ConfigurationEVMSimple memory c =
      OCRConfigurationStoreEVMSimple.ConfigurationEVMSimple(
        signers, transmitters, onchainConfig(), offchainConfig(), address(aggregator), 2, 1, 1
      );
    // The store and the aggregator agree on the digest.
    configure();
    vm.expectEmit(address(store));
    emit OCRConfigurationStoreEVMSimple.NewConfiguration(digest());
    assertEq(store.addConfig(c), digest());
    assertEq(store.addConfig(c), digest());
    assertEq(abi.encode(store.readConfig(digest())), abi.encode(c));
    assertEq(store.readConfig(bytes32(0)).signers.length, 0);
    assertEq(store.typeAndVersion(), "OCRConfigurationStoreEVMSimple 1.0.0");
  }
}

/// @title Which reads of the access-controlled aggregator are for listed contracts only
contract GatedReadsTest is OCR2Fixture {
  function contractName() internal pure override returns (string memory) {
    return "AccessControlledOCR2Aggregator";
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
    vm.prank(owner);
    SimpleReadAccessController(address(aggregator)).addAccess(address(this));
    for (uint256 i = 0; i < calls.length; ++i) {
      (bool ok,) = address(aggregator).call(calls[i]);
      assertTrue(ok);
    }
  }

  function test_leavesTheRestOpen() public {
    start(4, 1);
    aggregator.decimals();
    aggregator.version();
    aggregator.minAnswer();
    aggregator.maxAnswer();
    aggregator.latestConfigDetails();
    aggregator.latestConfigDigestAndEpoch();
    aggregator.owedPayment(transmitters[0]);
    aggregator.getTransmitters();
    assertEq(OCR2Aggregator(address(aggregator)).owner(), owner);
  }
}
