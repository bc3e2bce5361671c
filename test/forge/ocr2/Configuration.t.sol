// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OCR2Abstract} from "ocr/ocr2/OCR2Abstract.sol";
import {OCR2Fixture, Transmit} from "../helpers/OCR2Fixture.sol";

/// @title setConfig, and what can be read of a configuration
abstract contract ConfigurationSuite is OCR2Fixture {
  function test_isUnconfiguredAtFirst() public {
    (uint32 count, uint32 blockNumber, bytes32 configDigest) = aggregator.latestConfigDetails();
    assertEq(count, 0);
    assertEq(blockNumber, 0);
    assertEq(configDigest, 0);
    (bool scanLogs, bytes32 configDigest2, uint32 epoch_) = aggregator.latestConfigDigestAndEpoch();
    assertFalse(scanLogs);
    assertEq(configDigest2, 0);
    assertEq(epoch_, 0);
    assertEq(aggregator.getTransmitters().length, 0);
    makeOracles(4, 1, "first");
    expectReason(transmitters[0], transmitData(nextTransmit()), "unauthorized transmitter");
    assertEq(aggregator.owedPayment(address(0)), 0);
  }

  function test_configures() public {
    makeOracles(7, 2, "first");
    bytes32 expected = expectedDigest(1);
    vm.expectEmit(address(aggregator));
    emit OCR2Abstract.ConfigSet(
      0, expected, 1, signers, transmitters, faulty, onchainConfig(), OFFCHAIN_CONFIG_VERSION, offchainConfig()
    );
    configure();
    checkDetails(1, expected);
    assertEq(aggregator.getTransmitters(), transmitters);
    assertEq(uint256(expected) >> 240, 1, "prefix");
  }

  function test_linksConfigurations() public {
    makeOracles(4, 1, "first");
    configure();
    vm.roll(block.number + 77);
    makeOracles(10, 3, "second");
    vm.expectEmit(address(aggregator));
    emit OCR2Abstract.ConfigSet(
      uint32(block.number - 77),
      expectedDigest(2),
      2,
      signers,
      transmitters,
      faulty,
      onchainConfig(),
      OFFCHAIN_CONFIG_VERSION,
      offchainConfig()
    );
    configure();
    checkDetails(2, expectedDigest(2));
  }

  /// forge-config: default.fuzz.runs = 12
  /// @dev Any number of oracles, followed by any other: all new ones are in, all old ones are out, each signs and transmits.
  function testFuzz_rotates(uint8 first, uint8 second) public {
    uint256 n = bound(first, 4, 31);
    makeOracles(n, 1, "first");
    configure();
    checkOracles();
    address old = transmitters[n - 1];
    n = bound(second, 4, 31);
    makeOracles(n, uint8((n - 1) / 3), "second");
    configure();
    checkOracles();
    expectReason(old, transmitData(nextTransmit()), "unauthorized transmitter");
  }

  function test_startsAgainAtEpochZero() public {
    start(4, 1);
    transmitNext();
    transmitNext();
    configure();
    (,, uint32 epoch_) = aggregator.latestConfigDigestAndEpoch();
    assertEq(epoch_, 0);
    transmitNext();
    vm.prank(stranger, stranger);
    assertEq(aggregator.latestRound(), 3);
  }

  function test_anAddressMaySignAndTransmit() public {
    makeOracles(4, 1, "first");
    transmitters[2] = signers[1];
    configure();
    transmitAs(signers[1], nextTransmit());
  }

  /// @dev Prices survive a configuration, and a configuration survives new prices.
  function test_pricesAndConfigurationAreIndependent() public {
    vm.prank(owner);
    aggregator.setBilling(1, 2, 3, 4, 5);
    makeOracles(4, 1, "first");
    configure();
    checkBilling(1, 2, 3, 4, 5);
    bytes32 before = digest();
    vm.prank(owner);
    aggregator.setBilling(type(uint32).max, 7, 8, 9, type(uint24).max);
    checkBilling(type(uint32).max, 7, 8, 9, type(uint24).max);
    assertEq(digest(), before);
    assertEq(aggregator.getTransmitters(), transmitters);
    transmitNext();
  }

  function test_refusesStrangersFirst() public {
    makeOracles(32, 86, "first");
    expectReason(stranger, setConfigData(), "Only callable by owner");
  }

  function test_refusesTooManyOracles() public {
    makeOracles(32, 1, "first");
    expectReason(owner, setConfigData(), "too many oracles");
    makeOracles(31, 10, "first");
    configure();
  }

  function test_refusesUnequalLengths() public {
    makeOracles(4, 1, "first");
    transmitters.pop();
    expectReason(owner, setConfigData(), "oracle length mismatch");
    makeOracles(5, 1, "first");
    signers.pop();
    expectReason(owner, setConfigData(), "oracle length mismatch");
  }

  function test_refusesTooManyFaulty() public {
    makeOracles(6, 2, "first");
    expectReason(owner, setConfigData(), "faulty-oracle f too high");
    makeOracles(0, 0, "first");
    expectReason(owner, setConfigData(), "faulty-oracle f too high");
    makeOracles(4, 85, "first");
    expectReason(owner, setConfigData(), "faulty-oracle f too high");
    makeOracles(4, 86, "first");
    expectOverflow(owner, setConfigData());
  }

  function test_refusesNoFaulty() public {
    makeOracles(4, 0, "first");
    expectReason(owner, setConfigData(), "f must be positive");
  }

  function testFuzz_refusesOtherOnchainConfig(bytes memory other) public {
    vm.assume(keccak256(other) != keccak256(onchainConfig()));
    makeOracles(4, 1, "first");
    bytes memory data = abi.encodeCall(aggregator.setConfig, (signers, transmitters, faulty, other, 2, ""));
    expectReason(owner, data, "invalid onchainConfig");
  }

  /// @dev Not even one bit may differ.
  function testFuzz_refusesNearlyTheOnchainConfig(uint16 bit) public {
    makeOracles(4, 1, "first");
    bytes memory other = onchainConfig();
    bit %= 49 * 8;
    other[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
    bytes memory data = abi.encodeCall(aggregator.setConfig, (signers, transmitters, faulty, other, 2, ""));
    expectReason(owner, data, "invalid onchainConfig");
  }

  function testFuzz_refusesRepeatedSigner(uint8 n, uint8 a, uint8 b) public {
    n = uint8(bound(n, 4, 31));
    makeOracles(n, 1, "first");
    vm.assume(a % n != b % n);
    signers[a % n] = signers[b % n];
    expectReason(owner, setConfigData(), "repeated signer address");
  }

  function testFuzz_refusesRepeatedTransmitter(uint8 n, uint8 a, uint8 b) public {
    n = uint8(bound(n, 4, 31));
    makeOracles(n, 1, "first");
    vm.assume(a % n != b % n);
    transmitters[a % n] = transmitters[b % n];
    expectReason(owner, setConfigData(), "repeated transmitter address");
  }

  /// @dev Oracles are looked at one by one, the signer before the transmitter.
  function test_refusesTheFirstRepetition() public {
    makeOracles(4, 1, "first");
    transmitters[1] = transmitters[0];
    signers[2] = signers[0];
    expectReason(owner, setConfigData(), "repeated transmitter address");
    signers[1] = signers[0];
    expectReason(owner, setConfigData(), "repeated signer address");
  }

  function test_refusesZeroSigner() public {
    makeOracles(4, 1, "first");
    signers[3] = address(0);
    expectReason(owner, setConfigData(), "signer must not be zero");
  }

  function test_refusesMalformedAddresses() public {
    makeOracles(4, 1, "first");
    bytes memory data = setConfigData();
    // The first word behind the head and the length of the signers is the first of them.
    assembly ("memory-safe") {
      let place := add(data, add(36, shl(5, 7)))
      mstore(place, or(mload(place), shl(255, 1)))
    }
    expectRevertData(owner, data, "");
  }

  /// @dev Addresses that fall on the same place of the look-up table, all of them: the longest search there is.
  function test_findsOraclesWhoseAddressesCollide() public {
    makeOracles(31, 10, "first");
    for (uint256 i = 0; i < 31; ++i) {
      transmitters[i] = address(uint160(((i + 1) << 16) | 0x3f));
    }
    configure();
    for (uint256 i = 0; i < 31; ++i) {
      transmitAs(transmitters[i], nextTransmit());
    }
    expectReason(address(uint160((32 << 16) | 0x3f)), transmitData(nextTransmit()), "unauthorized transmitter");
    expectReason(address(uint160(0x3f)), transmitData(nextTransmit()), "unauthorized transmitter");
  }

  // ----------------------------------------------------------------

  function expectedDigest(uint64 count) internal view returns (bytes32) {
    uint256 hash = uint256(
      keccak256(
        abi.encode(
          block.chainid,
          address(aggregator),
          count,
          signers,
          transmitters,
          faulty,
          onchainConfig(),
          OFFCHAIN_CONFIG_VERSION,
          offchainConfig()
        )
      )
    );
    return bytes32((hash & (type(uint256).max >> 16)) | (uint256(1) << 240));
  }

  function checkDetails(uint32 count, bytes32 expected) internal view {
    (uint32 count_, uint32 blockNumber, bytes32 configDigest) = aggregator.latestConfigDetails();
    assertEq(count_, count);
    assertEq(blockNumber, block.number);
    assertEq(configDigest, expected);
  }

  function checkBilling(uint32 a, uint32 b, uint32 c, uint32 d, uint24 e) internal view {
    (uint32 a_, uint32 b_, uint32 c_, uint32 d_, uint24 e_) = aggregator.getBilling();
    assertEq(abi.encode(a_, b_, c_, d_, e_), abi.encode(a, b, c, d, e));
  }

  /// @dev Each oracle of the configuration transmits a report with its own signature among others.
  function checkOracles() internal {
    uint256 n = signers.length;
    assertEq(aggregator.getTransmitters(), transmitters);
    for (uint256 i = 0; i < n; ++i) {
      Transmit memory t = nextTransmit();
      for (uint256 j = 0; j <= faulty; ++j) {
        signInto(t, j, signerKeys[(i + j) % n]);
      }
      transmitAs(transmitters[i], t);
    }
  }
}

contract ConfigurationTest is ConfigurationSuite {}

contract AccessControlledConfigurationTest is ConfigurationSuite {
  function contractName() internal pure override returns (string memory) {
    return "AccessControlledOCR2Aggregator";
  }
}
