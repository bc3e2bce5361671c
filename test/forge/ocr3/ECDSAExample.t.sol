// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import "ocr/ocr3/OCR3AttestationErrors.sol";
import {ExampleApplication} from "../contracts/ocr3/ExampleApplication.sol";
import {OCR3ECDSAFixture} from "../helpers/OCR3ECDSAFixture.sol";
import {Transmission} from "../helpers/OCR3Fixture.sol";

/// @title What an application adds to a verifier keeps replayed and misdirected reports out
contract ECDSAExampleTest is OCR3ECDSAFixture {
  ExampleApplication private application;

  function deployDemo() internal override returns (address) {
    application = new ExampleApplication();
    return address(application);
  }

  function test_acceptsReportsInOrder() public {
    configureApplication(4, 1, "first");
    for (uint64 seqNr = 3; seqNr < 9; seqNr += 2) {
      Transmission memory t = reportOf(seqNr, 5);
      vm.expectEmit();
      emit ExampleApplication.Reported(seqNr, t.report);
      succeed(transmitData(t));
      assertEq(application.latestReport(), t.report);
    }
  }

  function test_refusesReplay() public {
    configureApplication(4, 1, "first");
    Transmission memory t = reportOf(3, 5);
    succeed(transmitData(t));
    refuse(transmitData(t), ExampleApplication.StaleReport.selector);
    // By other oracles it is no newer.
    refuse(transmitData(reportOf(3, 10)), ExampleApplication.StaleReport.selector);
    refuse(transmitData(reportOf(2, 10)), ExampleApplication.StaleReport.selector);
    refuse(transmitData(reportOf(0, 10)), ExampleApplication.StaleReport.selector);
    // A later number than the one that was signed is no way around.
    t.seqNr = 4;
    refuse(transmitData(t), InvalidAttestationNumberOfSignatures.selector);
  }

  function test_refusesReportsOfOtherConfigurations() public {
    configureApplication(4, 1, "first");
    Transmission memory old = reportOf(3, 5);
    // The same oracles again.
    configureApplication(4, 1, "first");
    refuse(transmitData(old), ExampleApplication.WrongConfiguration.selector);
    old.configDigest = configDigest;
    refuse(transmitData(old), InvalidAttestationNumberOfSignatures.selector);
    succeed(transmitData(reportOf(1, 5)));
  }

  function test_refusesReportsOfOtherContracts() public {
    ExampleApplication one = application;
    configureApplication(4, 1, "first");
    Transmission memory t = reportOf(3, 5);
    setUp();
    configureApplication(4, 1, "first");
    assertNotEq(address(one), address(application));
    refuse(transmitData(t), ExampleApplication.WrongConfiguration.selector);
  }

  function test_refusesTooManyFaultyOracles() public {
    makeOracles(6, 2, "first");
    vm.expectRevert(ExampleApplication.TooManyFaultyOracles.selector);
    application.setConfig(6, 2, packed(keys), "");
    vm.expectRevert(ExampleApplication.TooManyFaultyOracles.selector);
    application.setConfig(6, 0, packed(keys), "");
  }

  function test_onlyTheOwnerConfigures() public {
    makeOracles(4, 1, "first");
    vm.prank(transmitter);
    vm.expectRevert("Only callable by owner");
    application.setConfig(4, 1, packed(keys), "");
  }

  function configureApplication(uint8 n, uint8 f, string memory generation) private {
    makeOracles(n, f, generation);
    vm.recordLogs();
    application.setConfig(n, f, packed(keys), "offchain");
    (configDigest,,,,,) = abi.decode(vm.getRecordedLogs()[0].data, (bytes32, uint32, uint8, uint8, bytes, bytes));
  }

  function reportOf(uint64 seqNr, uint256 mask) private view returns (Transmission memory t) {
    t = Transmission(configDigest, seqNr, abi.encode("report", seqNr), "");
    t.attestation = attestationOf(mask, hashOf(t));
  }
}
