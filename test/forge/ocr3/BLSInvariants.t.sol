// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Test} from "forge-std/Test.sol";

import {OCR3BLSFixture} from "../helpers/OCR3BLSFixture.sol";
import {OCR3BLSKeys} from "../helpers/OCR3BLSKeys.sol";
import {OCR3BLSModel} from "../helpers/OCR3BLSModel.sol";
import {Transmission} from "../helpers/OCR3Fixture.sol";

/// @title Everything that may happen to verifiers, in any order
/// @notice The same calls go to the verifier that is inherited and to the one that dispatches, and each must do what the model
/// says.
contract BLSVerifierHandler is OCR3BLSFixture {
  address[2] public demos;

  /// @dev Set by an action that saw something that must not be.
  string public violation;

  uint256 public accepted;
  uint256 public configured;

  function setUp() public override {
    demos[0] = deployed("DemoBLSAttestationVerifier", "");
    demos[1] = deployed(
      "DemoDynamicallyDispatchedAttestationVerifier",
      abi.encode(deployed("OCR3DynamicallyDispatchedBLSAttestationVerifierLib", ""))
    );
    makeOracles(4, 1, 0);
    both(setConfigData(4, 1, packed(keys)), "");
  }

  function deployDemo() internal pure override returns (address) {
    return address(0);
  }

  function numberOfKeys() external view returns (uint256) {
    return keys.length;
  }

  function keyOf(uint256 oracle) external view returns (bytes memory) {
    return keys[oracle];
  }

  function secretKeyOf(uint256 oracle) external view returns (uint256) {
    return secretKeys[oracle];
  }

  function configure(uint256 n, uint256 f, uint256 first) external {
    n = bound(n, 1, 12);
    makeOracles(n, uint8(bound(f, 0, n - 1)), first % OCR3BLSKeys.COUNT);
    both(setConfigData(uint8(n), faulty, packed(keys)), "");
    ++configured;
  }

  /// @notice A key list that something is wrong with. The keys in force must stay.
  function configureWrongly(uint256 n, uint256 what, uint256 seed) external {
    n = bound(n, 2, 6);
    bytes memory data;
    for (uint256 i = 0; i < n; ++i) {
      uint256 k = (seed % OCR3BLSKeys.COUNT + i) % OCR3BLSKeys.COUNT;
      data = bytes.concat(data, keyEntry(OCR3BLSKeys.publicKey(k), OCR3BLSKeys.secretKey(k)));
    }
    uint256 place = KEY * ((seed >> 8) % n);
    what %= 7;
    if (what == 0) data[place + (seed >> 16) % 128] ^= bytes1(uint8(1 << ((seed >> 24) % 8)));
    if (what == 1) data[place + 128 + (seed >> 16) % 32] ^= bytes1(uint8(1 << ((seed >> 24) % 8)));
    if (what == 2) {
      data = OCR3BLSModel.replace(data, place, OCR3BLSModel.slice(data, (place + KEY) % data.length, KEY));
    }
    if (what == 3) data = OCR3BLSModel.replace(data, place, OCR3BLSKeys.OUTSIDE);
    if (what == 4) data = OCR3BLSModel.replace(data, place, new bytes(128));
    if (what == 5) --n;
    if (what == 6) data = bytes.concat(data, bytes1(uint8(seed)));
    bytes memory want = OCR3BLSModel.setKeys(n, data);
    if (want.length == 0) violation = "a wrong key list is right";
    both(setConfigData(uint8(n), 1, data), want);
  }

  /// @notice An attestation by oracles, under a mask, of a report: whether these fit together is up to the numbers.
  function transmit(uint256 signers, uint256 mask, uint256 surplus, uint64 seqNr, bool right) external {
    Transmission memory t = transmissionOf(1);
    t.seqNr = seqNr;
    if (right) mask = signers = subset(signers);
    else mask = surplus % 3 == 0 ? subset(mask) : signers | (1 << (mask % 32));
    bool ofThis = right || surplus % 5 != 0;
    t.attestation = attestationOf(mask, signers, ofThis ? hashOf(t) : keccak256("something else"));
    bytes memory want = attestedBy(t);
    if (right && want.length != 0) violation = "a right attestation is wrong";
    both(transmitData(t), want);
    if (want.length == 0) ++accepted;
  }

  /// @notice Whether each oracle's own signature is accepted in its place, and a set that it is not in is not taken for one
  /// that it is in.
  function keysWork() external returns (bool) {
    uint256 n = keys.length;
    for (uint256 i = 0; i < n; ++i) {
      uint256 mask = 1 << i;
      uint256 next = (i + 1) % n;
      for (uint256 left = faulty; left > 0; --left) {
        mask |= 1 << next;
        next = (next + 1) % n;
      }
      Transmission memory t = transmissionOf(mask);
      both(transmitData(t), "");
      if (mask & (1 << next) != 0) continue;
      t.attestation = attestationOf(mask, mask ^ (1 << i) ^ (1 << next), hashOf(t));
      both(transmitData(t), attestedBy(t));
    }
    return bytes(violation).length == 0;
  }

  /// @dev f + 1 of the oracles.
  function subset(uint256 seed) private view returns (uint256) {
    return anyMask(keys.length, uint256(faulty) + 1, seed);
  }

  function both(bytes memory data, bytes memory want) private {
    for (uint256 i = 0; i < 2; ++i) {
      (bool ok, bytes memory ret) = demos[i].call{gas: CALL_GAS}(data);
      if (ok != (want.length == 0) || keccak256(ret) != keccak256(want)) {
        violation = string.concat("verifier ", vm.toString(i), " answered ", vm.toString(ret));
      }
    }
  }
}

