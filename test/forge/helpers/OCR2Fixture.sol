// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Test} from "forge-std/Test.sol";

import {OCR2Aggregator} from "ocr/ocr2/OCR2Aggregator.sol";
import {MedianReport, MedianReportLib} from "ocr/ocr2/MedianReport.sol";
import {OnchainConfig, OnchainConfigLib} from "ocr/ocr2/OnchainConfig.sol";
import {AccessControllerInterface} from "ocr/shared/interfaces/AccessControllerInterface.sol";
import {LinkTokenInterface} from "ocr/shared/interfaces/LinkTokenInterface.sol";
import {SimpleWriteAccessController} from "ocr/shared/access/SimpleWriteAccessController.sol";

/// @notice Everything that transmit takes.
struct Transmit {
  bytes32[3] reportContext;
  bytes report;
  bytes32[] rs;
  bytes32[] ss;
  bytes32 rawVs;
}

/// @title A feed with oracles to play with
/// @notice Contracts are deployed from their artifacts: tests do not carry their bytecode, and a suite that is written once
/// runs for each contract with the same interface.
abstract contract OCR2Fixture is Test {
  int192 internal constant MIN_ANSWER = 1;
  int192 internal constant MAX_ANSWER = 1e18;
  uint64 internal constant OFFCHAIN_CONFIG_VERSION = 2;

  /// @dev Gas that calls get. Not all there is: transmit refuses to reckon with more than 2^32.
  uint256 internal constant CALL_GAS = 30_000_000;

  address internal owner = makeAddr("owner");
  address internal stranger = makeAddr("stranger");

  LinkTokenInterface internal link;
  SimpleWriteAccessController internal billingController;
  SimpleWriteAccessController internal requesterController;
  OCR2Aggregator internal aggregator;

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
    return "OCR2Aggregator";
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

  function constructorArgs() internal view virtual returns (bytes memory) {
    return abi.encode(link, MIN_ANSWER, MAX_ANSWER, billingController, requesterController, uint8(8), "fixture / USD");
  }

  function deployAggregator() internal returns (OCR2Aggregator) {
    string memory name = contractName();
    return OCR2Aggregator(vm.deployCode(string.concat(name, ".sol:", name), constructorArgs()));
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

  function onchainConfig() internal pure returns (bytes memory) {
    return OnchainConfigLib.encode(OnchainConfig(1, MIN_ANSWER, MAX_ANSWER));
  }

  /// @dev 500 bytes, none of them zero.
  function offchainConfig() internal pure returns (bytes memory config) {
    config = new bytes(500);
    for (uint256 i = 0; i < config.length; ++i) {
      config[i] = bytes1(uint8(1 + (i % 255)));
    }
  }

  function setConfigData() internal view returns (bytes memory) {
    return abi.encodeCall(
      aggregator.setConfig, (signers, transmitters, faulty, onchainConfig(), OFFCHAIN_CONFIG_VERSION, offchainConfig())
    );
  }

  function configure() internal {
    callAs(owner, setConfigData());
    epoch = 0;
  }

  /// @dev A feed that n oracles report to, with payees and prices, and with money to pay them.
  function start(uint256 n, uint8 f) internal {
    makeOracles(n, f, "first");
    vm.startPrank(owner);
    aggregator.setPayees(transmitters, payees);
    aggregator.setBilling(2000, 100, 500, 300, 3000);
    link.transfer(address(aggregator), 1e24);
    vm.stopPrank();
    configure();
  }

  // ---------------------------------------------------------------- reports

  /// @dev Ascending observations around 3.5e11, made by the oracles 0 to count-1.
  function reportOf(uint256 count) internal view returns (MedianReport memory report) {
    report.observationsTimestamp = uint32(block.timestamp - 5);
    report.juelsPerFeeCoin = 150e18;
    report.observations = new int192[](count);
    uint256 observers;
    for (uint256 i = 0; i < count; ++i) {
      report.observations[i] = int192(int256(350_000_000_000 + 1_000 * i));
      if (i < 32) observers |= i << (8 * (31 - i));
    }
    report.rawObservers = bytes32(observers);
  }

  function digest() internal view returns (bytes32 configDigest) {
    (,, configDigest) = aggregator.latestConfigDetails();
  }

  function contextOf(uint32 epoch_, uint8 round) internal view returns (bytes32[3] memory) {
    return [digest(), bytes32((uint256(epoch_) << 8) | round), bytes32(0)];
  }

  /// @dev Signs a report with the keys of the oracles 0 to count-1.
  function signed(bytes32[3] memory reportContext, bytes memory report, uint256 count)
    internal
    view
    returns (Transmit memory t)
  {
    t.reportContext = reportContext;
    t.report = report;
    t.rs = new bytes32[](count);
    t.ss = new bytes32[](count);
    for (uint256 i = 0; i < count; ++i) {
      signInto(t, i, signerKeys[i]);
    }
  }

  /// @dev Makes signature i of t one with that key.
  function signInto(Transmit memory t, uint256 i, uint256 key) internal pure {
    bytes32 hash = keccak256(abi.encodePacked(keccak256(t.report), t.reportContext));
    (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, hash);
    t.rs[i] = r;
    t.ss[i] = s;
    uint256 shift = 8 * (31 - i);
    t.rawVs = bytes32((uint256(t.rawVs) & ~(uint256(0xff) << shift)) | (uint256(v - 27) << shift));
  }

  /// @dev The next report, in round 1 of a new epoch, with the right number of signatures.
  function nextTransmit(MedianReport memory report) internal returns (Transmit memory) {
    ++epoch;
    return signed(contextOf(epoch, 1), MedianReportLib.encode(report), uint256(faulty) + 1);
  }

  function nextTransmit() internal returns (Transmit memory) {
    return nextTransmit(reportOf(signers.length));
  }

  function transmitData(Transmit memory t) internal view returns (bytes memory) {
    return abi.encodeCall(aggregator.transmit, (t.reportContext, t.report, t.rs, t.ss, t.rawVs));
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

  function transmitAs(address from, Transmit memory t) internal {
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

  function expectOverflow(address from, bytes memory data) internal {
    expectRevertData(from, data, abi.encodeWithSignature("Panic(uint256)", 0x11));
  }
}
