// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Test} from "forge-std/Test.sol";

import {EncodedConfig} from "ocr/ocr1/EncodedConfig.sol";
import {Report, ReportContext, ReportLib} from "ocr/ocr1/Report.sol";
import {OCR1ReportBuffer, OCR1ReportBufferLib} from "ocr/ocr1/internal/OCR1ReportBuffer.sol";
import {ExposedOffchainAggregator} from "../contracts/ocr1/ExposedOffchainAggregator.sol";

/// @notice Runs the report reader of transmit outside of it.
contract OCR1ReaderHarness {
  /// @notice What the reader sees of a report, word by word.
  function read(bytes calldata report) external pure returns (bytes32 hash, uint256 context, uint256[] memory words) {
    dirty(report.length + 0x300);
    OCR1ReportBuffer buffer;
    (buffer, hash) = OCR1ReportBufferLib.load(report);
    context = buffer.rawReportContext();
    words = new uint256[](buffer.count());
    assembly ("memory-safe") {
      let n := mload(words)
      for {
        let i := 0
      } lt(i, n) {
        i := add(i, 1)
      } {
        mstore(add(add(words, 32), shl(5, i)), mload(add(add(buffer, 0xc0), shl(5, i))))
      }
    }
  }

  /// @notice The judgement on a report of 1 to 31 observations.
  function judge(bytes calldata report)
    external
    pure
    returns (bool sorted, int192 median, uint256 lowCounts, uint256 highCounts)
  {
    dirty(report.length + 0x300);
    (OCR1ReportBuffer buffer,) = OCR1ReportBufferLib.load(report);
    buffer.checkObservers();
    return (buffer.isSorted(), buffer.median(), buffer.lowCounts(), buffer.highCounts());
  }

  /// @dev The reader must not take what it finds in memory for a part of the report.
  function dirty(uint256 length) private pure {
    assembly ("memory-safe") {
      let free := mload(0x40)
      for {
        let i := 0
      } lt(i, length) {
        i := add(i, 32)
      } {
        mstore(add(free, i), shl(255, 1))
      }
    }
  }
}

