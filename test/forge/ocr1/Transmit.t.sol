// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Vm} from "forge-std/Vm.sol";

import {Report, ReportLib} from "ocr/ocr1/Report.sol";
import {OCR1OracleInterface} from "ocr/ocr1/interfaces/OCR1OracleInterface.sol";
import {AggregatorInterface} from "ocr/shared/interfaces/AggregatorInterface.sol";
import {AggregatorValidatorInterface} from "ocr/shared/interfaces/AggregatorValidatorInterface.sol";
import {TestValidator} from "../contracts/shared/TestValidator.sol";
import {BurningValidator, RevertingValidator} from "../helpers/Misbehaviour.sol";
import {OCR1Fixture, OCR1Transmit} from "../helpers/OCR1Fixture.sol";

/// @notice A validator that is a transmitter too, and sends another report while it is shown the first.
contract TransmittingValidator {
  address private s_aggregator;
  bytes private s_data;
  bytes public result;
  bool public succeeded;

  function prepare(address aggregator, bytes calldata data) external {
    s_aggregator = aggregator;
    s_data = data;
  }

  fallback() external {
    (succeeded, result) = s_aggregator.call(s_data);
  }
}

/// @title transmit: what is accepted, what is refused and why, in which order
abstract contract OCR1TransmitSuite is OCR1Fixture {
  function setUp() public virtual override {
    super.setUp();
    start(4, 1);
  }

  // ---------------------------------------------------------------- accepted

  function test_accepts() public {
    Report memory report = reportOf(4);
    OCR1Transmit memory t = nextTransmit(report);
    expectAccepted(1, report.observations[2], transmitters[3], report.observations, hex"00010203", contextOf(1, 1));
    transmitAs(transmitters[3], t);

    (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) = roundData(1);
    assertEq(id, 1);
    assertEq(answer, report.observations[2]);
    assertEq(startedAt, block.timestamp);
    assertEq(updatedAt, block.timestamp);
    assertEq(answeredIn, 1);
  }

  /// @dev Any report that honest oracles may send, of any size that the protocol allows, with any number of signatures.
  function testFuzz_accepts(
    uint8 nSeed,
    uint8 countSeed,
    uint8 signatures,
    uint8 sender,
    uint256 shuffle,
    int192[31] memory values
  ) public {
    uint256 n = bound(nSeed, 4, 31);
    makeOracles(n, uint8((n - 1) / 3), "fuzzed");
    namePayees();
    configure();
    Report memory report;
    report.observations = new int192[](bound(countSeed, 2 * uint256(faulty) + 1, 31));
    uint256 k = report.observations.length;
    uint256 middle = k / 2;
    for (uint256 i = 0; i < k; ++i) {
      report.observations[i] = values[i];
    }
    sort(report.observations);
    // The middle is put into range, and its neighbours where they still are in order.
    int192 median = int192(bound(report.observations[middle], MIN_ANSWER, MAX_ANSWER));
    for (uint256 i = 0; i < k; ++i) {
      int192 value = report.observations[i];
      if ((i <= middle && value > median) || (i >= middle && value < median)) report.observations[i] = median;
    }
    report.observations[middle] = median;
    bytes memory observers = shuffled(shuffle, k);
    report.rawObservers = bytes32(observers);

    report.rawReportContext = contextOf(1, 1);
    OCR1Transmit memory t = signed(ReportLib.encode(report), bound(signatures, uint256(faulty) + 1, n));
    address transmitter = transmitters[sender % n];
    expectAccepted(1, median, transmitter, report.observations, observers, report.rawReportContext);
    transmitAs(transmitter, t);
    (, int256 answer,,,) = roundData(1);
    assertEq(answer, median);
    for (uint256 i = 0; i < n; ++i) {
      assertEq(aggregator.oracleObservationCount(transmitters[i]), contains(observers, i) ? 1 : 0);
    }
  }

  /// @dev Signatures may come in any order and from any oracles, as long as there are enough.
  function testFuzz_acceptsAnySigners(uint256 a, uint256 b) public {
    a = bound(a, 0, 3);
    b = bound(b, 0, 3);
    vm.assume(a != b);
    OCR1Transmit memory t = nextTransmit();
    signInto(t, 0, signerKeys[a]);
    signInto(t, 1, signerKeys[b]);
    transmitAs(transmitters[1], t);
    assertEq(latestRound(), 1);
  }

  function test_acceptsMoreSignaturesThanNeeded() public {
    transmitAs(transmitters[0], signed(encodedReport(1, 1), 3));
    transmitAs(transmitters[0], signed(encodedReport(2, 1), 4));
    assertEq(latestRound(), 2);
  }

  /// @dev The transmitter is whoever calls, not whoever sent the transaction: it may be a contract.
  function test_acceptsFromContracts() public {
    Report memory report = reportOf(4);
    bytes memory data = transmitData(nextTransmit(report));
    vm.prank(stranger, transmitters[1]);
    (bool ok,) = address(aggregator).call{gas: CALL_GAS}(data);
    assertFalse(ok, "the origin transmits");
    expectAccepted(1, report.observations[2], transmitters[1], report.observations, hex"00010203", contextOf(1, 1));
    vm.prank(transmitters[1], stranger);
    (ok,) = address(aggregator).call{gas: CALL_GAS}(data);
    assertTrue(ok);
  }

  /// @dev What is above the digest in the context, and behind the last observer, is only signed.
  function test_acceptsPadding() public {
    Report memory report = reportOf(4);
    report.rawReportContext = contextOf(1, 1) | bytes32(bytes11(type(uint88).max));
    report.rawObservers |= bytes32(uint256(type(uint224).max));
    expectAccepted(
      1, report.observations[2], transmitters[0], report.observations, hex"00010203", report.rawReportContext
    );
    transmitAs(transmitters[0], signed(ReportLib.encode(report), 2));
  }

  function test_acceptsTrailingWords() public {
    bytes memory report = bytes.concat(encodedReport(1, 1), new bytes(320));
    Report memory expected = reportOf(4);
    expectAccepted(1, expected.observations[2], transmitters[0], expected.observations, hex"00010203", contextOf(1, 1));
    transmitAs(transmitters[0], signed(report, 2));
  }

  /// @dev Observations may be anywhere in the report. Here they are behind other words, at an odd place.
  function testFuzz_acceptsAnyOffset(uint16 gap, uint8 k) public {
    bytes memory padding = new bytes(gap % 2000);
    int192[] memory observations = reportOf(bound(k, 3, 31)).observations;
    bytes memory report = bytes.concat(
      contextOf(1, 1), reportOf(31).rawObservers, bytes32(96 + padding.length), padding, bytes32(observations.length)
    );
    for (uint256 i = 0; i < observations.length; ++i) {
      report = bytes.concat(report, bytes32(uint256(int256(observations[i]))));
    }
    // Bytes of calldata come in words.
    report = bytes.concat(report, new bytes((32 - (report.length % 32)) % 32));
    bytes memory observers = new bytes(observations.length);
    for (uint256 i = 0; i < observers.length; ++i) {
      observers[i] = bytes1(uint8(i));
    }
    int192 median = observations[observations.length / 2];
    expectAccepted(1, median, transmitters[0], observations, observers, contextOf(1, 1));
    transmitAs(transmitters[0], signed(report, 2));
  }

  /// @dev The array may even overlap the head: its length is what is meant to be rawObservers.
  function test_acceptsOverlappingLayout() public {
    bytes memory report = bytes.concat(
      contextOf(1, 1),
      bytes32(uint256(3)), // rawObservers, and the length of the observations: observers 0, 0, 0 ... refused
      bytes32(uint256(32)),
      bytes32(uint256(7)),
      bytes32(uint256(9))
    );
    // Three times observer 0: refused, but for that reason and no other.
    expectTransmitReason(signed(report, 2), "observer index repeated");
  }

  /// @dev An observation is the lower 192 bits of its word. What is above is logged as it is.
  function test_acceptsWideWords() public {
    bytes memory report = encodedReport(1, 1);
    uint256 dirt = uint256(0xdead) << 192;
    setWord(report, 4, uint256(uint192(int192(-5))) | dirt);
    setWord(report, 6, 350_000_002_000 | dirt);
    vm.recordLogs();
    transmitAs(transmitters[0], signed(report, 2));
    (, int256 answer,,,) = roundData(1);
    assertEq(answer, 350_000_002_000);
    Vm.Log[] memory logs = vm.getRecordedLogs();
    // Head of five words, number of observations, observations.
    assertEq(wordOf(logs[0].data, 6), uint256(uint192(int192(-5))) | dirt);
    assertEq(wordOf(logs[0].data, 8), 350_000_002_000 | dirt);
    assertEq(wordOf(logs[0].data, 0), 350_000_002_000);
  }

  /// @dev Indices that no oracle has are credited all the same, if an oracle could have them.
  function test_acceptsObserversBeyondTheOracles() public {
    Report memory report = reportOf(4);
    report.rawObservers = bytes32(bytes4(0x1e040001));
    transmitAs(transmitters[0], nextTransmit(report));
    assertEq(aggregator.oracleObservationCount(transmitters[1]), 1);
    assertEq(aggregator.oracleObservationCount(transmitters[2]), 0);
  }

  function test_ordersEpochAndRound() public {
    transmitAs(transmitters[0], signed(encodedReport(5, 3), 2));
    expectStale(5, 3);
    expectStale(5, 2);
    expectStale(4, 255);
    transmitAs(transmitters[0], signed(encodedReport(5, 4), 2));
    transmitAs(transmitters[0], signed(encodedReport(6, 0), 2));
    transmitAs(transmitters[0], signed(encodedReport(type(uint32).max, 255), 2));
    assertEq(latestRound(), 4);
  }

  // ---------------------------------------------------------------- refused

  function test_refusesEpochAndRoundZero() public {
    expectStale(0, 0);
  }

  function test_refusesStrangers() public {
    bytes memory data = transmitData(nextTransmit());
    expectReason(stranger, data, "unauthorized transmitter");
    expectReason(signers[0], data, "unauthorized transmitter");
    expectReason(address(0), data, "unauthorized transmitter");
  }

  function test_refusesOtherDigest() public {
    Report memory report = reportOf(4);
    for (uint256 bit = 40; bit < 168; bit += 127) {
      report.rawReportContext = contextOf(1, 1) ^ bytes32(uint256(1) << bit);
      expectTransmitReason(signed(ReportLib.encode(report), 2), "configDigest mismatch");
    }
  }

  function test_refusesTrailingCalldata() public {
    bytes memory data = bytes.concat(transmitData(nextTransmit()), hex"00");
    expectReason(transmitters[0], data, "transmit message too long");
  }

  function test_refusesShortCalldata() public {
    bytes memory data = transmitData(nextTransmit());
    assembly ("memory-safe") {
      mstore(data, sub(mload(data), 1))
    }
    expectRevertData(transmitters[0], data, "");
  }

  /// @dev Bytes of calldata come in words: a report that does not fill them is followed by padding, and that is too much.
  function test_refusesReportsOfOddLength() public {
    expectTransmitReason(signed(bytes.concat(encodedReport(1, 1), hex"00"), 2), "transmit message too long");
  }

  function test_refusesWrongNumberOfSignatures() public {
    bytes memory report = encodedReport(1, 1);
    expectTransmitReason(signed(report, 0), "not enough signatures");
    expectTransmitReason(signed(report, 1), "not enough signatures");
    expectTransmitReason(signed(report, 32), "too many signatures");
    expectTransmitReason(signed(report, 33), "too many signatures");
    // 31 are not too many, but they are not of 31 signers.
    expectTransmitReason(signed(report, 31), "non-unique signature");
  }

  function test_refusesUnequalSignatureHalves() public {
    OCR1Transmit memory t = nextTransmit();
    t.ss = new bytes32[](3);
    expectTransmitReason(t, "signatures out of registration");
    t.ss = new bytes32[](1);
    expectTransmitReason(t, "signatures out of registration");
  }

  function test_refusesUnknownSigner() public {
    OCR1Transmit memory t = nextTransmit();
    signInto(t, 1, uint256(keccak256("nobody")));
    expectTransmitReason(t, "address not authorized to sign");
  }

  /// @dev A transmitter has no right to sign, although it is in the configuration.
  function test_refusesTransmittersAsSigners() public {
    uint256 key = uint256(keccak256("both"));
    makeOracles(4, 1, "second");
    transmitters[1] = vm.addr(key);
    namePayees();
    configure();
    OCR1Transmit memory t = nextTransmit();
    signInto(t, 1, key);
    expectTransmitReason(t, "address not authorized to sign");
  }

  function testFuzz_refusesGarbageSignatures(bytes32 r, bytes32 s, uint8 v) public {
    OCR1Transmit memory t = nextTransmit();
    t.rs[1] = r;
    t.ss[1] = s;
    setRecoveryId(t, 1, v);
    expectTransmitReason(t, "address not authorized to sign");
  }

  /// @dev 27 and 28 are what other contracts want.
  function testFuzz_refusesOtherRecoveryIds(uint8 v) public {
    vm.assume(v > 1);
    OCR1Transmit memory t = nextTransmit();
    setRecoveryId(t, 0, v);
    expectTransmitReason(t, "address not authorized to sign");
  }

  function test_refusesRepeatedSigner() public {
    OCR1Transmit memory t = nextTransmit();
    signInto(t, 1, signerKeys[0]);
    expectTransmitReason(t, "non-unique signature");
  }

  /// @dev The other form of a signature is as good, and does not count twice.
  function test_treatsMirroredSignaturesAlike() public {
    OCR1Transmit memory t = nextTransmit();
    t.rs[1] = t.rs[0];
    t.ss[1] = bytes32(0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - uint256(t.ss[0]));
    setRecoveryId(t, 1, uint8(t.rawVs[0]) ^ 1);
    expectTransmitReason(t, "non-unique signature");
    signInto(t, 0, signerKeys[3]);
    transmitAs(transmitters[0], t);
  }

  /// @dev All signers are remembered, not just the one before.
  function test_refusesRepeatedSignerFurtherBack() public {
    makeOracles(31, 10, "many");
    namePayees();
    configure();
    OCR1Transmit memory t = nextTransmit(reportOf(31));
    signInto(t, 10, signerKeys[0]);
    expectTransmitReason(t, "non-unique signature");
    signInto(t, 10, signerKeys[30]);
    transmitAs(transmitters[0], t);
  }

  /// @dev Whichever fault is first is reported.
  function test_refusesTheFirstBadSignature() public {
    makeOracles(7, 2, "seven");
    namePayees();
    configure();
    OCR1Transmit memory t = nextTransmit(reportOf(7));
    signInto(t, 1, signerKeys[0]);
    signInto(t, 2, uint256(keccak256("nobody")));
    expectTransmitReason(t, "non-unique signature");
    signInto(t, 0, uint256(keccak256("nobody")));
    expectTransmitReason(t, "address not authorized to sign");
  }

  function test_refusesMalformedReports() public {
    expectMalformed("");
    expectMalformed(new bytes(64));
    expectMalformed(new bytes(32));
    bytes memory report = encodedReport(1, 1);
    setWord(report, 2, report.length);
    expectMalformed(report); // offset: no room for the length
    setWord(report, 2, report.length - 31);
    expectMalformed(report);
    setWord(report, 2, report.length + 1);
    expectMalformed(report);
    setWord(report, 2, type(uint256).max);
    expectMalformed(report);
    setWord(report, 2, type(uint256).max - 31);
    expectMalformed(report);
    report = encodedReport(1, 1);
    setWord(report, 3, 5);
    expectMalformed(report); // number of observations
    setWord(report, 3, (uint256(1) << 251) | 4);
    expectMalformed(report); // times 32, in 256 bits, it is right
    setWord(report, 3, type(uint256).max);
    expectMalformed(report);
    // The last place where an array can be, and it is empty: well-formed.
    report = bytes.concat(encodedReport(1, 1), bytes32(0));
    setWord(report, 2, report.length - 32);
    expectTransmitReason(signed(report, 2), "too few values to trust median");
  }

  function test_refusesTooManyObservations() public {
    expectTransmitReason(nextTransmit(reportOf(32)), "num observations out of bounds");
    expectTransmitReason(nextTransmit(reportOf(300)), "num observations out of bounds");
  }

  function test_refusesTooFewObservations() public {
    expectTransmitReason(nextTransmit(reportOf(2)), "too few values to trust median");
    expectTransmitReason(nextTransmit(reportOf(0)), "too few values to trust median");
    transmitAs(transmitters[0], nextTransmit(reportOf(3)));
  }

  function testFuzz_refusesRepeatedObservers(uint8 k, uint8 a, uint8 b) public {
    Report memory report = reportOf(bound(k, 3, 31));
    k = uint8(report.observations.length);
    vm.assume(a % k != b % k);
    uint256 shift = 8 * (31 - (a % k));
    report.rawObservers =
      bytes32((uint256(report.rawObservers) & ~(uint256(0xff) << shift)) | (uint256(b % k) << shift));
    expectTransmitReason(nextTransmit(report), "observer index repeated");
  }

  function testFuzz_refusesObserversOutOfBounds(uint8 k, uint8 place, uint8 observer) public {
    observer = uint8(bound(observer, 31, 255));
    Report memory report = reportOf(bound(k, 3, 31));
    uint256 shift = 8 * (31 - (place % report.observations.length));
    report.rawObservers =
      bytes32((uint256(report.rawObservers) & ~(uint256(0xff) << shift)) | (uint256(observer) << shift));
    expectTransmitReason(nextTransmit(report), "observer index out of bounds");
  }

  /// @dev Wherever two neighbours are in the wrong order, it is noticed; equal ones are in order.
  function testFuzz_refusesUnsorted(uint8 k, uint8 place, int192 value) public {
    Report memory report = reportOf(bound(k, 3, 31));
    uint256 i = 1 + (place % (report.observations.length - 1));
    report.observations[i] = report.observations[i - 1];
    OCR1Transmit memory t = nextTransmit(report);
    report.observations[i] = int192(bound(value, type(int192).min, report.observations[i - 1] - 1));
    expectTransmitReason(nextTransmit(report), "observations not sorted");
    transmitAs(transmitters[0], t);
  }

  function test_refusesAnswersOutOfRange() public {
    Report memory report = reportOf(3);
    report.observations[0] = MIN_ANSWER - 1;
    report.observations[1] = MIN_ANSWER - 1;
    expectTransmitReason(nextTransmit(report), "median is out of min-max range");
    report.observations[1] = MIN_ANSWER;
    transmitAs(transmitters[0], nextTransmit(report));
    report.observations[1] = MAX_ANSWER;
    report.observations[2] = MAX_ANSWER + 1;
    transmitAs(transmitters[0], nextTransmit(report));
    report.observations[1] = MAX_ANSWER + 1;
    expectTransmitReason(nextTransmit(report), "median is out of min-max range");
    // Of an even number of observations the upper one of the two in the middle counts.
    report = reportOf(4);
    report.observations[0] = MIN_ANSWER - 1;
    report.observations[1] = MIN_ANSWER - 1;
    transmitAs(transmitters[0], nextTransmit(report));
    assertEq(latestAnswer(), report.observations[2]);
  }

  function test_refusesReportsOfAnOldConfiguration() public {
    OCR1Transmit memory t = nextTransmit();
    makeOracles(4, 1, "second");
    namePayees();
    configure();
    expectReason(transmitters[0], transmitData(t), "configDigest mismatch");
  }

  /// @dev Everything is wrong at first. Whenever what is complained about is put right, the next complaint comes.
  function test_refusesInOrder() public {
    uint256 nobody = uint256(keccak256("nobody"));
    Report memory report = reportOf(32);
    report.observations[0] = MAX_ANSWER;
    report.rawObservers = 0;
    bytes memory encoded = ReportLib.encode(report);
    setWord(encoded, 3, 33);
    OCR1Transmit memory t = signed(encoded, 1);
    t.ss = new bytes32[](40);
    expectReason(stranger, bytes.concat(transmitData(t), hex"00"), "transmit message too long");
    expectRevertData(stranger, transmitData(t), "");
    t.report = ReportLib.encode(report);
    expectReason(stranger, transmitData(t), "configDigest mismatch");
    report.rawReportContext = contextOf(0, 0);
    t.report = ReportLib.encode(report);
    expectReason(stranger, transmitData(t), "stale report");
    report.rawReportContext = contextOf(0, 1);
    t.report = ReportLib.encode(report);
    expectReason(stranger, transmitData(t), "not enough signatures");
    t.rs = new bytes32[](32);
    expectReason(stranger, transmitData(t), "too many signatures");
    t.rs = new bytes32[](3);
    expectReason(stranger, transmitData(t), "signatures out of registration");
    t.ss = new bytes32[](3);
    expectReason(stranger, transmitData(t), "num observations out of bounds");
    int192[] memory observations = report.observations;
    report.observations = new int192[](2);
    t.report = ReportLib.encode(report);
    expectReason(stranger, transmitData(t), "too few values to trust median");
    assembly ("memory-safe") {
      mstore(observations, 31)
    }
    report.observations = observations;
    t.report = ReportLib.encode(report);
    expectReason(stranger, transmitData(t), "observer index repeated");
    report.rawObservers = reportOf(31).rawObservers | bytes32(uint256(0xff) << 8);
    t.report = ReportLib.encode(report);
    expectReason(stranger, transmitData(t), "observer index out of bounds");
    report.rawObservers = reportOf(31).rawObservers;
    t.report = ReportLib.encode(report);
    expectReason(stranger, transmitData(t), "unauthorized transmitter");
    expectTransmitReason(t, "address not authorized to sign");
    signInto(t, 0, signerKeys[0]);
    signInto(t, 1, signerKeys[0]);
    signInto(t, 2, nobody);
    expectTransmitReason(t, "non-unique signature");
    expectTransmitReason(signed(t.report, 3), "observations not sorted");
    report.observations[0] = 0;
    report.observations[15] = 0;
    for (uint256 i = 0; i < 31; ++i) {
      report.observations[i] = 0;
    }
    expectTransmitReason(signed(ReportLib.encode(report), 3), "median is out of min-max range");
  }

  // ---------------------------------------------------------------- validator

  function test_showsAnswersToTheValidator() public {
    TestValidator validator = TestValidator(vm.deployCode("TestValidator.sol:TestValidator"));
    setValidator(address(validator), 100_000);
    transmitNext();
    Report memory report = reportOf(4);
    report.observations[2] += 1;
    vm.expectCall(
      address(validator),
      0,
      100_000,
      abi.encodeCall(AggregatorValidatorInterface.validate, (1, latestAnswer(), 2, report.observations[2]))
    );
    transmitAs(transmitters[0], nextTransmit(report));
    assertEq(validator.latestRoundId(), 2);
    configure();
    transmitNext();
    assertEq(validator.latestRoundId(), 3, "with the next configuration");
    callAs(owner, abi.encodeCall(aggregator.setBilling, (1, 1, 1, 1, 1)));
    transmitNext();
    assertEq(validator.latestRoundId(), 4, "with the next prices");
    setValidator(address(0), 7);
    vm.expectCall(address(0), "", 0);
    transmitNext();
    assertEq(validator.latestRoundId(), 4);
  }

  function test_doesNotDependOnTheValidator() public {
    setValidator(address(new RevertingValidator()), 100_000);
    transmitNext();
    setValidator(address(new BurningValidator()), 100_000);
    transmitNext();
    setValidator(stranger, 100_000);
    transmitNext();
    assertEq(latestRound(), 3);
  }

  function test_givesTheValidatorItsGasOrReverts() public {
    TestValidator validator = TestValidator(vm.deployCode("TestValidator.sol:TestValidator"));
    setValidator(address(validator), 2_000_000);
    bytes memory data = transmitData(nextTransmit());
    vm.prank(transmitters[0], transmitters[0]);
    (bool ok, bytes memory ret) = address(aggregator).call{gas: 1_500_000}(data);
    assertFalse(ok);
    assertEq(ret, abi.encodeWithSignature("Error(string)", "insufficient gas"));
    assertEq(validator.latestRoundId(), 0);
  }

  /// @dev With the least gas that a transmission goes through with, the validator still gets all of its own.
  function test_givesTheValidatorItsGasToTheLastUnit() public {
    TestValidator validator = TestValidator(vm.deployCode("TestValidator.sol:TestValidator"));
    setValidator(address(validator), 2_000_000);
    transmitNext();
    bytes memory data = transmitData(nextTransmit());
    (, uint256 expected) = validatorGas(data, CALL_GAS);
    assertGt(expected, 1_999_000);
    (uint256 tooLittle, uint256 enough) = (2_000_000, 3_000_000);
    while (enough - tooLittle > 1) {
      uint256 gas = (tooLittle + enough) / 2;
      (bool ok, uint256 seen) = validatorGas(data, gas);
      if (!ok) {
        tooLittle = gas;
        continue;
      }
      enough = gas;
      assertEq(seen, expected, "gas of the validator");
    }
    // It was the validator that the gas did not suffice for, nothing after it.
    vm.prank(transmitters[0], transmitters[0]);
    (, bytes memory ret) = address(aggregator).call{gas: tooLittle}(data);
    assertEq(ret, abi.encodeWithSignature("Error(string)", "insufficient gas"));
  }

  /// @dev State is stored before the validator is called: even if it transmits itself, no report is accepted twice and no
  /// round is overwritten.
  function test_validatorsThatTransmit() public {
    TransmittingValidator validator = new TransmittingValidator();
    makeOracles(4, 1, "second");
    transmitters[1] = address(validator);
    namePayees();
    configure();
    setValidator(address(validator), 1_000_000);
    OCR1Transmit memory t = nextTransmit();
    validator.prepare(address(aggregator), transmitData(t));
    transmitAs(transmitters[0], t);
    assertFalse(validator.succeeded());
    assertEq(validator.result(), abi.encodeWithSignature("Error(string)", "stale report"));
    assertEq(latestRound(), 1);
    assertEq(aggregator.oracleObservationCount(transmitters[0]), 1);
  }

  // ---------------------------------------------------------------- helpers

  /// @dev Tries a transmission with that gas, and undoes it. Tells the gas that the validator began with.
  function validatorGas(bytes memory data, uint256 gas) internal returns (bool ok, uint256 seen) {
    uint256 before = vm.snapshotState();
    vm.recordLogs();
    vm.prank(transmitters[0], transmitters[0]);
    (ok,) = address(aggregator).call{gas: gas}(data);
    Vm.Log[] memory logs = vm.getRecordedLogs();
    for (uint256 i = 0; i < logs.length; ++i) {
      if (logs[i].topics[0] != TestValidator.Validated.selector) continue;
      (,,,, seen) = abi.decode(logs[i].data, (uint256, int256, uint256, int256, uint256));
    }
    vm.revertToState(before);
  }

  function expectAccepted(
    uint32 roundId,
    int192 answer,
    address transmitter,
    int192[] memory observations,
    bytes memory observers,
    bytes32 rawReportContext
  ) internal {
    vm.expectEmit(address(aggregator));
    emit OCR1OracleInterface.NewTransmission(roundId, answer, transmitter, observations, observers, rawReportContext);
    vm.expectEmit(address(aggregator));
    emit AggregatorInterface.NewRound(roundId, address(0), block.timestamp);
    vm.expectEmit(address(aggregator));
    emit AggregatorInterface.AnswerUpdated(answer, roundId, block.timestamp);
  }

  /// @dev The first k of the numbers 0 to 30 in a random order.
  function shuffled(uint256 seed, uint256 k) internal pure returns (bytes memory some) {
    bytes memory all = new bytes(31);
    for (uint256 i = 0; i < 31; ++i) {
      all[i] = bytes1(uint8(i));
    }
    some = new bytes(k);
    for (uint256 i = 0; i < k; ++i) {
      seed = uint256(keccak256(abi.encode(seed)));
      uint256 j = i + (seed % (31 - i));
      (all[i], all[j]) = (all[j], all[i]);
      some[i] = all[i];
    }
  }

  function contains(bytes memory list, uint256 value) internal pure returns (bool) {
    for (uint256 i = 0; i < list.length; ++i) {
      if (uint8(list[i]) == value) return true;
    }
    return false;
  }

  function sort(int192[] memory values) internal pure {
    for (uint256 i = 1; i < values.length; ++i) {
      for (uint256 j = i; j > 0 && values[j] < values[j - 1]; --j) {
        (values[j], values[j - 1]) = (values[j - 1], values[j]);
      }
    }
  }

  function wordOf(bytes memory data, uint256 index) internal pure returns (uint256 word) {
    assembly ("memory-safe") {
      word := mload(add(add(data, 32), shl(5, index)))
    }
  }

  function roundData(uint80 id) internal returns (uint80, int256, uint256, uint256, uint80) {
    vm.prank(stranger, stranger);
    return aggregator.getRoundData(id);
  }

  function latestRound() internal returns (uint256) {
    vm.prank(stranger, stranger);
    return aggregator.latestRound();
  }

  function latestAnswer() internal returns (int256) {
    vm.prank(stranger, stranger);
    return aggregator.latestAnswer();
  }

  function setValidator(address validator, uint32 gas) internal {
    vm.prank(owner);
    aggregator.setValidatorConfig(AggregatorValidatorInterface(validator), gas);
  }

  function expectStale(uint32 epoch_, uint8 round) internal {
    expectTransmitReason(signed(encodedReport(epoch_, round), 2), "stale report");
  }

  function expectMalformed(bytes memory report) internal {
    expectRevertData(transmitters[0], transmitData(signed(report, 2)), "");
  }
}

contract OCR1TransmitTest is OCR1TransmitSuite {}

contract AccessControlledOCR1TransmitTest is OCR1TransmitSuite {
  function contractName() internal pure override returns (string memory) {
    return "AccessControlledOffchainAggregator";
  }
}
