// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Test} from "forge-std/Test.sol";

import {OCR3FeedInterface} from "ocr/ocr3/feed/OCR3FeedInterface.sol";
import {OwnableInterface} from "ocr/shared/interfaces/OwnableInterface.sol";

import {OCR3BLSKeys} from "./OCR3BLSKeys.sol";
import {OCR3BLSModel} from "./OCR3BLSModel.sol";

/// @notice What setConfig takes.
struct FeedConfig {
  bytes keys;
  address[] transmitters;
  uint8 f;
  bytes onchainConfig;
  uint64 offchainConfigVersion;
  bytes offchainConfig;
}

/// @notice What transmit takes.
struct FeedTransmission {
  bytes32 configDigest;
  uint64 seqNr;
  bytes report;
  bytes attestation;
}

/// @title A feed on OCR3 with oracles to play with
/// @notice The suites are written against the interface and run for both signature schemes. Formats are written down here
/// once more, and not taken from the contracts under test.
abstract contract OCR3FeedFixture is Test {
  int192 internal constant MIN_ANSWER = -1_000;
  int192 internal constant MAX_ANSWER = 1e18;
  uint8 internal constant DECIMALS = 8;
  string internal constant DESCRIPTION = "ETH / USD";
  uint256 internal constant MAX_ORACLES = 31;

  /// @dev The owner is this contract, which deploys it.
  OCR3FeedInterface internal feed;

  /// @dev Oracle i of the configuration in force has the key with this number plus i.
  uint256 internal firstKey;
  uint256 internal n;
  uint8 internal f;

  function setUp() public virtual {
    vm.roll(1_000);
    vm.warp(1_700_000_000);
    feed = newFeed();
  }

  // -------------------------------------------------------------------------------------------- signature schemes

  function contractName() internal pure virtual returns (string memory);

  /// @dev A key for key lists, the same for the same number; there are 40 different ones.
  function key(uint256 number) internal virtual returns (bytes memory);

  /// @dev An attestation that names the oracles in `mask`, made with their keys if the first of them is number `first`.
  function attest(uint256 first, uint256 mask, bytes32 hash) internal virtual returns (bytes memory);

  // ----------------------------------------------------------------------------------------------- configurations

  function newFeed() internal returns (OCR3FeedInterface) {
    return OCR3FeedInterface(vm.deployCode(artifact(), abi.encode(MIN_ANSWER, MAX_ANSWER, DECIMALS, DESCRIPTION)));
  }

  function artifact() internal pure returns (string memory) {
    return string.concat(contractName(), ".sol:", contractName());
  }

  function transmitter(uint256 number) internal pure returns (address) {
    return address(uint160(uint256(keccak256(abi.encode("transmitter", number)))));
  }

  /// @dev A configuration of `count` oracles with the keys and transmitters `first`, `first` + 1, ...
  function configOf(uint256 count, uint8 faulty, uint256 first) internal returns (FeedConfig memory c) {
    c.transmitters = new address[](count);
    for (uint256 i = 0; i < count; ++i) {
      c.keys = bytes.concat(c.keys, key(first + i));
      c.transmitters[i] = transmitter(first + i);
    }
    c.f = faulty;
    c.onchainConfig = abi.encodePacked(uint8(1), MIN_ANSWER, MAX_ANSWER);
    c.offchainConfigVersion = 30;
    c.offchainConfig = "what oracles read";
  }

  function configCall(FeedConfig memory c) internal pure returns (bytes memory) {
    return abi.encodeCall(
      OCR3FeedInterface.setConfig,
      (c.keys, c.transmitters, c.f, c.onchainConfig, c.offchainConfigVersion, c.offchainConfig)
    );
  }

  /// @dev The digest of a configuration of a contract, from its definition.
  function digestOf(FeedConfig memory c, uint256 chainId, address contractAddress, uint64 count)
    internal
    pure
    returns (bytes32)
  {
    bytes32 hash = keccak256(
      abi.encode(
        chainId,
        contractAddress,
        count,
        c.keys,
        c.transmitters,
        c.f,
        c.onchainConfig,
        c.offchainConfigVersion,
        c.offchainConfig
      )
    );
    return bytes32(bytes.concat(hex"0c30", bytes30(hash << 16)));
  }

  function setConfig(FeedConfig memory c) internal {
    feed.setConfig(c.keys, c.transmitters, c.f, c.onchainConfig, c.offchainConfigVersion, c.offchainConfig);
  }

  /// @dev Puts `count` oracles in force, the keys and transmitters `first`, `first` + 1, ...
  function start(uint256 count, uint8 faulty, uint256 first) internal {
    setConfig(configOf(count, faulty, first));
    (n, f, firstKey) = (count, faulty, first);
  }

  function digestInForce() internal view returns (bytes32 configDigest) {
    (,, configDigest) = feed.latestConfigDetails();
  }

  // ------------------------------------------------------------------------------------------------ transmissions

  function reportOf(uint32 observationsTimestamp, int192 answer) internal pure returns (bytes memory) {
    return abi.encode(observationsTimestamp, answer);
  }

  /// @dev What oracles sign.
  function hashOf(FeedTransmission memory t) internal pure returns (bytes32) {
    return keccak256(abi.encode(t.configDigest, t.seqNr, keccak256(t.report)));
  }

  /// @dev The mask of the f + 1 oracles with the lowest indices.
  function lowest() internal view returns (uint256) {
    return (uint256(2) << f) - 1;
  }

  /// @dev The mask of the f + 1 oracles with the highest indices.
  function highest() internal view returns (uint256) {
    return lowest() << (n - f - 1);
  }

  /// @dev A transmission with which everything is right.
  function right(uint64 seqNr, int192 answer) internal returns (FeedTransmission memory) {
    return right(seqNr, reportOf(uint32(block.timestamp) - 3, answer));
  }

  function right(uint64 seqNr, bytes memory report) internal returns (FeedTransmission memory t) {
    (t.configDigest, t.seqNr, t.report) = (digestInForce(), seqNr, report);
    sign(t);
  }

  /// @dev The oracles of the configuration in force attest to what is in the transmission, whatever it is.
  function sign(FeedTransmission memory t) internal {
    t.attestation = attest(firstKey, lowest(), hashOf(t));
  }

  function transmitCall(FeedTransmission memory t) internal pure returns (bytes memory) {
    return abi.encodeCall(OCR3FeedInterface.transmit, (t.configDigest, t.seqNr, t.report, t.attestation));
  }

  /// @dev Sent by oracle 0.
  function transmit(FeedTransmission memory t) internal {
    vm.prank(transmitter(firstKey));
    feed.transmit(t.configDigest, t.seqNr, t.report, t.attestation);
  }

  // ----------------------------------------------------------------------------------------------------- refusals

  /// @dev A transmission by oracle 0 that must revert with exactly this data.
  function refuse(FeedTransmission memory t, bytes memory revertData) internal {
    refuse(transmitter(firstKey), transmitCall(t), revertData);
  }

  /// @dev A configuration by the owner that must revert with exactly this data.
  function refuse(FeedConfig memory c, bytes memory revertData) internal {
    refuse(address(this), configCall(c), revertData);
  }

  /// @dev A call that must revert with exactly this data, and change nothing.
  function refuse(address caller, bytes memory data, bytes memory revertData) internal {
    bytes32 before = fingerprint();
    vm.prank(caller);
    (bool ok, bytes memory ret) = address(feed).call{gas: 20_000_000}(data);
    assertFalse(ok, "should have reverted");
    assertEq(ret, revertData, "revert data");
    assertEq(fingerprint(), before, "something changed");
  }

  /// @dev Everything that can be read of the feed.
  function fingerprint() internal view returns (bytes32) {
    bytes memory all = bytes.concat(
      view_(abi.encodeCall(feed.latestConfigDetails, ())),
      view_(abi.encodeCall(feed.latestTransmissionDetails, ())),
      view_(abi.encodeCall(feed.latestRoundData, ())),
      view_(abi.encodeCall(OwnableInterface.owner, ()))
    );
    uint256 latest = feed.latestRound();
    for (uint256 i = latest < 3 ? 0 : latest - 3; i <= latest + 1; ++i) {
      all = bytes.concat(all, view_(abi.encodeCall(feed.getRoundData, (uint80(i)))));
    }
    return keccak256(all);
  }

  function view_(bytes memory data) private view returns (bytes memory) {
    (bool ok, bytes memory ret) = address(feed).staticcall(data);
    assertTrue(ok, "a view reverted");
    return ret;
  }

  function selectorOf(bytes4 selector) internal pure returns (bytes memory) {
    return abi.encodePacked(selector);
  }
}

