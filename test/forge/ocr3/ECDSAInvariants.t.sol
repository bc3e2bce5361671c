// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Test} from "forge-std/Test.sol";

import {OCR3ECDSAFixture} from "../helpers/OCR3ECDSAFixture.sol";
import {OCR3ECDSAModel} from "../helpers/OCR3ECDSAModel.sol";
import {Transmission} from "../helpers/OCR3Fixture.sol";

/// @title Everything that may happen to verifiers, in any order
/// @notice The same calls go to the verifier that is inherited and to the one that dispatches, and each must do what the model
/// says.
contract ECDSAVerifierHandler is OCR3ECDSAFixture {
  address[2] public demos;

  /// @dev Set by an action that saw something that must not be.
  string public violation;

  uint256 public accepted;
  uint256 public configured;

  uint256 private s_generation;

  function setUp() public override {
    demos[0] = deployed("DemoECDSAAttestationVerifier", "");
    demos[1] = deployed(
      "DemoDynamicallyDispatchedAttestationVerifier",
      abi.encode(deployed("OCR3DynamicallyDispatchedECDSAAttestationVerifierLib", ""))
    );
    makeOracles(4, 1, "0");
    both(setConfigData(4, 1, packed(keys)), "");
  }

  function deployDemo() internal pure override returns (address) {
    return address(0);
  }

  function numberOfKeys() external view returns (uint256) {
    return keys.length;
  }

  function keyOf(uint256 oracle) external view returns (address) {
    return keys[oracle];
  }

  function configure(uint256 n, uint256 f) external {
    n = bound(n, 1, MAX_ORACLES);
    makeOracles(n, uint8(bound(f, 0, n - 1)), vm.toString(++s_generation));
    both(setConfigData(uint8(n), faulty, packed(keys)), "");
    ++configured;
  }

  /// @notice A key list that something is wrong with. The keys in force must stay.
  function configureWrongly(uint256 n, uint256 what, uint256 seed) external {
    n = bound(n, 2, MAX_ORACLES);
    address[] memory list = new address[](n);
    for (uint256 i = 0; i < n; ++i) {
      list[i] = address(uint160(uint256(keccak256(abi.encode(seed, i)))));
    }
    what %= 4;
    if (what == 0) list[seed % n] = address(0);
    if (what == 1) list[seed % n] = list[(seed + 1) % n];
    bytes memory data = packed(list);
    if (what == 2) --n;
    if (what == 3) data = bytes.concat(data, bytes1(uint8(seed)));
    bytes memory want = OCR3ECDSAModel.setKeys(n, data);
    if (want.length == 0) violation = "a wrong key list is right";
    both(setConfigData(uint8(n), 1, data), want);
  }

  /// @notice An attestation by oracles, under a mask, of a report: whether these fit together is up to the numbers.
  function transmit(uint256 signers, uint256 mask, uint256 surplus, uint64 seqNr, bool right) external {
    Transmission memory t = transmissionOf(0);
    t.seqNr = seqNr;
    if (right) mask = signers = subset(signers);
    else mask = surplus % 3 == 0 ? subset(mask) : signers | (1 << (mask % 32));
    uint256 signed = surplus % 5 == 0 ? seqNr + 1 : seqNr;
    bytes32 hash = hashOf(t.configDigest, right ? seqNr : uint64(signed), t.report);
    t.attestation = bytes.concat(bytes4(uint32(mask)), signatures(signers, hash));
    bytes memory want = OCR3ECDSAModel.verify(keys, keys.length, faulty, hashOf(t), t.attestation, "");
    if (right && want.length != 0) violation = "a right attestation is wrong";
    both(transmitData(t), want);
    if (want.length == 0) ++accepted;
  }

  /// @dev f + 1 of the oracles.
  function subset(uint256 seed) private view returns (uint256 mask) {
    for (uint256 left = uint256(faulty) + 1; left > 0;) {
      seed = uint256(keccak256(abi.encode(seed)));
      uint256 bit = 1 << (seed % keys.length);
      if (mask & bit == 0) --left;
      mask |= bit;
    }
  }

  function both(bytes memory data, bytes memory want) private {
    for (uint256 i = 0; i < 2; ++i) {
      (bool ok, bytes memory ret) = demos[i].call{gas: CALL_GAS}(data);
      if (ok != (want.length == 0) || keccak256(ret) != keccak256(want)) {
        violation = string.concat("verifier ", vm.toString(i), " answered ", vm.toString(ret));
      }
    }
  }

  /// @notice Whether each oracle's own signature, and no other's, is accepted in its place.
  /// @dev With f as it is: the oracle and f others, then the same with one signature replaced.
  function keysWork() external returns (bool) {
    for (uint256 i = 0; i < keys.length; ++i) {
      uint256 mask = 1 << i;
      for (uint256 j = (i + 1) % keys.length; bits(mask) <= faulty; j = (j + 1) % keys.length) {
        mask |= 1 << j;
      }
      both(transmitData(transmissionOf(mask)), "");
    }
    return bytes(violation).length == 0;
  }

  function bits(uint256 mask) private pure returns (uint256 count) {
    for (; mask != 0; mask >>= 1) {
      count += mask & 1;
    }
  }
}

/// @title The invariants of docs/invariants.md about OCR3 verifiers, for secp256k1 signatures
contract ECDSAInvariantsTest is Test {
  ECDSAVerifierHandler private handler;

  function setUp() public {
    handler = new ECDSAVerifierHandler();
    handler.setUp();
    bytes4[] memory actions = new bytes4[](4);
    actions[0] = ECDSAVerifierHandler.configure.selector;
    actions[1] = ECDSAVerifierHandler.configureWrongly.selector;
    actions[2] = ECDSAVerifierHandler.transmit.selector;
    actions[3] = ECDSAVerifierHandler.transmit.selector;
    targetContract(address(handler));
    targetSelector(FuzzSelector({addr: address(handler), selectors: actions}));
  }

  /// @dev The handler compares every answer with a model that looks at each named oracle and its signature.
  /// forge-config: default.invariant.runs = 4
  function invariant_AttestationsAreSigned() public view {
    assertEq(handler.violation(), "");
  }

  /// @dev Not zero, not twice, and each in its place: read from where the verifiers keep them.
  /// forge-config: default.invariant.runs = 4
  function invariant_KeysAreUsable() public view {
    uint256 n = handler.numberOfKeys();
    for (uint256 v = 0; v < 2; ++v) {
      address demo = handler.demos(v);
      uint256 hot = uint256(vm.load(demo, bytes32(uint256(2))));
      assertEq(uint8(hot >> 160), n);
      bytes memory list = bytes.concat(vm.load(demo, 0), bytes16(uint128(hot)), vm.load(demo, bytes32(uint256(1))));
      if (n > 4) list = address(uint160(hot)).code;
      for (uint256 i = 0; i < n; ++i) {
        assertEq(keyAt(list, n > 4 ? 1 + 20 * i : 20 * i), handler.keyOf(i));
        assertNotEq(handler.keyOf(i), address(0));
        for (uint256 j = 0; j < i; ++j) {
          assertNotEq(handler.keyOf(i), handler.keyOf(j));
        }
      }
    }
  }

  /// @dev An invariant of a handler that never gets anywhere says nothing.
  function afterInvariant() public {
    assertGt(handler.accepted() + handler.configured(), 0);
    assertTrue(handler.keysWork());
  }

  function keyAt(bytes memory list, uint256 offset) private pure returns (address key) {
    assembly ("memory-safe") {
      key := shr(96, mload(add(add(list, 32), offset)))
    }
  }
}
