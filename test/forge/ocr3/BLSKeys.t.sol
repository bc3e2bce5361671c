// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import "ocr/ocr3/OCR3AttestationErrors.sol";
import {
  OCR3DynamicallyDispatchedAttestationVerifierSelectorInterface
} from "ocr/ocr3/OCR3DynamicallyDispatchedAttestationVerifierSelectorInterface.sol";
import {ForgetfulApplication} from "../contracts/ocr3/ForgetfulApplication.sol";
import {PlainApplication} from "../contracts/ocr3/PlainApplication.sol";
import {OCR3BLSFixture} from "../helpers/OCR3BLSFixture.sol";
import {OCR3BLSKeys} from "../helpers/OCR3BLSKeys.sol";
import {OCR3BLSModel} from "../helpers/OCR3BLSModel.sol";
import {Transmission} from "../helpers/OCR3Fixture.sol";

/// @title Keys of oracles that sign with BLS
abstract contract BLSKeysSuite is OCR3BLSFixture {
  uint256 private constant P = OCR3BLSModel.P;

  // ---------------------------------------------------------------- lists

  function test_acceptsKeySetsOfAllSizes() public {
    for (uint256 n = 1; n <= MAX_ORACLES; n += n < 4 ? 1 : 7) {
      start(n, 0);
      for (uint256 i = 0; i < n; ++i) {
        succeed(transmitData(transmissionOf(1 << i)));
      }
    }
  }

  function test_acceptsNoKeys() public {
    start(4, 1);
    Transmission memory t = transmissionOf(3);
    makeOracles(0, 1, 0);
    configure();
    refuse(transmitData(t), InvalidAttestationAttributionBitmask.selector);
    t.attestation[3] = 0;
    refuse(transmitData(t), InvalidAttestationAttributionBitmask.selector);
  }

  function test_refusesKeyListsOfInvalidSize() public {
    makeOracles(4, 1, 0);
    bytes memory list = packed(keys);
    refuse(setConfigData(4, 1, bytes.concat(list, hex"00")), KeysOfInvalidSize.selector);
    refuse(setConfigData(4, 1, hex"01"), KeysOfInvalidSize.selector);
    list = OCR3BLSModel.slice(list, 0, 4 * KEY - 1);
    refuse(setConfigData(4, 1, list), KeysOfInvalidSize.selector);
    // The size is looked at before the number.
    refuse(setConfigData(33, 1, list), KeysOfInvalidSize.selector);
  }

  function test_refusesAnotherNumberOfKeysThanOracles() public {
    makeOracles(4, 1, 0);
    refuse(setConfigData(3, 1, packed(keys)), InvalidNumberOfKeys.selector);
    refuse(setConfigData(5, 1, packed(keys)), InvalidNumberOfKeys.selector);
    refuse(setConfigData(4, 1, ""), InvalidNumberOfKeys.selector);
    // The number is looked at before the maximum.
    refuse(setConfigData(33, 1, packed(keys)), InvalidNumberOfKeys.selector);
  }

  function test_refusesMoreThan32Keys() public {
    makeOracles(33, 10, 0);
    refuse(setConfigData(33, 10, packed(keys)), MaximumNumberOfKeysExceeded.selector);
    // The maximum is looked at before the keys.
    refuse(setConfigData(33, 10, new bytes(33 * KEY)), MaximumNumberOfKeysExceeded.selector);
  }

  function test_refusesDuplicateKeys() public {
    for (uint256 n = 2; n <= 5; ++n) {
      for (uint256 i = 0; i < n; ++i) {
        for (uint256 j = 0; j < i; ++j) {
          makeOracles(n, 0, 0);
          keys[i] = keys[j];
          refuse(setConfigData(uint8(n), 0, packed(keys)), InvalidKey.selector);
          // With another proof of possession.
          keys[i] = entryWithCounter(j, uint8(keys[j][KEY - 1]) + 1);
          refuse(setConfigData(uint8(n), 0, packed(keys)), InvalidKey.selector);
        }
      }
    }
  }

  /// @dev A key and its negative have the same x, so they only look alike to the check for duplicates.
  function test_acceptsKeysThatAreOpposite() public {
    makeOracles(4, 0, 0);
    secretKeys[3] = OCR3BLSKeys.ORDER - secretKeys[1];
    keys[3] = keyEntry(negatedKey(OCR3BLSKeys.publicKey(1)), secretKeys[3]);
    configure();
    for (uint256 i = 0; i < 4; ++i) {
      succeed(transmitData(transmissionOf(1 << i)));
    }
  }

  // ---------------------------------------------------------------- points

  function test_refusesInfinity() public {
    for (uint256 n = 1; n <= 4; ++n) {
      for (uint256 i = 0; i < n; ++i) {
        makeOracles(n, 0, 0);
        // Anything would be a proof for it, in a pairing: the zero bytes, the proof of the key that was there, a proof by
        // the secret key zero if it could be written down.
        keys[i] = OCR3BLSModel.replace(keys[i], 0, new bytes(128));
        refuse(setConfigData(uint8(n), 0, packed(keys)), InvalidKey.selector);
        keys[i] = keyEntry(new bytes(128), 1);
        refuse(setConfigData(uint8(n), 0, packed(keys)), InvalidKey.selector);
        keys[i] = new bytes(KEY);
        refuse(setConfigData(uint8(n), 0, packed(keys)), InvalidKey.selector);
      }
    }
  }

  /// @dev Two keys at infinity whose proofs cancel out without coefficients.
  function test_refusesInfinityTwice() public {
    makeOracles(4, 0, 0);
    bytes memory entry = keyEntry(new bytes(128), 1);
    keys[1] = entry;
    keys[2] = OCR3BLSModel.replace(entry, 128, abi.encodePacked(entry[128] ^ 0x80));
    refuse(setConfigData(4, 0, packed(keys)), InvalidKey.selector);
  }

  function test_refusesPointsThatAreNotOnTheCurve() public {
    for (uint256 i = 0; i < 4; ++i) {
      for (uint256 word = 0; word < 4; ++word) {
        makeOracles(4, 1, 0);
        keys[i][32 * word + 31] ^= 0x01;
        refuse(setConfigData(4, 1, packed(keys)), InvalidKey.selector);
      }
    }
    // Real before imaginary part.
    makeOracles(4, 1, 0);
    (uint256 a, uint256 b, uint256 c, uint256 d) =
      abi.decode(OCR3BLSKeys.publicKey(2), (uint256, uint256, uint256, uint256));
    keys[2] = keyEntry(abi.encode(b, a, d, c), secretKeys[2]);
    refuse(setConfigData(4, 1, packed(keys)), InvalidKey.selector);
    // A point of G1.
    keys[2] = keyEntry(abi.encode(0, 1, 0, 2), 1);
    refuse(setConfigData(4, 1, packed(keys)), InvalidKey.selector);
  }

  function test_refusesPointsOutsideOfTheSubgroup() public {
    for (uint256 i = 0; i < 4; ++i) {
      makeOracles(4, 1, 0);
      keys[i] = keyEntry(OCR3BLSKeys.OUTSIDE, secretKeys[i]);
      refuse(setConfigData(4, 1, packed(keys)), InvalidKey.selector);
    }
  }

  function test_refusesCoordinatesThatAreNotReduced() public {
    for (uint256 word = 0; word < 4; ++word) {
      makeOracles(4, 1, 0);
      uint256 coordinate = uint256(bytes32(OCR3BLSModel.slice(keys[1], 32 * word, 32)));
      bytes memory publicKey = OCR3BLSModel.replace(OCR3BLSKeys.publicKey(1), 32 * word, abi.encode(coordinate + P));
      // Also with a proof for these very bytes.
      keys[1] = keyEntry(publicKey, secretKeys[1]);
      refuse(setConfigData(4, 1, packed(keys)), InvalidKey.selector);
    }
  }

  /// @dev The precompile takes all gas that it gets. It must not get all that there is.
  function test_boundsWhatBadPointsCost() public {
    makeOracles(4, 1, 0);
    bytes memory good = setConfigData(4, 1, packed(keys));
    keys[3] = keyEntry(OCR3BLSKeys.OUTSIDE, secretKeys[3]);
    bytes memory bad = setConfigData(4, 1, packed(keys));
    uint256 pairing = 45_000 + 5 * 34_000;
    uint256 used = gasOf(bad, 30_000_000);
    assertLt(used, 2 * pairing + 100_000);
    assertGt(used, pairing);
    assertLt(gasOf(good, 30_000_000), used + 100_000);
  }

  function gasOf(bytes memory data, uint256 limit) private returns (uint256 used) {
    used = gasleft();
    (bool ok,) = address(demo).call{gas: limit}(data);
    ok;
    used -= gasleft();
  }

  // ---------------------------------------------------------------- proofs of possession

  /// @dev One bad proof among n, in each place, in all ways.
  function test_refusesABadProofInEachPlace() public {
    for (uint256 n = 1; n <= 7; n += 3) {
      for (uint256 i = 0; i < n; ++i) {
        for (uint256 how = 0; how < 9; ++how) {
          makeOracles(n, 0, 0);
          keys[i] = bytes.concat(OCR3BLSKeys.publicKey(i), badProof(i, how));
          refuse(setConfigData(uint8(n), 0, packed(keys)), InvalidKey.selector);
        }
      }
    }
  }

  function test_refusesABadProofAmong32() public {
    for (uint256 i = 0; i < 32; i += 5) {
      makeOracles(32, 10, 0);
      keys[i] = bytes.concat(OCR3BLSKeys.publicKey(i), badProof(i, i % 9));
      refuse(setConfigData(32, 10, packed(keys)), InvalidKey.selector);
    }
  }

  function badProof(uint256 i, uint256 how) private view returns (bytes memory proof) {
    bytes memory publicKey = OCR3BLSKeys.publicKey(i);
    uint256 secretKey = OCR3BLSKeys.secretKey(i);
    bytes32 digest = OCR3BLSModel.possessionDigest(publicKey);
    proof = OCR3BLSModel.sign(secretKey, digest);
    uint8 counter = uint8(proof[32]);
    if (how == 0) proof[0] ^= 0x80;
    // Another counter: usable, and not.
    if (how == 1) proof[32] = bytes1(OCR3BLSModel.usableCounter(digest, counter + 1));
    if (how == 2) proof[32] = bytes1(OCR3BLSModel.uselessCounter(digest));
    // By another key; by the key, of something else.
    if (how == 3) proof = OCR3BLSModel.sign(OCR3BLSKeys.secretKey(i + 1), digest);
    if (how == 4) proof = OCR3BLSModel.sign(secretKey, keccak256(publicKey));
    if (how == 5) proof = OCR3BLSModel.sign(secretKey, keccak256(bytes.concat(publicKey, OCR3BLSModel.TAG)));
    // No point: x is zero, x is not below the field prime, x is not that of a point.
    if (how == 6) proof = bytes.concat(bytes32(0), proof[32]);
    if (how == 7) {
      uint256 word = uint256(bytes32(OCR3BLSModel.slice(proof, 0, 32)));
      proof = bytes.concat(bytes32(word + P), proof[32]);
    }
    if (how == 8) proof = bytes.concat(bytes32(uint256(4)), proof[32]);
  }

  function test_refusesSwappedProofs() public {
    for (uint256 i = 1; i < 4; ++i) {
      for (uint256 j = 0; j < i; ++j) {
        makeOracles(4, 1, 0);
        bytes memory proof = OCR3BLSModel.slice(keys[i], 128, 33);
        keys[i] = OCR3BLSModel.replace(keys[i], 128, OCR3BLSModel.slice(keys[j], 128, 33));
        keys[j] = OCR3BLSModel.replace(keys[j], 128, proof);
        refuse(setConfigData(4, 1, packed(keys)), InvalidKey.selector);
      }
    }
  }

  function test_acceptsProofsWithAnyCounter() public {
    for (uint256 first = 0; first < 200; first += 37) {
      makeOracles(4, 1, 0);
      for (uint256 i = 0; i < 4; ++i) {
        keys[i] = entryWithCounter(i, uint8(first + 3 * i));
      }
      configure();
      succeed(transmitData(transmissionOf(9)));
    }
  }

  /// @dev The attack that proofs are there for. The victim, oracle 0, has the key V = -P0. Oracle 1 announces R = P1 - V, which is
  /// P0 + P1: then V + R = P1, and what oracle 1 signs with the secret of P1 looks as if both had signed. The secret of R, it does
  /// not know.
  function test_refusesRogueKeys() public {
    makeOracles(4, 1, 0);
    (uint256 secret0, uint256 secret1) = (secretKeys[0], secretKeys[1]);
    keys[0] = keyEntry(negatedKey(OCR3BLSKeys.publicKey(0)), OCR3BLSKeys.ORDER - secret0);
    bytes memory rogue = OCR3BLSKeys.sum(1);
    keys[1] = keyEntry(rogue, secret1);
    refuse(setConfigData(4, 1, packed(keys)), InvalidKey.selector);
    // That of V, turned round.
    keys[1] = keyEntry(rogue, secret0);
    refuse(setConfigData(4, 1, packed(keys)), InvalidKey.selector);
    // If it could prove the possession of R, this is what would happen.
    keys[1] = keyEntry(rogue, addmod(secret0, secret1, OCR3BLSKeys.ORDER));
    configure();
    Transmission memory t = transmissionOf(3);
    t.attestation = bytes.concat(hex"00000003", OCR3BLSModel.sign(secret1, hashOf(t)));
    succeed(transmitData(t));
  }

  // ---------------------------------------------------------------- errors that cancel out

  /// @dev Proofs i and j are both wrong, by D and by a multiple of D, so that a check that adds up proofs with these
  /// coefficients sees nothing.
  function test_refusesErrorsThatCancelOut() public {
    uint256[2][9] memory coefficients = [
      // No coefficients, small ones, powers, differences.
      [uint256(1), 1],
      [uint256(1), 2],
      [uint256(2), 1],
      [uint256(2), 3],
      [uint256(1), 3],
      [uint256(3), 4],
      [uint256(1), type(uint128).max],
      [uint256(1), 1 << 128],
      [OCR3BLSKeys.ORDER - 1, 1]
    ];
    for (uint256 k = 0; k < coefficients.length; ++k) {
      for (uint256 i = 0; i < 3; ++i) {
        makeOracles(4, 1, 0);
        cancelOut(i, i + 1, coefficients[k][0], coefficients[k][1]);
        refuse(setConfigData(4, 1, packed(keys)), InvalidKey.selector);
      }
    }
  }

  /// @dev Coefficients that one could know before all of the list is there: those of nothing, of the keys alone, of the list
  /// with good proofs, of the list when one of two bad proofs is in, of the beginning of the list.
  function test_refusesErrorsThatCancelOutWithCoefficientsKnownBefore() public {
    for (uint256 i = 0; i < 4; ++i) {
      for (uint256 j = 0; j < 4; ++j) {
        if (i == j) continue;
        makeOracles(4, 1, 0);
        bytes32[10] memory seeds = [bytes32(0), keccak256(""), keccak256(packed(keys)), 0, 0, 0, 0, 0, 0, 0];
        bytes memory publicKeys;
        bytes memory zeroed;
        for (uint256 k = 0; k < 4; ++k) {
          publicKeys = bytes.concat(publicKeys, OCR3BLSKeys.publicKey(k));
          zeroed = bytes.concat(zeroed, OCR3BLSModel.replace(keys[k], 128, new bytes(32)));
        }
        (seeds[3], seeds[4]) = (keccak256(publicKeys), keccak256(zeroed));
        seeds[6] = keccak256(OCR3BLSKeys.publicKey(0));
        for (uint256 k = 1; k < 4; ++k) {
          seeds[6 + k] = keccak256(OCR3BLSModel.slice(packed(keys), 0, KEY * k));
        }
        cancelOut(i, j, coefficient(seeds[2], i), coefficient(seeds[2], j));
        bytes memory changed = keys[i];
        makeOracles(4, 1, 0);
        keys[i] = changed;
        seeds[5] = keccak256(packed(keys));
        for (uint256 k = 0; k < seeds.length; ++k) {
          makeOracles(4, 1, 0);
          cancelOut(i, j, coefficient(seeds[k], i), coefficient(seeds[k], j));
          refuse(setConfigData(4, 1, packed(keys)), InvalidKey.selector);
        }
      }
    }
  }

  /// @dev What the verifier takes for coefficients, so that the test above tests something.
  function coefficient(bytes32 seed, uint256 i) private pure returns (uint256) {
    return i == 0 ? 1 : (uint256(keccak256(abi.encode(seed, i))) >> 128) + (1 << 128);
  }

  /// @dev Adds b * G1 to proof i and -a * G1 to proof j: for coefficients a and b, the sum stays the same.
  function cancelOut(uint256 i, uint256 j, uint256 a, uint256 b) private {
    shiftProof(i, b);
    shiftProof(j, OCR3BLSKeys.ORDER - a);
  }

  function shiftProof(uint256 i, uint256 factor) private {
    (, uint256 x, uint256 y) = OCR3BLSModel.decompress(bytes32(OCR3BLSModel.slice(keys[i], 128, 32)));
    (uint256 dx, uint256 dy) = OCR3BLSModel.multiply(1, 2, factor);
    (x, y) = OCR3BLSModel.add(x, y, dx, dy);
    keys[i] = OCR3BLSModel.replace(keys[i], 128, abi.encode(OCR3BLSModel.compress(x, y)));
  }

  // ---------------------------------------------------------------- model

  /// forge-config: default.fuzz.runs = 64
  function testFuzz_keysAreAsInTheModel(uint8 n, bytes memory garbage, uint256 seed) public {
    n = uint8(bound(n, 0, 34));
    makeOracles(n, 1, seed % OCR3BLSKeys.COUNT);
    bytes memory list = packed(keys);
    if (n > 0) {
      uint256 how = (seed >> 8) % 6;
      uint256 i = (seed >> 16) % n;
      uint256 place = KEY * i + (how == 0 ? (seed >> 32) % 128 : 128 + ((seed >> 32) % 33));
      if (how <= 1) list[place] ^= bytes1(uint8(1 << ((seed >> 64) % 8)));
      if (how == 2) list = bytes.concat(list, garbage);
      if (how == 3) n = uint8(seed >> 128);
      if (how == 4) {
        keys[i] = entryOf((seed >> 72) % OCR3BLSKeys.COUNT, uint8(seed >> 80));
        list = packed(keys);
      }
    }
    bytes memory want = OCR3BLSModel.setKeys(n, list);
    if (want.length == 0) succeed(setConfigData(n, 1, list));
    else refuse(setConfigData(n, 1, list), want);
  }

  function testFuzz_refusesGarbage(uint8 n, bytes memory list) public {
    bytes memory want = OCR3BLSModel.setKeys(n, list);
    if (want.length == 0) assertEq(n, 0);
    else refuse(setConfigData(n, 1, list), want);
  }

  function testFuzz_refusesGarbageKeys(bytes32[5] memory words, bytes1 counter) public {
    refuse(setConfigData(1, 0, bytes.concat(abi.encodePacked(words), counter)), InvalidKey.selector);
  }

  // ---------------------------------------------------------------- changes of keys

  /// forge-config: default.fuzz.runs = 64
  function testFuzz_newKeysReplaceOldOnes(uint256 n1, uint256 n2, uint256 seed) public {
    (n1, n2) = (bound(n1, 1, 8), bound(n2, 1, 8));
    start(n1, 0);
    Transmission memory old = transmissionOf(1 << (seed % n1));
    succeed(transmitData(old));
    makeOracles(n2, 0, 20);
    configure();
    for (uint256 i = 0; i < n2; ++i) {
      succeed(transmitData(transmissionOf(1 << i)));
    }
    refuse(
      transmitData(old), seed % n1 < n2 ? InvalidAttestation.selector : InvalidAttestationAttributionBitmask.selector
    );
  }

  function test_refusedKeysChangeNothing() public {
    start(4, 1);
    Transmission memory t = transmissionOf(9);
    makeOracles(7, 2, 10);
    keys[6] = keys[0];
    refuse(setConfigData(7, 2, packed(keys)), InvalidKey.selector);
    keys[6] = keyEntry(OCR3BLSKeys.OUTSIDE, 1);
    refuse(setConfigData(7, 2, packed(keys)), InvalidKey.selector);
    succeed(transmitData(t));
  }

  /// @dev With too little gas, good keys are neither accepted nor called invalid.
  function test_isNotConfusedByLittleGas() public {
    makeOracles(3, 1, 0);
    bytes memory data = setConfigData(3, 1, packed(keys));
    bool said;
    uint256 enough;
    for (uint256 gas = 30_000; enough == 0; gas += 3_000) {
      uint256 snapshot = vm.snapshotState();
      vm.cool(address(demo));
      (bool ok, bytes memory ret) = address(demo).call{gas: gas}(data);
      if (ok) enough = gas;
      else vm.revertToState(snapshot);
      // A CREATE without enough gas takes all but a 64th of it. What is left may or may not do to say so.
      said = said || ret.length > 0;
      if (ret.length > 0) assertEq(ret, abi.encodePacked(KeysNotStored.selector));
    }
    assertTrue(said, "KeysNotStored");
    assertLt(enough, 450_000);
    succeed(transmitData(transmissionOf(6)));
  }

  // ---------------------------------------------------------------- helpers

  /// @dev The entry of a key with the first usable counter from `counter` on.
  function entryWithCounter(uint256 k, uint8 counter) internal view returns (bytes memory) {
    bytes32 digest = OCR3BLSModel.possessionDigest(OCR3BLSKeys.publicKey(k));
    return entryOf(k, OCR3BLSModel.usableCounter(digest, counter));
  }

  /// @dev The entry of a key with this counter, whose proof is zero if the counter is not usable.
  function entryOf(uint256 k, uint8 counter) internal view returns (bytes memory) {
    bytes memory publicKey = OCR3BLSKeys.publicKey(k);
    bytes32 digest = OCR3BLSModel.possessionDigest(publicKey);
    (bool usable,,) = OCR3BLSModel.hashToPoint(digest, counter);
    if (!usable) return bytes.concat(publicKey, bytes32(0), bytes1(counter));
    return bytes.concat(publicKey, OCR3BLSModel.sign(OCR3BLSKeys.secretKey(k), digest, counter));
  }

  function negatedKey(bytes memory publicKey) internal pure returns (bytes memory) {
    (uint256 xi, uint256 xr, uint256 yi, uint256 yr) = abi.decode(publicKey, (uint256, uint256, uint256, uint256));
    return abi.encode(xi, xr, P - yi, P - yr);
  }
}