/// @title Oracles of a feed that sign with secp256k1 keys
abstract contract OCR3ECDSAFeedFixture is OCR3FeedFixture {
  /// @dev Order of the group of secp256k1.
  uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

  function contractName() internal pure override returns (string memory) {
    return "OCR3ECDSAFeed";
  }

  function key(uint256 number) internal pure override returns (bytes memory) {
    return abi.encodePacked(vm.addr(secretKey(number)));
  }

  function attest(uint256 first, uint256 mask, bytes32 hash) internal pure override returns (bytes memory attestation) {
    attestation = abi.encodePacked(uint32(mask));
    for (uint256 i = 0; mask >> i != 0; ++i) {
      if ((mask >> i) & 1 == 0) continue;
      (uint8 v, bytes32 r, bytes32 s) = vm.sign(secretKey(first + i), hash);
      // In the form that has recovery id 0.
      if (v == 28) s = bytes32(ORDER - uint256(s));
      attestation = bytes.concat(attestation, r, s);
    }
  }

  function secretKey(uint256 number) private pure returns (uint256) {
    return uint256(keccak256(abi.encode("feed oracle", number % 40))) >> 8;
  }
}

/// @title Oracles of a feed that sign with BLS keys
abstract contract OCR3BLSFeedFixture is OCR3FeedFixture {
  /// @dev Keys with their proofs of possession, which take long to make.
  mapping(uint256 => bytes) private s_keys;

  function contractName() internal pure override returns (string memory) {
    return "OCR3BLSFeed";
  }

  function key(uint256 number) internal override returns (bytes memory entry) {
    number %= OCR3BLSKeys.COUNT;
    entry = s_keys[number];
    if (entry.length > 0) return entry;
    bytes memory publicKey = OCR3BLSKeys.publicKey(number);
    bytes32 possession = OCR3BLSModel.possessionDigest(publicKey);
    entry = bytes.concat(publicKey, OCR3BLSModel.sign(OCR3BLSKeys.secretKey(number), possession));
    s_keys[number] = entry;
  }

  function attest(uint256 first, uint256 mask, bytes32 hash) internal view override returns (bytes memory) {
    uint256 sum = 0;
    for (uint256 i = 0; mask >> i != 0; ++i) {
      if ((mask >> i) & 1 == 0) continue;
      sum = addmod(sum, OCR3BLSKeys.secretKey((first + i) % OCR3BLSKeys.COUNT), OCR3BLSKeys.ORDER);
    }
    return bytes.concat(bytes4(uint32(mask)), OCR3BLSModel.sign(sum, hash));
  }
}
