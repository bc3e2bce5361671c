// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Test} from "forge-std/Test.sol";
import {Vm} from "forge-std/Vm.sol";

import {OCR2Abstract} from "ocr/ocr2/OCR2Abstract.sol";
import {OCR2TitleRequest} from "../contracts/ocr2/OCR2TitleRequest.sol";

/// @title The example contract, and with it a plain implementation of OCR2Abstract
contract TitleRequestTest is Test {
  OCR2TitleRequest private requests;
  address private stranger = makeAddr("stranger");

  uint256[] private keys;
  address[] private signers;
  address[] private transmitters;
  uint8 private f;

  // What transmit takes.
  bytes32[3] private context;
  bytes private report;
  bytes32[] private rs;
  bytes32[] private ss;
  bytes32 private rawVs;

  function setUp() public {
    requests = new OCR2TitleRequest();
    makeOracles(4, 1);
    configure();
    prepare(bytes32("one"), 2);
  }

  function test_isBornWithRequests() public {
    vm.recordLogs();
    new OCR2TitleRequest();
    new OCR2TitleRequest();
    Vm.Log[] memory logs = vm.getRecordedLogs();
    assertEq(logs.length, 4);
    for (uint256 i = 0; i < 4; ++i) {
      assertEq(logs[i].topics[0], OCR2TitleRequest.TitleRequest.selector);
      for (uint256 j = 0; j < i; ++j) {
        assertNotEq(abi.decode(logs[i].data, (bytes32)), abi.decode(logs[j].data, (bytes32)), "request id");
      }
    }
    assertEq(requests.typeAndVersion(), "OCR2TitleRequest 1.0.0-alpha");
    assertEq(requests.owner(), address(this));
  }

  function test_requests() public {
    vm.recordLogs();
    requests.request("https://example.net");
    Vm.Log[] memory logs = vm.getRecordedLogs();
    (bytes32 id, string memory url) = abi.decode(logs[0].data, (bytes32, string));
    assertEq(url, "https://example.net");
    assertFalse(requests.fulfilled(id));
    prepare(id, 2);
    vm.expectEmit(address(requests));
    emit OCR2TitleRequest.TitleFulfillment(id, "a title");
    vm.expectEmit(address(requests));
    emit OCR2Abstract.Transmitted(context[0], 7);
    transmit();
    assertTrue(requests.fulfilled(id));
    prepare(id, 2);
    refuse("already fulfilled");
  }

  function test_configures() public {
    (uint32 count, uint32 blockNumber, bytes32 digest) = requests.latestConfigDetails();
    assertEq(count, 1);
    assertEq(blockNumber, block.number);
    uint256 hash = uint256(
      keccak256(
        abi.encode(block.chainid, requests, 1, signers, transmitters, f, bytes("any"), uint64(3), bytes("offchain"))
      )
    );
    assertEq(uint256(digest), (hash & (type(uint256).max >> 16)) | (uint256(1) << 240));
    (bool scanLogs, bytes32 digest_, uint32 epoch) = requests.latestConfigDigestAndEpoch();
    assertTrue(scanLogs);
    assertEq(digest_, 0);
    assertEq(epoch, 0);
    assertEq(requests.transmitters(), transmitters);
    // The next one, with some of the same oracles in other places.
    uint256 before = block.number;
    vm.roll(before + 5);
    (signers[0], signers[1], transmitters[2]) = (signers[1], signers[0], signers[2]);
    signers[2] = vm.addr(99);
    vm.recordLogs();
    configure();
    (uint32 previous,, uint64 count_) = abi.decode(vm.getRecordedLogs()[0].data, (uint32, bytes32, uint64));
    assertEq(previous, before);
    assertEq(count_, 2);
    refuse("configDigest mismatch");
  }

  /// @dev Epochs need not rise: it is the requests that must be new.
  function test_ignoresOrder() public {
    transmit();
    prepare(bytes32("two"), 2);
    context[1] = 0;
    sign(2);
    vm.expectEmit(address(requests));
    emit OCR2Abstract.Transmitted(context[0], 0);
    transmit();
  }

  function test_refusesReportsInOrder() public {
    prepare(bytes32("one"), 1);
    context[0] ^= bytes32(uint256(1));
    ss.push();
    bytes memory data = bytes.concat(transmitData(), hex"00");
    refuse(stranger, data, "configDigest mismatch");
    context[0] ^= bytes32(uint256(1));
    data = bytes.concat(transmitData(), hex"00");
    refuse(stranger, data, "calldata length mismatch");
    refuse(stranger, transmitData(), "wrong number of signatures");
    rs.push();
    rs.push();
    refuse(stranger, transmitData(), "wrong number of signatures");
    rs.pop();
    ss.push();
    refuse(stranger, transmitData(), "signatures out of registration");
    ss.pop();
    refuse(stranger, transmitData(), "unauthorized transmitter");
    refuse(signers[0], transmitData(), "unauthorized transmitter");
    refuse("address not authorized to sign");
    prepare(bytes32("one"), 2);
    (rs[1], ss[1]) = (rs[0], ss[0]);
    rawVs = bytes32(uint256(uint8(rawVs[0])) * ((1 << 248) | (1 << 240)));
    refuse("non-unique signature");
    prepare(bytes32("one"), 2);
    rawVs |= bytes32(uint256(0xff) << 248);
    (bool ok, bytes memory ret) = tryAs(transmitters[0], transmitData());
    assertFalse(ok);
    assertEq(ret, abi.encodeWithSignature("Panic(uint256)", 0x11));
    prepare(bytes32("one"), 2);
    report = hex"00";
    (ok, ret) = tryAs(transmitters[0], transmitData());
    assertFalse(ok);
    assertEq(ret, "");
    assertFalse(requests.fulfilled(bytes32("one")));
  }

  function test_refusesConfigurationsInOrder() public {
    makeOracles(32, 0);
    transmitters.pop();
    transmitters.pop();
    refuse(stranger, setConfigData(), "too many signers");
    signers.pop();
    refuse(stranger, setConfigData(), "f must be positive");
    f = 11;
    refuse(stranger, setConfigData(), "oracle addresses out of registration");
    signers.pop();
    refuse(stranger, setConfigData(), "faulty-oracle f too high");
    f = 86;
    refuse(stranger, setConfigData(), "faulty-oracle f too high");
    f = 9;
    refuse(stranger, setConfigData(), "Only callable by owner");
    transmitters[1] = signers[0];
    refuse(address(this), setConfigData(), "repeated transmitter address");
    signers[1] = transmitters[0];
    refuse(address(this), setConfigData(), "repeated signer address");
    signers[1] = address(0);
    refuse(address(this), setConfigData(), "signer must not be zero");
  }

  // ----------------------------------------------------------------

  function makeOracles(uint256 n, uint8 f_) private {
    delete keys;
    delete signers;
    delete transmitters;
    f = f_;
    for (uint256 i = 0; i < n; ++i) {
      keys.push(i + 1);
      signers.push(vm.addr(i + 1));
      transmitters.push(address(uint160(0xa0000 + i)));
    }
  }

  function setConfigData() private view returns (bytes memory) {
    return abi.encodeCall(requests.setConfig, (signers, transmitters, f, "any", 3, "offchain"));
  }

  function configure() private {
    (bool ok,) = address(requests).call(setConfigData());
    assertTrue(ok);
  }

  /// @dev Prepares a report with that many signatures, in epoch 7.
  function prepare(bytes32 requestId, uint256 signatures) private {
    report = abi.encode(requestId, "a title");
    (,, context[0]) = requests.latestConfigDetails();
    context[1] = bytes32(uint256(7 << 8) | 1);
    sign(signatures);
  }

  function sign(uint256 signatures) private {
    delete rs;
    delete ss;
    rawVs = 0;
    bytes32 hash = keccak256(abi.encodePacked(keccak256(report), context));
    for (uint256 i = 0; i < signatures; ++i) {
      (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[i], hash);
      rs.push(r);
      ss.push(s);
      rawVs |= bytes32(uint256(v - 27) << (8 * (31 - i)));
    }
  }

  function transmitData() private view returns (bytes memory) {
    return abi.encodeCall(requests.transmit, (context, report, rs, ss, rawVs));
  }

  function transmit() private {
    (bool ok,) = tryAs(transmitters[0], transmitData());
    assertTrue(ok);
  }

  function tryAs(address from, bytes memory data) private returns (bool ok, bytes memory ret) {
    vm.prank(from);
    (ok, ret) = address(requests).call(data);
  }

  function refuse(string memory reason) private {
    refuse(transmitters[0], transmitData(), reason);
  }

  function refuse(address from, bytes memory data, string memory reason) private {
    (bool ok, bytes memory ret) = tryAs(from, data);
    assertFalse(ok);
    assertEq(ret, abi.encodeWithSignature("Error(string)", reason));
  }
}
