// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {InvalidKey, InvalidNumberOfKeys, KeysOfInvalidSize} from "ocr/ocr3/OCR3AttestationErrors.sol";
import {
  InvalidAnswerRange,
  InvalidNumberOfFaultyOracles,
  InvalidOnchainConfig,
  InvalidTransmitter,
  TooManyOracles
} from "ocr/ocr3/feed/OCR3FeedErrors.sol";
import {OCR3FeedInterface} from "ocr/ocr3/feed/OCR3FeedInterface.sol";
import {OwnableInterface} from "ocr/shared/interfaces/OwnableInterface.sol";

import {FeedConfig, OCR3BLSFeedFixture, OCR3ECDSAFeedFixture, OCR3FeedFixture} from "../helpers/OCR3FeedFixture.sol";

/// @title Deployment, ownership and configurations of a feed on OCR3
abstract contract FeedConfigurationSuite is OCR3FeedFixture {
  bytes private constant NOT_OWNER = abi.encodeWithSignature("Error(string)", "Only callable by owner");

  /// @dev What the contract says about its scheme.
  function schemeName() internal pure virtual returns (string memory);
  function lengthOfAKey() internal pure virtual returns (uint256);

  // ------------------------------------------------------------------------------------------------- deployment

  function test_saysWhatItIs() public view {
    assertEq(feed.typeAndVersion(), string.concat(contractName(), " 1.0.0"));
    assertEq(feed.attestationScheme(), schemeName());
    assertEq(feed.keyLength(), lengthOfAKey());
    assertEq(feed.minAnswer(), MIN_ANSWER);
    assertEq(feed.maxAnswer(), MAX_ANSWER);
    assertEq(feed.decimals(), DECIMALS);
    assertEq(feed.description(), DESCRIPTION);
    assertEq(feed.version(), 1);
  }

  function test_keysAreAsLongAsItSays() public {
    assertEq(key(0).length, feed.keyLength());
  }

  function test_isEmptyAtFirst() public view {
    (uint32 count, uint32 blockNumber, bytes32 digest) = feed.latestConfigDetails();
    assertEq(count, 0);
    assertEq(blockNumber, 0);
    assertEq(digest, 0);
    (bytes32 inForce, uint64 seqNr, int192 answer, uint32 observed, uint32 transmitted) =
      feed.latestTransmissionDetails();
    assertEq(inForce, 0);
    assertEq(seqNr, 0);
    assertEq(answer, 0);
    assertEq(observed, 0);
    assertEq(transmitted, 0);
    assertEq(feed.latestRound(), 0);
    assertFalse(feed.isTransmitter(transmitter(0)));
    assertFalse(feed.isTransmitter(address(0)));
  }

  function test_refusesAnEmptyRange() public {
    bytes memory code = bytes.concat(vm.getCode(artifact()), abi.encode(int192(5), int192(4), DECIMALS, DESCRIPTION));
    bytes memory want = abi.encodeWithSelector(InvalidAnswerRange.selector, int192(5), int192(4));
    assertEq(createError(code), want);
    code = bytes.concat(vm.getCode(artifact()), abi.encode(int192(5), int192(5), DECIMALS, DESCRIPTION));
    assertEq(createError(code), "");
  }

  /// @dev Why a contract is not created; nothing if it is.
  function createError(bytes memory code) private returns (bytes memory reason) {
    address created;
    assembly ("memory-safe") {
      created := create(0, add(code, 32), mload(code))
    }
    if (created != address(0)) return "";
    assembly ("memory-safe") {
      reason := mload(0x40)
      mstore(reason, returndatasize())
      returndatacopy(add(reason, 32), 0, returndatasize())
      mstore(0x40, add(reason, add(returndatasize(), 64)))
    }
  }

  // ------------------------------------------------------------------------------------------------- what happens

  function test_configures() public {
    FeedConfig memory c = configOf(4, 1, 0);
    bytes32 digest = digestOf(c, block.chainid, address(feed), 1);
    expectConfigSet(c, 0, 1);
    setConfig(c);
    (uint32 count, uint32 blockNumber, bytes32 inForce) = feed.latestConfigDetails();
    assertEq(count, 1);
    assertEq(blockNumber, block.number);
    assertEq(inForce, digest);
    (inForce,,,,) = feed.latestTransmissionDetails();
    assertEq(inForce, digest);
    assertEq(bytes2(digest), bytes2(hex"0c30"));
  }

  /// @dev Each event names the block of the one before.
  function test_linksConfigurations() public {
    uint32 previous = 0;
    for (uint64 i = 1; i <= 3; ++i) {
      vm.roll(block.number + 10 * i);
      FeedConfig memory c = configOf(4 + i, 1, i);
      expectConfigSet(c, previous, i);
      setConfig(c);
      previous = uint32(block.number);
      (uint32 count, uint32 blockNumber, bytes32 digest) = feed.latestConfigDetails();
      assertEq(count, i);
      assertEq(blockNumber, previous);
      assertEq(digest, digestOf(c, block.chainid, address(feed), i));
    }
  }

  function expectConfigSet(FeedConfig memory c, uint32 previous, uint64 count) private {
    vm.expectEmit(address(feed));
    emit OCR3FeedInterface.ConfigSet(
      previous,
      digestOf(c, block.chainid, address(feed), count),
      count,
      c.keys,
      c.transmitters,
      c.f,
      c.onchainConfig,
      c.offchainConfigVersion,
      c.offchainConfig
    );
  }

  function testFuzz_digestIsThatOfTheDefinition(
    uint64 chainId,
    uint256 count,
    uint256 faulty,
    uint64 version,
    bytes calldata offchainConfig
  ) public {
    vm.chainId(bound(chainId, 1, type(uint64).max));
    count = bound(count, 4, 7);
    FeedConfig memory c = configOf(count, uint8(bound(faulty, 1, (count - 1) / 3)), 0);
    (c.offchainConfigVersion, c.offchainConfig) = (version, offchainConfig);
    setConfig(c);
    assertEq(digestInForce(), digestOf(c, block.chainid, address(feed), 1));
  }

  /// @dev Nothing that makes a difference between two configurations is left out of the digest.
  function test_digestsDiffer() public {
    OCR3FeedInterface other = newFeed();
    FeedConfig memory c = configOf(4, 1, 0);
    setConfig(c);
    bytes32 first = digestInForce();
    setConfig(c);
    assertNotEq(digestInForce(), first, "the same again");
    feed = other;
    setConfig(c);
    assertNotEq(digestInForce(), first, "the same elsewhere");
  }

  function test_takesAsManyOraclesAsItMay() public {
    start(MAX_ORACLES, 10, 0);
    for (uint256 i = 0; i < MAX_ORACLES; ++i) {
      assertTrue(feed.isTransmitter(transmitter(i)));
    }
    assertFalse(feed.isTransmitter(transmitter(MAX_ORACLES)));
  }

  function test_transmittersComeAndGo() public {
    start(4, 1, 0);
    start(5, 1, 3);
    for (uint256 i = 0; i < 9; ++i) {
      assertEq(feed.isTransmitter(transmitter(i)), i >= 3 && i < 8);
    }
    start(4, 1, 0);
    for (uint256 i = 0; i < 9; ++i) {
      assertEq(feed.isTransmitter(transmitter(i)), i < 4);
    }
  }

  // --------------------------------------------------------------------------------------------------- refusals

  function test_refusesStrangers() public {
    FeedConfig memory c = configOf(4, 1, 0);
    refuse(makeAddr("stranger"), configCall(c), NOT_OWNER);
    start(4, 1, 0);
    refuse(transmitter(0), configCall(c), NOT_OWNER);
  }

  /// @dev The owner proposes, the successor accepts, and then the one cannot configure and the other can.
  function test_ownershipPassesOn() public {
    address successor = makeAddr("successor");
    FeedConfig memory c = configOf(4, 1, 0);
    OwnableInterface(address(feed)).transferOwnership(successor);
    refuse(successor, configCall(c), NOT_OWNER);
    vm.prank(successor);
    OwnableInterface(address(feed)).acceptOwnership();
    refuse(address(this), configCall(c), NOT_OWNER);
    vm.prank(successor);
    setConfig(c);
  }

  function test_refusesNumbersOfOracles() public {
    start(4, 1, 7);
    refuse(configOf(32, 10, 0), abi.encodeWithSelector(TooManyOracles.selector, 32));
    refuseF(0, 0);
    refuseF(4, 0);
    refuseF(31, 0);
    refuseF(1, 1);
    refuseF(3, 1);
    refuseF(6, 2);
    refuseF(30, 10);
    refuseF(31, 11);
    // Three times these, in eight bits, is small.
    refuseF(31, 86);
    refuseF(31, 255);
  }

  function refuseF(uint256 count, uint8 faulty) private {
    refuse(configOf(count, faulty, 0), abi.encodeWithSelector(InvalidNumberOfFaultyOracles.selector, count, faulty));
  }

  function test_refusesKeys() public {
    start(4, 1, 7);
    FeedConfig memory c = configOf(4, 1, 0);
    bytes memory keys = c.keys;
    c.keys = bytes.concat(keys, key(4));
    refuse(c, selectorOf(InvalidNumberOfKeys.selector));
    c.keys = "";
    refuse(c, selectorOf(InvalidNumberOfKeys.selector));
    c.keys = bytes.concat(keys, hex"00");
    refuse(c, selectorOf(KeysOfInvalidSize.selector));
    c.keys = bytes.concat(key(0), key(1), key(2), key(1));
    refuse(c, selectorOf(InvalidKey.selector));
    c.keys = bytes.concat(key(0), key(1), key(2), new bytes(lengthOfAKey()));
    refuse(c, selectorOf(InvalidKey.selector));
    c.keys = bytes.concat(key(0), key(1), key(2), key(3));
    setConfig(c);
  }

  function test_refusesTransmitters() public {
    start(4, 1, 7);
    FeedConfig memory c = configOf(4, 1, 0);
    c.transmitters[2] = address(0);
    refuse(c, abi.encodeWithSelector(InvalidTransmitter.selector, address(0)));
    c.transmitters[2] = c.transmitters[0];
    refuse(c, abi.encodeWithSelector(InvalidTransmitter.selector, c.transmitters[0]));
    assertFalse(feed.isTransmitter(c.transmitters[0]));
    assertTrue(feed.isTransmitter(transmitter(7)));
    // One that was there before may be there again.
    c.transmitters[2] = transmitter(7);
    setConfig(c);
  }

  function test_refusesBoundsThatAreNotItsOwn() public {
    start(4, 1, 7);
    FeedConfig memory c = configOf(4, 1, 0);
    refuseOnchainConfig(c, "");
    refuseOnchainConfig(c, abi.encodePacked(uint8(2), MIN_ANSWER, MAX_ANSWER));
    refuseOnchainConfig(c, abi.encodePacked(uint8(1), MIN_ANSWER - 1, MAX_ANSWER));
    refuseOnchainConfig(c, abi.encodePacked(uint8(1), MIN_ANSWER, MAX_ANSWER - 1));
    refuseOnchainConfig(c, abi.encodePacked(uint8(1), MIN_ANSWER, MAX_ANSWER, uint8(0)));
  }

  function refuseOnchainConfig(FeedConfig memory c, bytes memory onchainConfig) private {
    c.onchainConfig = onchainConfig;
    refuse(c, selectorOf(InvalidOnchainConfig.selector));
  }
}

contract ECDSAFeedConfigurationTest is FeedConfigurationSuite, OCR3ECDSAFeedFixture {
  function schemeName() internal pure override returns (string memory) {
    return "ecdsa";
  }

  function lengthOfAKey() internal pure override returns (uint256) {
    return 20;
  }
}

contract BLSFeedConfigurationTest is FeedConfigurationSuite, OCR3BLSFeedFixture {
  function schemeName() internal pure override returns (string memory) {
    return "bls";
  }

  function lengthOfAKey() internal pure override returns (uint256) {
    return 161;
  }

  /// @dev Who has only seen the key of another oracle has no proof of possession for it.
  function test_refusesKeysWithoutProof() public {
    FeedConfig memory c = configOf(4, 1, 0);
    c.keys[161 + 140] ^= 0x01;
    refuse(c, selectorOf(InvalidKey.selector));
  }
}