/// @title The invariants of docs/invariants.md about OCR3 verifiers, for BLS signatures
contract BLSInvariantsTest is Test {
  BLSVerifierHandler private handler;

  function setUp() public {
    handler = new BLSVerifierHandler();
    handler.setUp();
    bytes4[] memory actions = new bytes4[](4);
    actions[0] = BLSVerifierHandler.configure.selector;
    actions[1] = BLSVerifierHandler.configureWrongly.selector;
    actions[2] = BLSVerifierHandler.transmit.selector;
    actions[3] = BLSVerifierHandler.transmit.selector;
    targetContract(address(handler));
    targetSelector(FuzzSelector({addr: address(handler), selectors: actions}));
  }

  /// @dev The handler compares every answer with a model that makes the one attestation that is right.
  /// forge-config: default.invariant.runs = 4
  /// forge-config: default.invariant.depth = 32
  function invariant_AttestationsAreSigned() public view {
    assertEq(handler.violation(), "");
  }

  /// @dev In the group, not infinity, proven, not twice, and each in its place: read from where the verifiers keep them. That a
  /// key is the multiple of the generator by a number that its owner knows is shown by the pairing with that multiple.
  /// forge-config: default.invariant.runs = 4
  /// forge-config: default.invariant.depth = 32
  function invariant_KeysAreUsable() public view {
    uint256 n = handler.numberOfKeys();
    for (uint256 v = 0; v < 2; ++v) {
      uint256 head = uint256(vm.load(handler.demos(v), 0));
      assertEq(uint8(head >> 160), n, "number of keys");
      bytes memory code = address(uint160(head)).code;
      assertEq(code.length, 1 + 128 * n, "data contract");
      for (uint256 i = 0; i < n; ++i) {
        bytes memory key = OCR3BLSModel.slice(code, 1 + 128 * i, 128);
        assertEq(key, OCR3BLSModel.slice(handler.keyOf(i), 0, 128), "key");
        if (v == 0) assertTrue(isMultiple(key, handler.secretKeyOf(i)), "in the group");
        for (uint256 j = 0; j < i; ++j) {
          assertNotEq(keccak256(key), keccak256(OCR3BLSModel.slice(code, 1 + 128 * j, 128)), "twice");
        }
      }
    }
  }

  /// @dev An invariant of a handler that never gets anywhere says nothing.
  function afterInvariant() public {
    assertGt(handler.accepted() + handler.configured(), 0);
    assertTrue(handler.keysWork());
  }

  /// @dev e(secretKey * G1, -G2) * e(G1, key) = 1. The precompile fails if the key is outside of the group.
  function isMultiple(bytes memory key, uint256 secretKey) private view returns (bool) {
    (uint256 x, uint256 y) = OCR3BLSModel.multiply(1, 2, secretKey);
    bytes memory generator = OCR3BLSModel.NEGATED_GENERATOR;
    bytes memory pairs = bytes.concat(abi.encode(x, y), generator, abi.encode(1, 2), key);
    return abi.decode(OCR3BLSModel.precompile(8, pairs), (bool));
  }
}
