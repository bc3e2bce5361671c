// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Vm} from "forge-std/Vm.sol";

import {MedianReport, MedianReportLib} from "ocr/ocr2/MedianReport.sol";
import {OCR2FeedInterface} from "ocr/ocr2/interfaces/OCR2FeedInterface.sol";
import {AggregatorInterface} from "ocr/shared/interfaces/AggregatorInterface.sol";
import {AggregatorValidatorInterface} from "ocr/shared/interfaces/AggregatorValidatorInterface.sol";
import {TestValidator} from "../contracts/shared/TestValidator.sol";
import {BurningValidator, RevertingValidator} from "../helpers/Misbehaviour.sol";
import {OCR2Fixture, Transmit} from "../helpers/OCR2Fixture.sol";

/// @title transmit: what is accepted, what is refused and why, in which order
abstract contract TransmitSuite is OCR2Fixture {
  function setUp() public virtual override {
    super.setUp();
    start(4, 1);
  }

  // ---------------------------------------------------------------- accepted

  function test_accepts() public {
    MedianReport memory report = reportOf(4);
    Transmit memory t = nextTransmit(report);
    vm.expectEmit(address(aggregator));
    emit OCR2FeedInterface.NewTransmission(
      1,
      report.observations[2],
      transmitters[3],
      report.observationsTimestamp,
      report.observations,
      hex"00010203",
      report.juelsPerFeeCoin,
      digest(),
      (1 << 8) | 1
    );
    vm.expectEmit(address(aggregator));
    emit AggregatorInterface.NewRound(1, address(0), report.observationsTimestamp);
    vm.expectEmit(address(aggregator));
    emit AggregatorInterface.AnswerUpdated(report.observations[2], 1, block.timestamp);
    transmitAs(transmitters[3], t);

    (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) = roundData(1);
    assertEq(id, 1);
    assertEq(answer, report.observations[2]);
    assertEq(startedAt, report.observationsTimestamp);
    assertEq(updatedAt, block.timestamp);
    assertEq(answeredIn, 1);
    (,, uint32 epoch_) = aggregator.latestConfigDigestAndEpoch();
    assertEq(epoch_, 1);
  }

  /// @dev Any report that honest oracles may send, of any size that the protocol allows.
  function testFuzz_accepts(
    uint8 nSeed,
    uint8 countSeed,
    uint8 sender,
    uint32 observedAt,
    bytes32 rawObservers,
    int192 juels,
    int192[31] memory values
  ) public {
    uint256 n = bound(nSeed, 4, 31);
    uint8 f = uint8((n - 1) / 3);
    makeOracles(n, f, "fuzzed");
    configure();
    MedianReport memory report;
    report.observationsTimestamp = observedAt;
    report.rawObservers = rawObservers;
    report.juelsPerFeeCoin = juels;
    report.observations = new int192[](bound(countSeed, f + 1, 31));
    for (uint256 i = 0; i < report.observations.length; ++i) {
      report.observations[i] = values[i];
    }
    int192 median = int192(bound(values[report.observations.length / 2], MIN_ANSWER, MAX_ANSWER));
    report.observations[report.observations.length / 2] = median;

    bytes memory observers = new bytes(report.observations.length);
    for (uint256 i = 0; i < observers.length; ++i) {
      observers[i] = rawObservers[i];
    }
    Transmit memory t = nextTransmit(report);
    address transmitter = transmitters[sender % n];
    vm.expectEmit(address(aggregator));
    emit OCR2FeedInterface.NewTransmission(
      1, median, transmitter, observedAt, report.observations, observers, juels, digest(), (uint40(epoch) << 8) | 1
    );
    transmitAs(transmitter, t);
    (, int256 answer, uint256 startedAt,,) = roundData(1);
    assertEq(answer, median);
    assertEq(startedAt, observedAt);
  }

  /// @dev Signatures may come in any order and from any f+1 oracles.
  function testFuzz_acceptsAnySigners(uint256 a, uint256 b) public {
    a = bound(a, 0, 3);
    b = bound(b, 0, 3);
    vm.assume(a != b);
    Transmit memory t = nextTransmit();
    signInto(t, 0, signerKeys[a]);
    signInto(t, 1, signerKeys[b]);
    transmitAs(transmitters[1], t);
    assertEq(latestRound(), 1);
  }

  /// @dev The transmitter is whoever calls, not whoever sent the transaction: it may be a contract.
  function test_acceptsFromContracts() public {
    MedianReport memory report = reportOf(4);
    bytes memory data = transmitData(nextTransmit(report));
    vm.prank(stranger, transmitters[1]);
    (bool ok,) = address(aggregator).call{gas: CALL_GAS}(data);
    assertFalse(ok, "the origin transmits");
    vm.expectEmit(address(aggregator));
    emit OCR2FeedInterface.NewTransmission(
      1,
      report.observations[2],
      transmitters[1],
      report.observationsTimestamp,
      report.observations,
      hex"00010203",
      report.juelsPerFeeCoin,
      digest(),
      (1 << 8) | 1
    );
    vm.prank(transmitters[1], stranger);
    (ok,) = address(aggregator).call{gas: CALL_GAS}(data);
    assertTrue(ok);
  }

  function test_acceptsPaddingAndExtraHash() public {
    bytes32[3] memory context = contextOf(1, 1);
    context[1] |= bytes32(uint256(0xffff) << 40);
    context[2] = keccak256("extra");
    transmitAs(transmitters[0], signed(context, MedianReportLib.encode(reportOf(4)), 2));
    assertEq(latestRound(), 1);
  }

  /// @dev Offsets are free as long as everything is there and nothing is left over: here the array overlaps the head.
  function test_acceptsUnusualLayout() public {
    bytes memory report = bytes.concat(
      bytes32(block.timestamp), // observationsTimestamp
      bytes32(uint256(3)), // rawObservers, and the length of the observations
      bytes32(uint256(32)), // offset of the observations
      bytes32(uint256(7)), // juelsPerFeeCoin, observation 1
      bytes32(uint256(9)), // observation 2
      bytes32(0),
      bytes32(0),
      bytes32(0)
    );
    transmitAs(transmitters[0], signed(contextOf(1, 1), report, 2));
    (, int256 answer,,,) = roundData(1);
    assertEq(answer, 7);
  }

  function test_ordersEpochAndRound() public {
    transmitAs(transmitters[0], signed(contextOf(5, 3), MedianReportLib.encode(reportOf(4)), 2));
    expectStale(5, 3);
    expectStale(5, 2);
    expectStale(4, 255);
    transmitAs(transmitters[0], signed(contextOf(5, 4), MedianReportLib.encode(reportOf(4)), 2));
    transmitAs(transmitters[0], signed(contextOf(6, 0), MedianReportLib.encode(reportOf(4)), 2));
    transmitAs(transmitters[0], signed(contextOf(type(uint32).max, 255), MedianReportLib.encode(reportOf(4)), 2));
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
    bytes32[3] memory context = contextOf(1, 1);
    context[0] ^= bytes32(uint256(1));
    expectTransmitReason(signed(context, MedianReportLib.encode(reportOf(4)), 2), "configDigest mismatch");
  }

  function test_refusesTrailingCalldata() public {
    bytes memory data = bytes.concat(transmitData(nextTransmit()), hex"00");
    expectReason(transmitters[0], data, "calldata length mismatch");
  }

  function test_refusesShortCalldata() public {
    bytes memory data = transmitData(nextTransmit());
    assembly ("memory-safe") {
      mstore(data, sub(mload(data), 1))
    }
    expectRevertData(transmitters[0], data, "");
  }

  function test_refusesWrongNumberOfSignatures() public {
    bytes memory report = MedianReportLib.encode(reportOf(4));
    expectTransmitReason(signed(contextOf(1, 1), report, 1), "wrong number of signatures");
    expectTransmitReason(signed(contextOf(1, 1), report, 3), "wrong number of signatures");
    expectTransmitReason(signed(contextOf(1, 1), report, 0), "wrong number of signatures");
  }

  function test_refusesUnequalSignatureHalves() public {
    Transmit memory t = nextTransmit();
    t.ss = new bytes32[](3);
    expectTransmitReason(t, "signatures out of registration");
  }

  function test_refusesUnknownSigner() public {
    Transmit memory t = nextTransmit();
    signInto(t, 1, uint256(keccak256("nobody")));
    expectTransmitReason(t, "signature error");
  }

  function testFuzz_refusesGarbageSignatures(bytes32 r, bytes32 s, uint8 v) public {
    Transmit memory t = nextTransmit();
    t.rs[1] = r;
    t.ss[1] = s;
    t.rawVs = (t.rawVs & bytes32(uint256(0xff) << 248)) | bytes32(uint256(bound(v, 0, 228)) << 240);
    expectTransmitReason(t, "signature error");
  }

  function test_refusesRecoveryIdOverflow() public {
    Transmit memory t = nextTransmit();
    t.rawVs |= bytes32(uint256(0xff) << 240);
    expectOverflow(transmitters[0], transmitData(t));
  }

  /// @dev Signatures are looked at one by one: an unknown signer comes before the overflow behind it.
  function test_refusesUnknownSignerBeforeOverflow() public {
    Transmit memory t = nextTransmit();
    signInto(t, 0, uint256(keccak256("nobody")));
    t.rawVs |= bytes32(uint256(0xff) << 240);
    expectTransmitReason(t, "signature error");
  }

  function test_refusesRepeatedSigner() public {
    Transmit memory t = nextTransmit();
    signInto(t, 1, signerKeys[0]);
    expectTransmitReason(t, "duplicate signer");
  }

  /// @dev The other form of the same signature does not count twice either.
  function test_refusesMirroredSignature() public {
    Transmit memory t = nextTransmit();
    t.rs[1] = t.rs[0];
    t.ss[1] = bytes32(0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - uint256(t.ss[0]));
    uint256 v = uint8(t.rawVs[0]) ^ 1;
    t.rawVs = (t.rawVs & bytes32(uint256(0xff) << 248)) | bytes32(v << 240);
    expectTransmitReason(t, "duplicate signer");
  }

  /// @dev All signers are remembered, not just the one before.
  function test_refusesRepeatedSignerFurtherBack() public {
    makeOracles(31, 10, "many");
    configure();
    Transmit memory t = nextTransmit(reportOf(31));
    signInto(t, 10, signerKeys[0]);
    expectTransmitReason(t, "duplicate signer");
    signInto(t, 10, signerKeys[30]);
    transmitAs(transmitters[0], t);
  }

  function test_refusesUnknownSignerBeforeRepeatedOne() public {
    makeOracles(7, 2, "seven");
    configure();
    Transmit memory t = nextTransmit(reportOf(7));
    signInto(t, 1, signerKeys[0]);
    signInto(t, 2, uint256(keccak256("nobody")));
    expectTransmitReason(t, "signature error");
  }

  function test_refusesMalformedReports() public {
    expectMalformed("");
    expectMalformed(new bytes(96));
    bytes memory report = MedianReportLib.encode(reportOf(4));
    setWord(report, 0, uint256(1) << 32);
    expectMalformed(report); // observationsTimestamp
    report = MedianReportLib.encode(reportOf(4));
    setWord(report, 2, 0x1000);
    expectMalformed(report); // offset
    report = MedianReportLib.encode(reportOf(4));
    setWord(report, 2, type(uint256).max);
    expectMalformed(report); // offset
    report = MedianReportLib.encode(reportOf(4));
    setWord(report, 3, uint256(1) << 191);
    expectMalformed(report); // juelsPerFeeCoin
    report = MedianReportLib.encode(reportOf(4));
    setWord(report, 4, 5);
    expectMalformed(report); // number of observations
  }

  /// @dev Every observation is checked, wherever it is: the loop that does it is unrolled.
  function testFuzz_refusesDirtyObservations(uint8 countSeed, uint8 index, uint256 word) public {
    uint256 count = bound(countSeed, 2, 31);
    unchecked {
      vm.assume(word + (1 << 191) >= 1 << 192);
    }
    bytes memory report = MedianReportLib.encode(reportOf(count));
    setWord(report, 5 + (index % count), word);
    expectMalformed(report);
  }

  function test_refusesWrongReportLength() public {
    bytes memory report = bytes.concat(MedianReportLib.encode(reportOf(4)), bytes32(0));
    expectTransmitReason(signed(contextOf(1, 1), report, 2), "report length mismatch");
  }

  function test_refusesTooManyObservations() public {
    expectTransmitReason(nextTransmit(reportOf(32)), "num observations out of bounds");
  }

  function test_refusesTooFewObservations() public {
    expectTransmitReason(nextTransmit(reportOf(1)), "too few values to trust median");
    expectTransmitReason(nextTransmit(reportOf(0)), "too few values to trust median");
    transmitAs(transmitters[0], nextTransmit(reportOf(2)));
  }

  function test_refusesAnswersOutOfRange() public {
    MedianReport memory report = reportOf(4);
    report.observations[2] = MIN_ANSWER - 1;
    expectTransmitReason(nextTransmit(report), "median is out of min-max range");
    report.observations[2] = MAX_ANSWER + 1;
    expectTransmitReason(nextTransmit(report), "median is out of min-max range");
    report.observations[2] = MIN_ANSWER;
    transmitAs(transmitters[0], nextTransmit(report));
    report.observations[2] = MAX_ANSWER;
    transmitAs(transmitters[0], nextTransmit(report));
  }

  /// @dev A count that only looks right if its upper bits are dropped: times 32, in 256 bits, it is the length of the report.
  function testFuzz_refusesCountsThatWrap(uint8 bits) public {
    bytes memory report = MedianReportLib.encode(reportOf(4));
    setWord(report, 4, (bound(bits, 1, 31) << 251) | 4);
    // Panic(0x41): that is how abi.decode refuses a number of elements that no memory can hold.
    expectRevertData(
      transmitters[0], transmitData(signed(contextOf(1, 1), report, 2)), abi.encodeWithSignature("Panic(uint256)", 0x41)
    );
  }

  /// @dev Everything is wrong at first. Whenever what is complained about is put right, the next complaint comes.
  function test_refusesInOrder() public {
    bytes memory report = MedianReportLib.encode(reportOf(4));
    setWord(report, 0, uint256(1) << 32);
    bytes32[3] memory context = contextOf(0, 0);
    context[0] ^= bytes32(uint256(1));
    Transmit memory t = signed(context, report, 3);
    t.ss = new bytes32[](4);
    expectReason(stranger, bytes.concat(transmitData(t), hex"00"), "stale report");
    t.reportContext[1] = bytes32(uint256(0x101));
    expectReason(stranger, bytes.concat(transmitData(t), hex"00"), "unauthorized transmitter");
    expectReason(transmitters[0], bytes.concat(transmitData(t), hex"00"), "configDigest mismatch");
    t.reportContext[0] = digest();
    expectReason(transmitters[0], bytes.concat(transmitData(t), hex"00"), "calldata length mismatch");
    expectTransmitReason(t, "wrong number of signatures");
    t.rs = new bytes32[](2);
    expectTransmitReason(t, "signatures out of registration");
    t.ss = new bytes32[](2);
    expectTransmitReason(t, "signature error");
    expectMalformed(report);
    MedianReport memory tooMany = reportOf(32);
    tooMany.observations[16] = MIN_ANSWER - 1;
    expectTransmitReason(nextTransmit(tooMany), "num observations out of bounds");
    MedianReport memory tooFew = reportOf(1);
    tooFew.observations[0] = MIN_ANSWER - 1;
    expectTransmitReason(nextTransmit(tooFew), "too few values to trust median");
  }

  function test_refusesReportsOfAnOldConfiguration() public {
    Transmit memory t = nextTransmit();
    makeOracles(4, 1, "second");
    configure();
    expectReason(transmitters[0], transmitData(t), "configDigest mismatch");
  }

  // ---------------------------------------------------------------- validator

  function test_showsAnswersToTheValidator() public {
    TestValidator validator = TestValidator(vm.deployCode("TestValidator.sol:TestValidator"));
    setValidator(address(validator), 100_000);
    transmitNext();
    MedianReport memory report = reportOf(4);
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
    setValidator(address(0), 7);
    vm.expectCall(address(0), "", 0);
    transmitNext();
    assertEq(validator.latestRoundId(), 3);
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
    expectTransmitReasonWithGas(nextTransmit(), 1_500_000, "insufficient gas");
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

  function expectTransmitReason(Transmit memory t, string memory reason) internal {
    expectReason(transmitters[0], transmitData(t), reason);
  }

  function expectTransmitReasonWithGas(Transmit memory t, uint256 gas, string memory reason) internal {
    vm.prank(transmitters[0], transmitters[0]);
    (bool ok, bytes memory ret) = address(aggregator).call{gas: gas}(transmitData(t));
    assertFalse(ok);
    assertEq(ret, abi.encodeWithSignature("Error(string)", reason));
  }

  function expectStale(uint32 epoch_, uint8 round) internal {
    expectTransmitReason(signed(contextOf(epoch_, round), MedianReportLib.encode(reportOf(4)), 2), "stale report");
  }

  function expectMalformed(bytes memory report) internal {
    expectRevertData(transmitters[0], transmitData(signed(contextOf(1, 1), report, 2)), "");
  }

  function setWord(bytes memory data, uint256 index, uint256 word) internal pure {
    assembly ("memory-safe") {
      mstore(add(add(data, 32), shl(5, index)), word)
    }
  }
}

contract TransmitTest is TransmitSuite {}

contract AccessControlledTransmitTest is TransmitSuite {
  function contractName() internal pure override returns (string memory) {
    return "AccessControlledOCR2Aggregator";
  }
}
