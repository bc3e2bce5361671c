// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OCR1OracleInterface} from "ocr/ocr1/interfaces/OCR1OracleInterface.sol";
import {OCR1Fixture, OCR1Transmit} from "../helpers/OCR1Fixture.sol";

/// @title setConfig, and what can be read of a configuration
abstract contract OCR1ConfigurationSuite is OCR1Fixture {
  function test_isUnconfiguredAtFirst() public {
    (uint32 count, uint32 blockNumber, bytes16 configDigest) = aggregator.latestConfigDetails();
    assertEq(count, 0);
    assertEq(blockNumber, 0);
    assertEq(configDigest, 0);
    assertEq(aggregator.transmitters().length, 0);
    makeOracles(4, 1, "first");
    expectReason(transmitters[0], transmitData(nextTransmit()), "unauthorized transmitter");
    assertEq(aggregator.owedPayment(address(0)), 0);
    checkBilling(2000, 100, 500e6, 500, 300);
  }

  function test_configures() public {
    makeOracles(7, 2, "first");
    namePayees();
    bytes16 expected = expectedDigest(1);
    vm.expectEmit(address(aggregator));
    emit OCR1OracleInterface.ConfigSet(0, 1, signers, transmitters, faulty, ENCODED_CONFIG_VERSION, encodedConfig());
    configure();
    checkDetails(1, expected);
    assertEq(aggregator.transmitters(), transmitters);
  }

  function test_linksConfigurations() public {
    makeOracles(4, 1, "first");
    namePayees();
    configure();
    vm.roll(block.number + 77);
    makeOracles(10, 3, "second");
    namePayees();
    vm.expectEmit(address(aggregator));
    emit OCR1OracleInterface.ConfigSet(
      uint32(block.number - 77), 2, signers, transmitters, faulty, ENCODED_CONFIG_VERSION, encodedConfig()
    );
    configure();
    checkDetails(2, expectedDigest(2));
  }

  /// forge-config: default.fuzz.runs = 4
  /// @dev Any number of oracles, followed by any other: all new ones are in, all old ones are out, each signs and transmits.
  function testFuzz_rotates(uint8 first, uint8 second) public {
    uint256 n = bound(first, 4, 31);
    makeOracles(n, 1, "first");
    namePayees();
    configure();
    checkOracles();
    address old = transmitters[n - 1];
    n = bound(second, 4, 31);
    vm.prank(owner);
    link.transfer(address(aggregator), 1e24);
    makeOracles(n, uint8((n - 1) / 3), "second");
    namePayees();
    configure();
    checkOracles();
    expectReason(old, transmitData(nextTransmit()), "unauthorized transmitter");
  }

  function test_startsAgainAtEpochZero() public {
    start(4, 1);
    transmitNext();
    transmitNext();
    configure();
    vm.prank(stranger, stranger);
    (, uint32 epoch_, uint8 round,,) = aggregator.latestTransmissionDetails();
    assertEq(epoch_, 0);
    assertEq(round, 0);
    transmitNext();
    vm.prank(stranger, stranger);
    assertEq(aggregator.latestRound(), 3);
  }

  /// @dev Prices survive a configuration, and a configuration survives new prices.
  function test_pricesAndConfigurationAreIndependent() public {
    callAs(owner, abi.encodeCall(aggregator.setBilling, (1, 2, 3, 4, 5)));
    makeOracles(4, 1, "first");
    namePayees();
    configure();
    checkBilling(1, 2, 3, 4, 5);
    bytes16 before = digest();
    uint32 max = type(uint32).max;
    callAs(owner, abi.encodeCall(aggregator.setBilling, (max, max, max, max, max)));
    checkBilling(max, max, max, max, max);
    callAs(owner, abi.encodeCall(aggregator.setBilling, (max, 7, 8, 9, 10)));
    checkBilling(max, 7, 8, 9, 10);
    assertEq(digest(), before);
    assertEq(aggregator.transmitters(), transmitters);
    (uint32 count,,) = aggregator.latestConfigDetails();
    assertEq(count, 1);
    transmitNext();
  }

  function test_refusesTooManyOracles() public {
    makeOracles(32, 10, "first");
    namePayees();
    expectReason(owner, setConfigData(), "too many signers");
    makeOracles(31, 10, "second");
    namePayees();
    configure();
  }

  function test_refusesUnequalLengths() public {
    makeOracles(4, 1, "first");
    transmitters.pop();
    expectReason(owner, setConfigData(), "oracle addresses out of registration");
    makeOracles(5, 1, "first");
    signers.pop();
    expectReason(owner, setConfigData(), "oracle addresses out of registration");
    // The number of signers is limited first; there may be as many transmitters as there like.
    makeOracles(40, 1, "first");
    while (signers.length > 4) signers.pop();
    expectReason(owner, setConfigData(), "oracle addresses out of registration");
  }

  function test_refusesTooManyFaulty() public {
    makeOracles(6, 2, "first");
    expectReason(owner, setConfigData(), "faulty-oracle threshold too high");
    makeOracles(0, 1, "first");
    expectReason(owner, setConfigData(), "faulty-oracle threshold too high");
    // Three times these, in eight bits, is less than four.
    makeOracles(4, 86, "first");
    expectReason(owner, setConfigData(), "faulty-oracle threshold too high");
    makeOracles(4, 255, "first");
    expectReason(owner, setConfigData(), "faulty-oracle threshold too high");
  }

  function test_refusesNoFaulty() public {
    makeOracles(4, 0, "first");
    expectReason(owner, setConfigData(), "threshold must be positive");
  }

  /// @dev Everything is wrong at first. Whenever what is complained about is put right, the next complaint comes. That the
  /// caller is no owner is the last thing to be noticed of what the arguments alone do not tell.
  function test_refusesInOrder() public {
    makeOracles(32, 0, "first");
    transmitters.pop();
    transmitters.pop();
    signers[1] = signers[0];
    expectReason(stranger, setConfigData(), "too many signers");
    signers.pop();
    expectReason(stranger, setConfigData(), "threshold must be positive");
    faulty = 11;
    expectReason(stranger, setConfigData(), "oracle addresses out of registration");
    signers.pop();
    expectReason(stranger, setConfigData(), "faulty-oracle threshold too high");
    faulty = 9;
    expectReason(stranger, setConfigData(), "Only callable by owner");
    expectReason(owner, setConfigData(), "payee must be set");
    namePayeesOf(transmitters);
    expectReason(owner, setConfigData(), "repeated signer address");
    makeOracles(30, 9, "first");
    configure();
  }

  /// @dev Oracles are looked at one by one: the signer, the payee, the transmitter.
  function test_refusesTheFirstBadOracle() public {
    makeOracles(4, 1, "first");
    namePayees();
    transmitters[1] = transmitters[0];
    signers[2] = signers[0];
    expectReason(owner, setConfigData(), "repeated transmitter address");
    signers[1] = signers[0];
    expectReason(owner, setConfigData(), "repeated signer address");
    signers[1] = address(0);
    expectReason(owner, setConfigData(), "signer must not be zero");
    signers[0] = transmitters[0];
    expectReason(owner, setConfigData(), "repeated transmitter address");
    transmitters[0] = derived("other", "transmitter", 0);
    expectReason(owner, setConfigData(), "payee must be set");
    signers[0] = address(0);
    expectReason(owner, setConfigData(), "signer must not be zero");
  }

  function testFuzz_refusesRepeatedSigner(uint8 n, uint8 a, uint8 b) public {
    n = uint8(bound(n, 4, 31));
    makeOracles(n, 1, "first");
    namePayees();
    vm.assume(a % n != b % n);
    signers[a % n] = signers[b % n];
    expectReason(owner, setConfigData(), "repeated signer address");
  }

  function testFuzz_refusesRepeatedTransmitter(uint8 n, uint8 a, uint8 b) public {
    n = uint8(bound(n, 4, 31));
    makeOracles(n, 1, "first");
    namePayees();
    vm.assume(a % n != b % n);
    transmitters[a % n] = transmitters[b % n];
    expectReason(owner, setConfigData(), "repeated transmitter address");
  }

  /// @dev Whichever role an address has first, it cannot have the other.
  function testFuzz_refusesAddressesWithBothRoles(uint8 n, uint8 signer, uint8 transmitter) public {
    n = uint8(bound(n, 4, 31));
    (signer, transmitter) = (signer % n, transmitter % n);
    makeOracles(n, 1, "first");
    transmitters[transmitter] = signers[signer];
    namePayees();
    expectReason(
      owner, setConfigData(), signer <= transmitter ? "repeated transmitter address" : "repeated signer address"
    );
  }

  function testFuzz_refusesMissingPayee(uint8 n, uint8 which) public {
    n = uint8(bound(n, 4, 31));
    makeOracles(n, 1, "first");
    payees[which % n] = address(0);
    namePayees();
    expectReason(owner, setConfigData(), "payee must be set");
  }

  function test_refusesZeroSigner() public {
    makeOracles(4, 1, "first");
    namePayees();
    signers[3] = address(0);
    expectReason(owner, setConfigData(), "signer must not be zero");
  }

  /// @dev The zero address is a transmitter like any other, if somebody wants to be paid for it. It signs nothing.
  function test_acceptsZeroTransmitter() public {
    makeOracles(4, 1, "first");
    transmitters[3] = address(0);
    namePayees();
    configure();
    OCR1Transmit memory t = nextTransmit();
    t.rs[0] = 0;
    expectTransmitReason(t, "address not authorized to sign");
  }

  /// @dev What is above an address in its word is not looked at, nor does it make an address another one.
  function test_ignoresWhatIsAboveAddresses() public {
    makeOracles(4, 1, "first");
    namePayees();
    vm.prank(owner);
    link.transfer(address(aggregator), 1e24);
    callAs(owner, withDirtyFirstSigner(setConfigData()));
    assertEq(aggregator.transmitters(), transmitters);
    transmitNext();
    assertEq(aggregator.oracleObservationCount(signers[0]), 1);
    signers[1] = signers[0];
    expectReason(owner, withDirtyFirstSigner(setConfigData()), "repeated signer address");
  }

  /// @dev The first word behind selector, head and number of signers is the first of them.
  function withDirtyFirstSigner(bytes memory data) internal pure returns (bytes memory) {
    assembly ("memory-safe") {
      let place := add(data, add(36, shl(5, 6)))
      mstore(place, or(mload(place), shl(255, 1)))
    }
    return data;
  }

  function test_refusesCutCalldata() public {
    makeOracles(4, 1, "first");
    bytes memory data = setConfigData();
    assembly ("memory-safe") {
      mstore(data, sub(mload(data), 32))
    }
    expectRevertData(owner, data, "");
  }

  /// @dev Addresses that fall on the same place of the look-up table, all of them: the longest search there is.
  function test_findsOraclesWhoseAddressesCollide() public {
    makeOracles(31, 10, "first");
    for (uint256 i = 0; i < 31; ++i) {
      transmitters[i] = address(uint160(((i + 1) << 16) | 0x3f));
    }
    namePayees();
    configure();
    for (uint256 i = 0; i < 31; ++i) {
      transmitAs(transmitters[i], nextTransmit());
    }
    expectReason(address(uint160((32 << 16) | 0x3f)), transmitData(nextTransmit()), "unauthorized transmitter");
    expectReason(address(uint160(0x3f)), transmitData(nextTransmit()), "unauthorized transmitter");
  }

  // ----------------------------------------------------------------

  /// @dev Names one and the same payee for all.
  function namePayeesOf(address[] memory of_) internal {
    address[] memory to = new address[](of_.length);
    for (uint256 i = 0; i < to.length; ++i) {
      to[i] = payees[i];
    }
    vm.prank(owner);
    aggregator.setPayees(of_, to);
  }

  function expectedDigest(uint64 count) internal view returns (bytes16) {
    return bytes16(
      keccak256(
        abi.encode(address(aggregator), count, signers, transmitters, faulty, ENCODED_CONFIG_VERSION, encodedConfig())
      )
    );
  }

  function checkDetails(uint32 count, bytes16 expected) internal view {
    (uint32 count_, uint32 blockNumber, bytes16 configDigest) = aggregator.latestConfigDetails();
    assertEq(count_, count);
    assertEq(blockNumber, block.number);
    assertEq(configDigest, expected);
  }

  function checkBilling(uint32 a, uint32 b, uint32 c, uint32 d, uint32 e) internal view {
    (uint32 a_, uint32 b_, uint32 c_, uint32 d_, uint32 e_) = aggregator.getBilling();
    assertEq(abi.encode(a_, b_, c_, d_, e_), abi.encode(a, b, c, d, e));
  }

  /// @dev Each oracle of the configuration transmits a report with its own signature among others.
  function checkOracles() internal {
    uint256 n = signers.length;
    assertEq(aggregator.transmitters(), transmitters);
    for (uint256 i = 0; i < n; ++i) {
      OCR1Transmit memory t = nextTransmit();
      for (uint256 j = 0; j <= faulty; ++j) {
        signInto(t, j, signerKeys[(i + j) % n]);
      }
      transmitAs(transmitters[i], t);
    }
  }
}

contract OCR1ConfigurationTest is OCR1ConfigurationSuite {}

contract AccessControlledOCR1ConfigurationTest is OCR1ConfigurationSuite {
  function contractName() internal pure override returns (string memory) {
    return "AccessControlledOffchainAggregator";
  }
}