contract BLSKeysTest is BLSKeysSuite {
  function deployDemo() internal override returns (address) {
    return deployed("DemoBLSAttestationVerifier", "");
  }

  /// @dev Keys and the application's variables share a slot and leave each other alone.
  function test_sharesASlotWithTheApplication() public {
    for (uint256 n = 0; n <= 5; ++n) {
      makeOracles(n, 0, n);
      vm.prank(transmitter);
      demo.setConfig(type(uint32).max - uint32(n), uint8(n), 0, packed(keys));
      uint256 slot = uint256(vm.load(address(demo), 0));
      assertEq(slot >> 168, (n << 32) | (type(uint32).max - n), "application");
      assertEq(uint8(slot >> 160), n, "number of keys");
      address data = address(uint160(slot));
      bytes memory code = hex"00";
      for (uint256 i = 0; i < n; ++i) {
        code = bytes.concat(code, OCR3BLSModel.slice(keys[i], 0, 128));
      }
      assertEq(data.code, code, "data contract");
      (bool ok, bytes memory ret) = data.call("");
      assertTrue(ok && ret.length == 0, "a call to the data contract does nothing");
      if (n > 0) succeed(transmitData(transmissionOf(1)));
    }
  }
}

/// @title The scheme as a library, called by our verifier
contract DynamicBLSKeysTest is BLSKeysSuite {
  address private lib;

  function deployDemo() internal override returns (address) {
    lib = deployed("OCR3DynamicallyDispatchedBLSAttestationVerifierLib", "");
    return deployed("DemoDynamicallyDispatchedAttestationVerifier", abi.encode(lib));
  }

  function test_selectors() public view {
    (bytes4 set, bytes4 verify) = OCR3DynamicallyDispatchedAttestationVerifierSelectorInterface(lib).getSelectors();
    assertEq(set, bytes4(0xe5eae2f6));
    assertEq(verify, bytes4(0x22c95de3));
  }

  /// @dev The first slot behind the 128 that belong to the library.
  function test_keepsToTheKeyArea() public {
    start(4, 1);
    uint256 slot = uint256(vm.load(address(demo), bytes32(uint256(128))));
    assertEq(slot, (uint256(1) << 40) | (uint256(4) << 32) | 7);
    for (uint256 i = 1; i < 128; ++i) {
      assertEq(vm.load(address(demo), bytes32(i)), 0);
    }
  }
}