/// @title Encodings: the struct is what they mean, and everything that takes a short cut agrees with it
contract OCR1CodecsTest is Test {
  OCR1ReaderHarness private reader = new OCR1ReaderHarness();
  ExposedOffchainAggregator private exposed;

  function setUp() public {
    exposed = ExposedOffchainAggregator(vm.deployCode("ExposedOffchainAggregator.sol:ExposedOffchainAggregator"));
  }

  /// @dev This fails when a field is added to the struct: then the layout constants must follow, and the reader.
  function test_reportLayout() public view {
    Report memory report;
    report.observations = new int192[](3);
    bytes memory encoded = exposed.exposedEncodeReport(report);
    assertEq(encoded.length, ReportLib.length(3));
    (,, uint256 offset) = abi.decode(encoded, (bytes32, bytes32, uint256));
    assertEq(offset, ReportLib.OBSERVATIONS_OFFSET);
  }

  function testFuzz_report(Report memory report) public view {
    bytes memory encoded = exposed.exposedEncodeReport(report);
    assertEq(encoded, abi.encode(report.rawReportContext, report.rawObservers, report.observations));
    assertEq(abi.encode(exposed.exposedDecodeReport(encoded)), abi.encode(report));
    checkReader(encoded);
  }

  /// @dev The reader accepts and refuses what the decoder accepts and refuses, but that it takes any word for an observation.
  function testFuzz_readerAgreesWithDecoder(Report memory report, uint256 place, uint256 word) public view {
    bytes memory encoded = exposed.exposedEncodeReport(report);
    place = 32 * bound(place, 0, encoded.length / 32 - 1);
    assembly ("memory-safe") {
      mstore(add(add(encoded, 32), place), word)
    }
    checkReader(encoded);
  }

  function testFuzz_readerTakesGarbage(bytes memory garbage) public view {
    checkReader(garbage);
  }

  /// @dev Small offsets and lengths, also such that are no multiples of words: many of these decode, some to overlapping
  /// layouts.
  function testFuzz_readerTakesUnusualLayouts(uint8[12] memory words, uint8 count, uint16 offset) public view {
    bytes memory report = new bytes(32 * bound(count, 2, 12));
    for (uint256 i = 0; i < report.length / 32; ++i) {
      uint256 word = i == 2 ? offset % 420 : words[i] % 10;
      assembly ("memory-safe") {
        mstore(add(add(report, 32), shl(5, i)), word)
      }
    }
    checkReader(report);
  }

  struct Judgement {
    bool sorted;
    int192 median;
    uint256 lowCounts;
    uint256 highCounts;
  }

  /// @dev Whether observations are in order, their median and their observers, beside straightforward code.
  function testFuzz_judgesReports(int192[31] memory values, uint8 k, uint8 swap, uint256 seed, uint64 dirt)
    public
    view
  {
    Report memory report;
    report.observations = new int192[](bound(k, 1, 31));
    for (uint256 i = 0; i < report.observations.length; ++i) {
      report.observations[i] = values[i];
    }
    sort(report.observations);
    if (swap % 2 == 0) exchange(report.observations, swap / 2);
    Judgement memory expected = judge(report, seed % 31);
    bytes memory encoded = ReportLib.encode(report);
    // Upper bits of an observation mean nothing.
    uint256 place = 32 * (4 + (seed % report.observations.length));
    assembly ("memory-safe") {
      place := add(add(encoded, 32), place)
      mstore(place, xor(mload(place), shl(192, dirt)))
    }
    (, bytes memory judgement) = address(reader).staticcall(abi.encodeCall(reader.judge, (encoded)));
    assertEq(judgement, abi.encode(expected));
  }

  /// @dev Neighbours change places: they are in order no more, unless they are equal.
  function exchange(int192[] memory values, uint256 place) private pure {
    uint256 i = place % values.length;
    uint256 j = (i + 1) % values.length;
    (values[i], values[j]) = (values[j], values[i]);
  }

  /// @dev Makes up observers, from the first one on, and says what the reader must find.
  function judge(Report memory report, uint256 first) private pure returns (Judgement memory expected) {
    expected.sorted = true;
    expected.median = report.observations[report.observations.length / 2];
    bytes memory observers = new bytes(32);
    for (uint256 i = 0; i < report.observations.length; ++i) {
      uint256 observer = (first + i) % 31;
      observers[i] = bytes1(uint8(observer));
      if (observer < 16) expected.lowCounts |= 1 << (16 * observer);
      else expected.highCounts |= 1 << (16 * (observer - 16));
      if (i > 0 && report.observations[i] < report.observations[i - 1]) expected.sorted = false;
    }
    report.rawObservers = bytes32(observers);
  }

  function checkReader(bytes memory encoded) private view {
    (bool reads, bytes memory ret) = address(reader).staticcall(abi.encodeCall(reader.read, (encoded)));
    // An observation may be any word: for the decoder they are arrays of such.
    (bool decodes, bytes memory decoded) = address(this).staticcall(abi.encodeCall(this.decodeWords, (encoded)));
    assertEq(reads, decodes, "reader and decoder disagree");
    if (!reads) {
      assertEq(ret, "", "revert data");
      return;
    }
    (bytes32 hash, bytes32 context, uint256[] memory words) = abi.decode(ret, (bytes32, bytes32, uint256[]));
    (bytes32 context_,, uint256[] memory words_) = abi.decode(decoded, (bytes32, bytes32, uint256[]));
    assertEq(hash, keccak256(encoded), "hash");
    assertEq(context, context_, "context");
    assertEq(words, words_, "observations");
  }

  function decodeWords(bytes memory encoded) external pure returns (bytes32, bytes32, uint256[] memory) {
    return abi.decode(encoded, (bytes32, bytes32, uint256[]));
  }

  function testFuzz_reportContext(bytes16 configDigest, uint32 epoch, uint8 round) public view {
    ReportContext memory context = ReportContext(0, configDigest, epoch, round);
    bytes memory encoded = exposed.exposedEncodeReportContext(context);
    assertEq(encoded, bytes.concat(bytes11(0), configDigest, bytes4(epoch), bytes1(round)));
    assertEq(abi.encode(exposed.exposedDecodeReportContext(encoded)), abi.encode(context));
  }

  function testFuzz_refusesOtherReportContexts(bytes memory encoded) public {
    if (encoded.length != 32) {
      vm.expectRevert("report context length mismatch");
    } else if (bytes11(bytes32(encoded)) != 0) {
      vm.expectRevert("report context padding must be zero");
    }
    exposed.exposedDecodeReportContext(encoded);
  }

  function test_refusesReportContextPadding() public {
    vm.expectRevert("report context padding must be zero");
    exposed.exposedDecodeReportContext(abi.encode(uint256(1) << 168));
    assertEq(exposed.exposedDecodeReportContext(abi.encode(uint256(1) << 167)).configDigest, bytes16(uint128(1) << 127));
  }

  function testFuzz_encodedConfig(EncodedConfig memory config) public view {
    bytes memory encoded = exposed.exposedEncodeEncodedConfig(config);
    assertEq(encoded, abi.encode(config));
    assertEq(abi.encode(exposed.exposedDecodeEncodedConfig(encoded)), encoded);
  }

  function testFuzz_configDigest(
    address contractAddress,
    uint64 count,
    address[] memory signers,
    address[] memory transmitters,
    uint8 threshold,
    uint64 version,
    bytes memory encoded
  ) public view {
    assertEq(
      exposed.exposedConfigDigestFromConfigData(
        contractAddress, count, signers, transmitters, threshold, version, encoded
      ),
      bytes16(keccak256(abi.encode(contractAddress, count, signers, transmitters, threshold, version, encoded)))
    );
  }

  function sort(int192[] memory values) private pure {
    for (uint256 i = 1; i < values.length; ++i) {
      for (uint256 j = i; j > 0 && values[j] < values[j - 1]; --j) {
        (values[j], values[j - 1]) = (values[j - 1], values[j]);
      }
    }
  }
}
