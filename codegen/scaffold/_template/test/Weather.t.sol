// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {Report, Weather} from "../contracts/Weather.sol";

contract WeatherTest is Test {
  uint8 private constant F = 1;
  uint256 private constant N = 4;

  Weather private s_feed;
  bytes32 private s_digest;
  uint256[] private s_keys; // of the signers
  address[] private s_transmitters;

  event Reported(uint32 observedAt, int32 temperature, uint32 humidity);

  function setUp() public {
    s_feed = new Weather();
    address[] memory signers = new address[](N);
    for (uint256 i = 0; i < N; ++i) {
      s_keys.push(i + 1);
      signers[i] = vm.addr(i + 1);
      s_transmitters.push(address(uint160(100 + i)));
    }
    s_feed.setConfig(signers, s_transmitters, F, "", 2, "offchain");
    (,, s_digest) = s_feed.latestConfigDetails();
  }

  function test_TakesAReport() public {
    vm.expectEmit(address(s_feed));
    emit Reported(1_700_000_000, -1500, 65_000);
    _transmit(1, abi.encode(Report(1_700_000_000, -1500, 65_000)), 0, 1);

    Report memory latest = s_feed.latestReport();
    assertEq(latest.observedAt, 1_700_000_000);
    assertEq(latest.temperature, -1500);
    assertEq(latest.humidity, 65_000);
    (bool scanLogs,, uint32 epoch) = s_feed.latestConfigDigestAndEpoch();
    assertFalse(scanLogs);
    assertEq(epoch, 1);
  }

  function test_RevertIf_ObservationIsNotNewer() public {
    _transmit(1, abi.encode(Report(1_700_000_000, -1500, 65_000)), 0, 1);
    vm.expectRevert("older than the latest report");
    _transmit(2, abi.encode(Report(1_700_000_000, -1400, 65_000)), 0, 1);
  }

  function test_RevertIf_HumidityIsOutOfRange() public {
    vm.expectRevert(abi.encodeWithSelector(Weather.HumidityOutOfRange.selector, 100_001));
    _transmit(1, abi.encode(Report(1_700_000_000, -1500, 100_001)), 0, 1);
  }

  function test_RevertIf_RoundIsNotNewer() public {
    _transmit(1, abi.encode(Report(1_700_000_000, 0, 0)), 0, 1);
    vm.expectRevert("stale report");
    _transmit(1, abi.encode(Report(1_700_000_001, 0, 0)), 0, 1);
  }

  function test_RevertIf_SignerSignsTwice() public {
    vm.expectRevert("duplicate signer");
    _transmit(1, abi.encode(Report(1_700_000_000, 0, 0)), 2, 2);
  }

  function test_RevertIf_SignerIsUnknown() public {
    s_keys[3] = 99;
    vm.expectRevert("signature error");
    _transmit(1, abi.encode(Report(1_700_000_000, 0, 0)), 0, 3);
  }

  function test_RevertIf_TransmitterIsUnknown() public {
    s_transmitters[0] = address(this);
    vm.expectRevert("unauthorized transmitter");
    _transmit(1, abi.encode(Report(1_700_000_000, 0, 0)), 0, 1);
  }

  function test_RevertIf_DigestIsOfAnotherConfig() public {
    s_digest = bytes32(uint256(1));
    vm.expectRevert("configDigest mismatch");
    _transmit(1, abi.encode(Report(1_700_000_000, 0, 0)), 0, 1);
  }

  function test_NewConfigBeginsAnew() public {
    _transmit(7, abi.encode(Report(1_700_000_000, 0, 0)), 0, 1);
    address[] memory signers = new address[](N);
    for (uint256 i = 0; i < N; ++i) {
      s_keys[i] = i + 11;
      signers[i] = vm.addr(i + 11);
    }
    bytes32 before = s_digest;
    s_feed.setConfig(signers, s_transmitters, F, "", 2, "offchain");
    (uint32 count,, bytes32 digest) = s_feed.latestConfigDetails();
    assertEq(count, 2);
    assertNotEq(digest, before);
    s_digest = digest;
    _transmit(1, abi.encode(Report(1_700_000_001, 0, 0)), 0, 1);
  }

  function test_RevertIf_ConfigIsBad() public {
    address[] memory four = s_transmitters;
    address[] memory three = new address[](3);
    vm.expectRevert("oracle length mismatch");
    s_feed.setConfig(four, three, F, "", 2, "");
    vm.expectRevert("faulty-oracle f too high");
    s_feed.setConfig(three, three, F, "", 2, "");
    vm.expectRevert("f must be positive");
    s_feed.setConfig(four, four, 0, "", 2, "");
    vm.expectRevert("onchainConfig must be empty");
    s_feed.setConfig(four, four, F, "x", 2, "");
    vm.expectRevert("too many oracles");
    s_feed.setConfig(new address[](32), new address[](32), F, "", 2, "");
    vm.expectRevert("signer must not be zero");
    s_feed.setConfig(new address[](4), four, F, "", 2, "");
    four[1] = four[0];
    vm.expectRevert("repeated signer address");
    s_feed.setConfig(four, s_transmitters, F, "", 2, "");
    vm.expectRevert("repeated transmitter address");
    s_feed.setConfig(s_transmitters, four, F, "", 2, "");
    vm.prank(address(1));
    vm.expectRevert("Only callable by owner");
    s_feed.setConfig(four, four, F, "", 2, "");
  }

  function testFuzz_TakesEveryReportInRange(uint32 observedAt, int32 temperature, uint32 humidity) public {
    observedAt = uint32(bound(observedAt, 1, type(uint32).max));
    humidity = uint32(bound(humidity, 0, 100_000));
    _transmit(1, abi.encode(Report(observedAt, temperature, humidity)), 2, 3);
    assertEq(s_feed.latestReport().temperature, temperature);
    assertEq(s_feed.latestReport().humidity, humidity);
  }

  /// @dev Transmits a report of an epoch, signed by the signers a and b, as the first transmitter.
  function _transmit(uint32 epoch, bytes memory report, uint256 a, uint256 b) private {
    bytes32[3] memory context = [s_digest, bytes32(uint256(epoch) << 8 | 1), bytes32(0)];
    bytes32 signed = keccak256(abi.encodePacked(keccak256(report), context));
    bytes32[] memory rs = new bytes32[](2);
    bytes32[] memory ss = new bytes32[](2);
    uint8 va;
    uint8 vb;
    (va, rs[0], ss[0]) = vm.sign(s_keys[a], signed);
    (vb, rs[1], ss[1]) = vm.sign(s_keys[b], signed);
    bytes32 rawVs = bytes32(uint256(va - 27) << 248 | uint256(vb - 27) << 240);
    vm.prank(s_transmitters[0]);
    s_feed.transmit(context, report, rs, ss, rawVs);
  }
}
