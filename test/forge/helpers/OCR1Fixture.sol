// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Test} from "forge-std/Test.sol";

import {OffchainAggregator} from "ocr/ocr1/OffchainAggregator.sol";
import {Report, ReportContext, ReportLib} from "ocr/ocr1/Report.sol";
import {LinkTokenInterface} from "ocr/shared/interfaces/LinkTokenInterface.sol";
import {SimpleWriteAccessController} from "ocr/shared/access/SimpleWriteAccessController.sol";
import {LinkToken} from "../contracts/shared/LinkToken.sol";

/// @notice Everything that transmit takes.
struct OCR1Transmit {
  bytes report;
  bytes32[] rs;
  bytes32[] ss;
  bytes32 rawVs;
}

/// @title An OCR1 feed with oracles to play with
/// @notice Contracts are deployed from their artifacts: tests do not carry their bytecode, and a suite that is written once
/// runs for each contract with the same interface.
abstract contract OCR1Fixture is Test {
  int192 internal constant MIN_ANSWER = 1;
  int192 internal constant MAX_ANSWER = 1e18;
  uint64 internal constant ENCODED_CONFIG_VERSION = 1;

  /// @dev Gas that calls get. Not all there is: transmit refuses to reckon with 2^32 and more.
  uint256 internal constant CALL_GAS = 30_000_000;

  address internal owner = makeAddr("owner");
  address internal stranger = makeAddr("stranger");

  LinkTokenInterface internal link; // a LinkToken
  SimpleWriteAccessController internal billingController;
  SimpleWriteAccessController internal requesterController;
  OffchainAggregator internal aggregator;

  // The oracles of the current configuration.
  uint256[] internal signerKeys;
  address[] internal signers;
  address[] internal transmitters;
  address[] internal payees;
  uint8 internal faulty;

  /// @dev Epoch of the latest report that nextTransmit made.
  uint32 internal epoch;

  /// @dev Name of the contract under test.
  function contractName() internal view virtual returns (string memory) {
    return "OffchainAggregator";
  }

  function setUp() public virtual {
    vm.warp(1_700_000_000);
    vm.roll(1_000);
    vm.startPrank(owner);
    link = LinkTokenInterface(vm.deployCode("LinkToken.sol:LinkToken"));
    billingController =
      SimpleWriteAccessController(vm.deployCode("SimpleWriteAccessController.sol:SimpleWriteAccessController"));
    requesterController =
      SimpleWriteAccessController(vm.deployCode("SimpleWriteAccessController.sol:SimpleWriteAccessController"));
    aggregator = deployAggregator();
    vm.stopPrank();
  }

  /// @dev Prices of 2000 gwei at most, 100 gwei reasonable, 500 LINK for an ETH, 500 and 300 LINK gwei.
  function constructorArgs() internal view virtual returns (bytes memory) {
    return constructorArgsWith(billingController, requesterController);
  }

  function constructorArgsWith(SimpleWriteAccessController billing, SimpleWriteAccessController requester)
    internal
    view
    returns (bytes memory)
  {
    return bytes.concat(
      abi.encode(uint32(2000), uint32(100), uint32(500e6), uint32(500), uint32(300)),
      abi.encode(link, MIN_ANSWER, MAX_ANSWER, billing, requester, uint8(8)),
      // The offset of the string, its length, and the string.
      abi.encode(12 * 32, 13, bytes32("fixture / USD"))
    );
  }

  function deployAggregator() internal returns (OffchainAggregator) {
    string memory name = contractName();
    return OffchainAggregator(vm.deployCode(string.concat(name, ".sol:", name), constructorArgs()));
  }

  // ---------------------------------------------------------------- configuration

  /// @dev Makes n oracles the ones to configure next. Oracles of different generations have different keys.
  function makeOracles(uint256 n, uint8 f, string memory generation) internal {
    delete signerKeys;
    delete signers;
    delete transmitters;
    delete payees;
    faulty = f;
    for (uint256 i = 0; i < n; ++i) {
      uint256 key = uint256(keccak256(abi.encode(generation, i))) >> 1;
      signerKeys.push(key);
      signers.push(vm.addr(key));
      transmitters.push(derived(generation, "transmitter", i));
      payees.push(derived(generation, "payee", i));
    }
  }

  function derived(string memory generation, string memory role, uint256 i) internal pure returns (address) {
    return address(uint160(uint256(keccak256(abi.encode(generation, role, i)))));
  }

  /// @dev 500 bytes, none of them zero.
  function encodedConfig() internal pure returns (bytes memory config) {
    config = new bytes(500);
    for (uint256 i = 0; i < config.length; ++i) {
      config[i] = bytes1(uint8(1 + (i % 255)));
    }
  }

  function setConfigData() internal view returns (bytes memory) {
    return
      abi.encodeCall(aggregator.setConfig, (signers, transmitters, faulty, ENCODED_CONFIG_VERSION, encodedConfig()));
  }

  function namePayees() internal {
    vm.prank(owner);
    aggregator.setPayees(transmitters, payees);
  }

  /// @dev Puts the oracles in charge. Their payees must be known.
  function configure() internal {
    callAs(owner, setConfigData());
    epoch = 0;
  }

  /// @dev A feed that n oracles report to, with payees and prices, and with money to pay them.
  function start(uint256 n, uint8 f) internal {
    makeOracles(n, f, "first");
    namePayees();
    vm.prank(owner);
    link.transfer(address(aggregator), 1e24);
    configure();
  }

  // ---------------------------------------------------------------- reports

  /// @dev Ascending observations around 3.5e11, made by the oracles 0 to count-1. The context is yet to be filled in.
  function reportOf(uint256 count) internal pure returns (Report memory report) {
    report.observations = new int192[](count);
    uint256 observers;
    for (uint256 i = 0; i < count; ++i) {
      report.observations[i] = int192(int256(350_000_000_000 + 1_000 * i));
      if (i < 32) observers |= i << (8 * (31 - i));
    }
    report.rawObservers = bytes32(observers);
  }

  function digest() internal view returns (bytes16 configDigest) {
    (,, configDigest) = aggregator.latestConfigDetails();
  }

  function contextOf(uint32 epoch_, uint8 round) internal view returns (bytes32) {
    return bytes32(ReportLib.encodeContext(ReportContext(0, digest(), epoch_, round)));
  }

  /// @dev A report of all oracles, with that context.
  function encodedReport(uint32 epoch_, uint8 round) internal view returns (bytes memory) {
    Report memory report = reportOf(signers.length);
    report.rawReportContext = contextOf(epoch_, round);
    return ReportLib.encode(report);
  }

  /// @dev Signs a report with the keys of the oracles 0 to count-1.
  function signed(bytes memory report, uint256 count) internal view returns (OCR1Transmit memory t) {
    t.report = report;
    t.rs = new bytes32[](count);
    t.ss = new bytes32[](count);
    for (uint256 i = 0; i < count; ++i) {
      signInto(t, i, signerKeys[i % signerKeys.length]);
    }
  }

  /// @dev Makes signature i of t one with that key.
  function signInto(OCR1Transmit memory t, uint256 i, uint256 key) internal pure {
    (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(t.report));
    t.rs[i] = r;
    t.ss[i] = s;
    if (i < 32) setRecoveryId(t, i, v - 27);
  }

  function setRecoveryId(OCR1Transmit memory t, uint256 i, uint8 id) internal pure {
    uint256 shift = 8 * (31 - i);
    t.rawVs = bytes32((uint256(t.rawVs) & ~(uint256(0xff) << shift)) | (uint256(id) << shift));
  }

  /// @dev The next report, in round 1 of a new epoch, with the least number of signatures.
  function nextTransmit(Report memory report) internal returns (OCR1Transmit memory) {
    ++epoch;
    report.rawReportContext = contextOf(epoch, 1);
    return signed(ReportLib.encode(report), uint256(faulty) + 1);
  }

  function nextTransmit() internal returns (OCR1Transmit memory) {
    return nextTransmit(reportOf(signers.length));
  }

  function transmitData(OCR1Transmit memory t) internal view returns (bytes memory) {
    return abi.encodeCall(aggregator.transmit, (t.report, t.rs, t.ss, t.rawVs));
  }

  // ---------------------------------------------------------------- calls

  /// @dev Calls the aggregator and passes a revert on.
  function callAs(address from, bytes memory data) internal returns (bytes memory ret) {
    bool ok;
    (ok, ret) = tryAs(from, data);
    if (!ok) {
      assembly ("memory-safe") {
        revert(add(ret, 32), mload(ret))
      }
    }
  }

  /// @dev Calls the aggregator as an account that no contract stands behind.
  function tryAs(address from, bytes memory data) internal returns (bool, bytes memory) {
    vm.prank(from, from);
    return address(aggregator).call{gas: CALL_GAS}(data);
  }

  function transmitAs(address from, OCR1Transmit memory t) internal {
    callAs(from, transmitData(t));
  }

  function transmitNext() internal {
    transmitAs(transmitters[0], nextTransmit());
  }

  // ---------------------------------------------------------------- expectations

  /// @dev Calls the aggregator, which must fail with exactly that revert data and change nothing.
  function expectRevertData(address from, bytes memory data, bytes memory expected) internal {
    (bool ok, bytes memory ret) = tryAs(from, data);
    assertFalse(ok, "the call succeeded");
    assertEq(ret, expected, "revert data");
  }

  function expectReason(address from, bytes memory data, string memory reason) internal {
    expectRevertData(from, data, abi.encodeWithSignature("Error(string)", reason));
  }

  function expectTransmitReason(OCR1Transmit memory t, string memory reason) internal {
    expectReason(transmitters[0], transmitData(t), reason);
  }

  function setWord(bytes memory data, uint256 index, uint256 word) internal pure {
    assembly ("memory-safe") {
      mstore(add(add(data, 32), shl(5, index)), word)
    }
  }
}