/// @title The scheme as a library, called by somebody else's application
contract DynamicBLSForeignApplicationTest is OCR3BLSFixture {
  function deployDemo() internal override returns (address) {
    return address(new PlainApplication(deployed("OCR3DynamicallyDispatchedBLSAttestationVerifierLib", "")));
  }

  function test_works() public {
    start(16, 5);
    succeed(transmitData(transmissionOf(lowest(5))));
    Transmission memory t = transmissionOf(highest(16, 5));
    succeed(transmitData(t));
    t.seqNr++;
    refuse(transmitData(t), InvalidAttestation.selector);
    keys[7] = keys[8];
    refuse(setConfigData(16, 5, packed(keys)), InvalidKey.selector);
  }
}

/// @title Keys that were not set
contract BLSForgetfulApplicationTest is OCR3BLSFixture {
  function deployDemo() internal pure override returns (address) {
    return address(0);
  }

  function test_oraclesWithoutKeysDoNotSign() public {
    ForgetfulApplication application = new ForgetfulApplication();
    makeOracles(6, 1, 0);
    bytes32 hash = keccak256("report");
    bytes memory four = OCR3BLSModel.slice(packed(keys), 0, 4 * KEY);
    application.setKeys(4, four);
    application.verify(6, 1, hash, attestationOf(3, hash));
    application.verify(4, 1, hash, attestationOf(12, hash));
    for (uint256 mask = 16; mask < 64; ++mask) {
      bytes4 want = isPair(mask) ? InvalidAttestation.selector : InvalidAttestationNumberOfSignatures.selector;
      bytes memory attestation = attestationOf(mask, hash);
      vm.expectRevert(want);
      application.verify(6, 1, hash, attestation);
      // As if the oracle without a key did nothing.
      attestation = attestationOf(mask, mask & 15 == 0 ? mask : mask & 15, hash);
      vm.expectRevert(want);
      application.verify(6, 1, hash, attestation);
    }
  }

  function isPair(uint256 mask) private pure returns (bool) {
    mask &= mask - 1;
    return mask != 0 && mask & (mask - 1) == 0;
  }
}
