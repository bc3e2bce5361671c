// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Test} from "forge-std/Test.sol";

import {MedianReport, MedianReportLib} from "ocr/ocr2/MedianReport.sol";
import {OnchainConfig, OnchainConfigLib} from "ocr/ocr2/OnchainConfig.sol";
import {ReportBuffer, ReportBufferLib} from "ocr/ocr2/internal/ReportBuffer.sol";
import {ExposedOCR2Aggregator} from "../contracts/ocr2/ExposedOCR2Aggregator.sol";

/// @notice Runs the report reader of transmit outside of it.
contract ReaderHarness {
  /// @notice What the reader sees of a report, as a report again.
  function read(bytes calldata report) external pure returns (bytes32 hash, bytes memory canonical) {
    // The reader must not take what it finds behind the report for a part of it.
    assembly ("memory-safe") {
      let free := mload(0x40)
      for {
        let i := 0
      } lt(i, add(report.length, 0x200)) {
        i := add(i, 32)
      } {
        mstore(add(free, i), shl(255, 1))
      }
    }
    ReportBuffer buffer;
    (buffer, hash) = ReportBufferLib.load(report);
    buffer.check(report);
    canonical = new bytes(report.length);
    assembly ("memory-safe") {
      // The report is at this offset of the buffer. A canonical one has its observations at 0x80.
      let source := add(buffer, 0x80)
      for {
        let i := 0
      } lt(i, report.length) {
        i := add(i, 32)
      } {
        mstore(add(add(canonical, 32), i), mload(add(source, i)))
      }
      mstore(add(canonical, 96), 0x80)
    }
  }
}

/// @title Encodings: the struct is what they mean, and everything that takes a short cut agrees with it
contract CodecsTest is Test {
  ReaderHarness private reader = new ReaderHarness();
  ExposedOCR2Aggregator private exposed;

  function setUp() public {
    exposed = ExposedOCR2Aggregator(vm.deployCode("ExposedOCR2Aggregator.sol:ExposedOCR2Aggregator"));
  }

  /// @dev This fails when a field is added to the struct: then the layout constants must follow, and the reader.
  function test_reportLayout() public view {
    MedianReport memory report;
    report.observations = new int192[](3);
    bytes memory encoded = exposed.exposedEncodeReport(report);
    assertEq(encoded.length, MedianReportLib.length(3));
    (,, uint256 offset) = abi.decode(encoded, (uint256, bytes32, uint256));
    assertEq(offset, MedianReportLib.OBSERVATIONS_OFFSET);
    (, bytes memory canonical) = reader.read(encoded);
    assertEq(canonical, encoded);
  }

  function testFuzz_report(MedianReport memory report) public view {
    bytes memory encoded = exposed.exposedEncodeReport(report);
    assertEq(
      encoded,
      abi.encode(report.observationsTimestamp, report.rawObservers, report.observations, report.juelsPerFeeCoin)
    );
    assertEq(abi.encode(exposed.exposedDecodeReport(encoded)), abi.encode(report));
    (bytes32 hash, bytes memory canonical) = reader.read(encoded);
    assertEq(hash, keccak256(encoded));
    assertEq(canonical, encoded);
  }

  /// @dev The reader accepts and refuses what the decoder accepts and refuses, except for the length that it insists on.
  function testFuzz_readerAgreesWithDecoder(MedianReport memory report, uint256 place, uint256 word) public view {
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

  /// @dev Small offsets and lengths: most of these decode, some to overlapping layouts.
  function testFuzz_readerTakesUnusualLayouts(uint8[12] memory words, uint8 count) public view {
    bytes memory report = new bytes(32 * bound(count, 4, 12));
    for (uint256 i = 0; i < report.length / 32; ++i) {
      uint256 word = i == 2 ? 32 * (words[i] % 8) : words[i] % 10;
      assembly ("memory-safe") {
        mstore(add(add(report, 32), shl(5, i)), word)
      }
    }
    checkReader(report);
  }

  function checkReader(bytes memory encoded) private view {
    (bool decodes, bytes memory decoded) =
      address(exposed).staticcall(abi.encodeCall(exposed.exposedDecodeReport, (encoded)));
    (bool reads, bytes memory ret) = address(reader).staticcall(abi.encodeCall(reader.read, (encoded)));
    if (!decodes) {
      assertFalse(reads, "read what does not decode");
      return;
    }
    MedianReport memory report = abi.decode(decoded, (MedianReport));
    if (MedianReportLib.length(report.observations.length) != encoded.length) {
      assertFalse(reads, "read a report of the wrong length");
      assertEq(ret, abi.encodeWithSignature("Error(string)", "report length mismatch"));
      return;
    }
    assertTrue(reads, "did not read what decodes");
    (bytes32 hash, bytes memory canonical) = abi.decode(ret, (bytes32, bytes));
    assertEq(hash, keccak256(encoded));
    assertEq(canonical, MedianReportLib.encode(report));
  }

  function testFuzz_onchainConfig(int192 minAnswer, int192 maxAnswer) public view {
    OnchainConfig memory config = OnchainConfig(OnchainConfigLib.VERSION, minAnswer, maxAnswer);
    bytes memory encoded = exposed.exposedEncodeOnchainConfig(config);
    assertEq(encoded.length, OnchainConfigLib.LENGTH);
    assertEq(encoded, bytes.concat(hex"01", bytes24(uint192(minAnswer)), bytes24(uint192(maxAnswer))));
    assertEq(abi.encode(exposed.exposedDecodeOnchainConfig(encoded)), abi.encode(config));
  }

  function testFuzz_refusesOtherOnchainConfig(bytes memory encoded) public {
    if (encoded.length != 49) vm.expectRevert("onchainConfig length mismatch");
    else if (encoded[0] != 0x01) vm.expectRevert("unknown onchainConfig version");
    exposed.exposedDecodeOnchainConfig(encoded);
  }

  function test_refusesOtherOnchainConfigVersion() public {
    bytes memory encoded = new bytes(49);
    encoded[0] = 0x02;
    vm.expectRevert("unknown onchainConfig version");
    exposed.exposedDecodeOnchainConfig(encoded);
  }
}
