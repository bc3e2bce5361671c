// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import "ocr/ocr3/OCR3AttestationErrors.sol";
import {OCR3ECDSAFixture} from "../helpers/OCR3ECDSAFixture.sol";
import {OCR3ECDSAModel} from "../helpers/OCR3ECDSAModel.sol";
import {Transmission} from "../helpers/OCR3Fixture.sol";

/// @title Keys and attestations of secp256k1 signatures
abstract contract ECDSASuite is OCR3ECDSAFixture {
  // ---------------------------------------------------------------- keys

  function test_acceptsKeySetsOfAllSizes() public {
    for (uint256 n = 1; n <= MAX_ORACLES; ++n) {
      start(n, 0);
      for (uint256 i = 0; i < n; ++i) {
        succeed(transmitData(transmissionOf(1 << i)));
      }
    }
  }

  function test_acceptsNoKeys() public {
    start(4, 1);
    makeOracles(0, 0, "none");
    configure();
    Transmission memory t = transmissionOf(0);
    t.attestation = new bytes(68);
    refuse(transmitData(t), InvalidAttestationNumberOfSignatures.selector);
    t.attestation[3] = bytes1(uint8(1));
    refuse(transmitData(t), InvalidAttestationAttributionBitmask.selector);
  }

  function test_doesNotCompareNWithF() public {
    start(4, 3);
    succeed(transmitData(transmissionOf(15)));
  }

  function test_refusesKeyListsOfInvalidSize() public {
    makeOracles(4, 1, "first");
    bytes memory list = packed(keys);
    refuse(setConfigData(4, 1, bytes.concat(list, hex"00")), KeysOfInvalidSize.selector);
    refuse(setConfigData(4, 1, hex"01"), KeysOfInvalidSize.selector);
    assembly {
      mstore(list, 79)
    }
    refuse(setConfigData(4, 1, list), KeysOfInvalidSize.selector);
    // The size is looked at before the number.
    refuse(setConfigData(33, 1, list), KeysOfInvalidSize.selector);
  }

  function test_refusesAnotherNumberOfKeysThanOracles() public {
    makeOracles(4, 1, "first");
    refuse(setConfigData(3, 1, packed(keys)), InvalidNumberOfKeys.selector);
    refuse(setConfigData(5, 1, packed(keys)), InvalidNumberOfKeys.selector);
    refuse(setConfigData(4, 1, ""), InvalidNumberOfKeys.selector);
    // The number is looked at before the maximum.
    refuse(setConfigData(33, 1, packed(keys)), InvalidNumberOfKeys.selector);
  }

  function test_refusesMoreThan32Keys() public {
    makeOracles(33, 10, "first");
    refuse(setConfigData(33, 10, packed(keys)), MaximumNumberOfKeysExceeded.selector);
    // The maximum is looked at before the keys.
    keys[0] = address(0);
    refuse(setConfigData(33, 10, packed(keys)), MaximumNumberOfKeysExceeded.selector);
  }

  function test_refusesZeroKeys() public {
    for (uint256 n = 1; n <= 6; ++n) {
      for (uint256 i = 0; i < n; ++i) {
        makeOracles(n, 1, "first");
        keys[i] = address(0);
        refuse(setConfigData(uint8(n), 1, packed(keys)), InvalidKey.selector);
      }
    }
  }

  function test_refusesDuplicateKeys() public {
    for (uint256 n = 2; n <= MAX_ORACLES; n += 5) {
      makeOracles(n, 0, "first");
      for (uint256 i = 0; i < n; ++i) {
        address key = keys[i];
        uint256 other = i == 0 ? n - 1 : i - 1;
        keys[i] = keys[other];
        refuse(setConfigData(uint8(n), 0, packed(keys)), InvalidKey.selector);
        keys[i] = key;
      }
    }
  }

  /// @dev Keys that only look alike to the check for duplicates.
  function test_acceptsKeysThatEndAlike() public {
    address[] memory alike = new address[](32);
    for (uint256 i = 0; i < 32; ++i) {
      alike[i] = address(uint160((i + 1) << 8));
    }
    succeed(setConfigData(32, 10, packed(alike)));
    alike[31] = alike[7];
    refuse(setConfigData(32, 10, packed(alike)), InvalidKey.selector);
  }

  /// @dev A CREATE without enough gas takes all but a 64th of it. What is left may or may not do to say so.
  function test_saysWhenKeysCannotBeStored() public {
    makeOracles(31, 10, "first");
    bytes memory data = setConfigData(31, 10, packed(keys));
    bool said;
    for (uint256 gas = 60_000; gas < 200_000; gas += 5_000) {
      uint256 snapshot = vm.snapshotState();
      vm.cool(address(demo));
      (bool ok, bytes memory ret) = address(demo).call{gas: gas}(data);
      vm.revertToState(snapshot);
      if (ok) break;
      said = said || ret.length > 0;
      if (ret.length > 0) assertEq(ret, abi.encodePacked(KeysNotStored.selector));
    }
    assertTrue(said);
  }

  function testFuzz_keysAreAsInTheModel(uint8 n, bytes memory list, uint256 seed) public {
    if (seed % 4 != 0) {
      // Nearly a list of n keys.
      n = uint8(bound(n, 0, 34));
      address[] memory made = new address[](n);
      for (uint256 i = 0; i < n; ++i) {
        uint256 random = uint256(keccak256(abi.encode(seed, i)));
        made[i] = address(uint160(random % 29 == 0 ? 0 : random % 31 == 1 ? i << 8 : random >> 8));
      }
      list = packed(made);
    }
    bytes memory want = OCR3ECDSAModel.setKeys(n, list);
    if (want.length == 0) succeed(setConfigData(n, 1, list));
    else refuse(setConfigData(n, 1, list), want);
  }

  // ---------------------------------------------------------------- changes of keys

  function testFuzz_newKeysReplaceOldOnes(uint256 n1, uint256 n2, uint256 seed) public {
    (n1, n2) = (bound(n1, 1, MAX_ORACLES), bound(n2, 1, MAX_ORACLES));
    start(n1, 0);
    Transmission memory old = transmissionOf(1 << (seed % n1));
    succeed(transmitData(old));
    makeOracles(n2, 0, "second");
    configure();
    for (uint256 i = 0; i < n2; ++i) {
      succeed(transmitData(transmissionOf(1 << i)));
    }
    refuse(
      transmitData(old),
      seed % n1 < n2 ? InvalidAttestationNumberOfSignatures.selector : InvalidAttestationAttributionBitmask.selector
    );
  }

  function test_refusedKeysChangeNothing() public {
    start(4, 1);
    Transmission memory t = transmissionOf(9);
    makeOracles(7, 2, "second");
    keys[6] = keys[0];
    refuse(setConfigData(7, 2, packed(keys)), InvalidKey.selector);
    succeed(transmitData(t));
  }

  // ---------------------------------------------------------------- attestations

  function test_acceptsAnySigners() public {
    start(4, 1);
    for (uint256 mask = 0; mask < 16; ++mask) {
      Transmission memory t = transmissionOf(mask);
      if (t.attestation.length == 132) succeed(transmitData(t));
      else refuse(transmitData(t), InvalidAttestationLength.selector);
    }
  }

  function testFuzz_acceptsAnySigners(uint256 n, uint8 f, uint256 seed, bytes memory report, uint64 seqNr) public {
    n = bound(n, 1, MAX_ORACLES);
    f = uint8(bound(f, 0, n - 1));
    start(n, f);
    uint256 mask = anyMask(n, uint256(f) + 1, seed);
    Transmission memory t = Transmission(configDigest, seqNr, report, "");
    t.attestation = attestationOf(mask, hashOf(t));
    succeed(transmitData(t));
    assertEq(attestedBy(t), "", "model");
  }

  function test_refusesAttestationsOfAnotherLength() public {
    start(4, 1);
    Transmission memory t = transmissionOf(5);
    bytes memory attestation = t.attestation;
    t.attestation = bytes.concat(attestation, hex"00");
    refuse(transmitData(t), InvalidAttestationLength.selector);
    assembly {
      mstore(attestation, 131)
    }
    t.attestation = attestation;
    refuse(transmitData(t), InvalidAttestationLength.selector);
    t.attestation = "";
    refuse(transmitData(t), InvalidAttestationLength.selector);
    // One signer too few, one too many.
    refuse(transmitData(transmissionOf(1)), InvalidAttestationLength.selector);
    refuse(transmitData(transmissionOf(7)), InvalidAttestationLength.selector);
  }

  function test_refusesBitsOfNobody() public {
    start(4, 1);
    Transmission memory t = transmissionOf(3);
    bytes memory sigs = signatures(3, hashOf(t));
    for (uint256 bit = 4; bit < 32; ++bit) {
      t.attestation = bytes.concat(bytes4(uint32(3 | (1 << bit))), sigs);
      refuse(transmitData(t), InvalidAttestationAttributionBitmask.selector);
      t.attestation = bytes.concat(bytes4(uint32(1 << bit)), sigs);
      refuse(transmitData(t), InvalidAttestationAttributionBitmask.selector);
    }
  }

  function test_refusesSurplusBits() public {
    start(4, 1);
    Transmission memory t = transmissionOf(3);
    bytes memory sigs = signatures(3, hashOf(t));
    t.attestation = bytes.concat(bytes4(uint32(7)), sigs);
    refuse(transmitData(t), InvalidAttestationAttributionBitmask.selector);
    t.attestation = bytes.concat(bytes4(uint32(15)), sigs);
    refuse(transmitData(t), InvalidAttestationAttributionBitmask.selector);
    // Here the surplus bits come first, so that no signature is in the place of its signer.
    sigs = signatures(12, hashOf(t));
    t.attestation = bytes.concat(bytes4(uint32(15)), sigs);
    refuse(transmitData(t), InvalidAttestationNumberOfSignatures.selector);
  }

  function test_refusesTooFewBits() public {
    start(4, 1);
    Transmission memory t = transmissionOf(3);
    bytes memory sigs = signatures(3, hashOf(t));
    t.attestation = bytes.concat(bytes4(0), sigs);
    refuse(transmitData(t), InvalidAttestationNumberOfSignatures.selector);
    t.attestation = bytes.concat(bytes4(uint32(1)), sigs);
    refuse(transmitData(t), InvalidAttestationNumberOfSignatures.selector);
    // Not even if the signature is repeated: where the mask has run out of bits, nobody is meant, oracle 0 least of all.
    sigs = signatureBy(0, hashOf(t));
    t.attestation = bytes.concat(bytes4(uint32(1)), sigs, sigs);
    refuse(transmitData(t), InvalidAttestationNumberOfSignatures.selector);
    t.attestation = bytes.concat(bytes4(0), sigs, sigs);
    refuse(transmitData(t), InvalidAttestationNumberOfSignatures.selector);
  }

  function test_refusesOtherSignersThanNamed() public {
    start(4, 1);
    Transmission memory t = transmissionOf(3);
    for (uint256 mask = 0; mask < 16; ++mask) {
      t.attestation = bytes.concat(bytes4(uint32(mask)), signatures(3, hashOf(t)));
      if (mask == 3) succeed(transmitData(t));
      else refuse(transmitData(t), attestedBy(t));
    }
  }

  function test_refusesSignaturesInAnotherOrder() public {
    start(4, 1);
    Transmission memory t = transmissionOf(6);
    t.attestation = bytes.concat(bytes4(uint32(6)), signatureBy(2, hashOf(t)), signatureBy(1, hashOf(t)));
    refuse(transmitData(t), InvalidAttestationNumberOfSignatures.selector);
  }

  function test_refusesOneSignatureTwice() public {
    start(4, 1);
    Transmission memory t = transmissionOf(6);
    t.attestation = bytes.concat(bytes4(uint32(6)), signatureBy(1, hashOf(t)), signatureBy(1, hashOf(t)));
    refuse(transmitData(t), InvalidAttestationNumberOfSignatures.selector);
  }

  function test_refusesSignaturesOfSomethingElse() public {
    start(4, 1);
    Transmission memory t = transmissionOf(6);
    t.seqNr++;
    refuse(transmitData(t), InvalidAttestationNumberOfSignatures.selector);
    t = transmissionOf(6);
    t.configDigest = ~t.configDigest;
    refuse(transmitData(t), InvalidAttestationNumberOfSignatures.selector);
    t = transmissionOf(6);
    t.report = bytes.concat(t.report, hex"00");
    refuse(transmitData(t), InvalidAttestationNumberOfSignatures.selector);
  }

  /// @dev The same signature with recovery id 1: r stays, s is negated.
  function test_refusesSignaturesWithRecoveryId1() public {
    start(4, 1);
    Transmission memory t = transmissionOf(6);
    uint256 s = uint256(OCR3ECDSAModel.wordAt(t.attestation, 36));
    bytes memory attestation = t.attestation;
    assembly {
      mstore(add(attestation, 68), sub(ORDER, s))
    }
    refuse(transmitData(t), InvalidAttestationNumberOfSignatures.selector);
  }

  /// @dev There is no rule against an s in the upper half.
  function test_acceptsHighS() public {
    start(4, 0);
    bool high;
    bool low;
    Transmission memory t = transmissionOf(1);
    for (uint64 seqNr = 0; !(high && low); ++seqNr) {
      t.seqNr = seqNr;
      t.attestation = attestationOf(1, hashOf(t));
      succeed(transmitData(t));
      if (uint256(OCR3ECDSAModel.wordAt(t.attestation, 36)) > ORDER / 2) high = true;
      else low = true;
    }
  }

  function test_refusesWhatIsNoSignature() public {
    start(4, 0);
    bytes32[6] memory values = [
      bytes32(0),
      bytes32(uint256(1)),
      bytes32(ORDER - 1),
      bytes32(ORDER),
      bytes32(ORDER + 1),
      bytes32(type(uint256).max)
    ];
    Transmission memory t = transmissionOf(1);
    for (uint256 i = 0; i < values.length; ++i) {
      for (uint256 j = 0; j < values.length; ++j) {
        t.attestation = bytes.concat(bytes4(uint32(1)), values[i], values[j]);
        refuse(transmitData(t), InvalidAttestationNumberOfSignatures.selector);
      }
    }
  }

  function test_refusesEverythingBeforeThereAreKeys() public {
    makeOracles(4, 0, "first");
    Transmission memory t = transmissionOf(1);
    refuse(transmitData(t), InvalidAttestationAttributionBitmask.selector);
    t.attestation = new bytes(68);
    refuse(transmitData(t), InvalidAttestationNumberOfSignatures.selector);
    t.attestation = "";
    refuse(transmitData(t), InvalidAttestationLength.selector);
  }

  function test_panicsIfAllMayBeFaulty() public {
    start(4, 255);
    Transmission memory t = Transmission(configDigest, 1, "report", attestationOf(15, 0));
    refuse(transmitData(t), panic(0x11));
  }

  function test_noSetOfOraclesIsEnoughForHugeF() public {
    start(32, 254);
    Transmission memory t = Transmission(configDigest, 1, "report", "");
    t.attestation = bytes.concat(attestationOf(type(uint32).max, hashOf(t)), new bytes(64 * (255 - 32)));
    refuse(transmitData(t), InvalidAttestationNumberOfSignatures.selector);
  }

  /// @dev Breaks attestations in every way that this test can think of, and compares with the model.
  function testFuzz_attestationsAreAsInTheModel(uint256 n, uint8 f, uint256 seed, bytes memory garbage) public {
    n = bound(n, 1, MAX_ORACLES);
    f = uint8(bound(f, 0, n > 4 ? 4 : n - 1));
    start(n, f);
    uint256 mask = anyMask(n, uint256(f) + 1, seed);
    Transmission memory t = transmissionOf(mask);
    for (uint256 i = 0; i <= seed % 3; ++i) {
      seed = uint256(keccak256(abi.encode(seed)));
      t.attestation = broken(t, seed >> 8, mask, garbage);
    }
    bytes memory want = attestedBy(t);
    if (want.length == 0) succeed(transmitData(t));
    else refuse(transmitData(t), want);
  }

  // ---------------------------------------------------------------- helpers

  /// @dev What the model says about a transmission to the oracles configured.
  function attestedBy(Transmission memory t) internal view returns (bytes memory) {
    return OCR3ECDSAModel.verify(keys, keys.length, faulty, hashOf(t), t.attestation, "");
  }

  function anyMask(uint256 n, uint256 size, uint256 seed) internal pure returns (uint256 mask) {
    for (uint256 left = size; left > 0;) {
      seed = uint256(keccak256(abi.encode(seed)));
      uint256 bit = 1 << (seed % n);
      if (mask & bit != 0) continue;
      mask |= bit;
      --left;
    }
  }

  function broken(Transmission memory t, uint256 seed, uint256 mask, bytes memory garbage)
    private
    view
    returns (bytes memory attestation)
  {
    attestation = t.attestation;
    uint256 how = seed % 10;
    seed >>= 8;
    uint256 place = attestation.length == 0 ? 0 : seed % attestation.length;
    if (how == 0 && attestation.length > 0) {
      attestation[place] ^= bytes1(uint8(1 << ((seed >> 128) % 8)));
    } else if (how == 1 && attestation.length >= 4) {
      // One bit more or less, of somebody or nobody.
      attestation[seed % 4] ^= bytes1(uint8(1 << ((seed >> 128) % 8)));
    } else if (how == 2 && attestation.length >= 4) {
      // One more bit of somebody.
      uint256 bit = (seed >> 128) % keys.length;
      attestation[3 - bit / 8] |= bytes1(uint8(1 << (bit % 8)));
    } else if (how == 3) {
      attestation = bytes.concat(attestation, garbage);
    } else if (how == 4) {
      assembly {
        mstore(attestation, place)
      }
    } else if (how == 5) {
      // The right number of signatures of the wrong oracles.
      attestation = bytes.concat(bytes4(uint32(mask)), signatures(anyMask(keys.length, faulty + 1, seed), hashOf(t)));
    } else if (how == 6) {
      // Signatures of others under a mask that is as good as any.
      attestation = bytes.concat(bytes4(uint32(seed)), signatures(mask, hashOf(t)));
    } else if (how == 7 && attestation.length >= 132) {
      // Two signatures change places.
      for (uint256 i = 0; i < 64; ++i) {
        (attestation[4 + i], attestation[68 + i]) = (attestation[68 + i], attestation[4 + i]);
      }
    } else if (how == 8 && attestation.length >= 68) {
      // s is negated.
      uint256 s = uint256(OCR3ECDSAModel.wordAt(attestation, 36));
      if (s < ORDER) {
        assembly {
          mstore(add(attestation, 68), sub(ORDER, s))
        }
      }
    }
  }
}

contract ECDSATest is ECDSASuite {
  function deployDemo() internal override returns (address) {
    return deployed("DemoECDSAAttestationVerifier", "");
  }

  /// @dev A surplus bit reads whatever follows in the calldata as its signature, padding first. That decides which error it is.
  function test_surplusBitsReadOn() public {
    start(4, 1);
    Transmission memory t = transmissionOf(3);
    bytes memory sigs = signatures(3, hashOf(t));
    bytes memory third = signatureBy(2, hashOf(t));
    t.attestation = bytes.concat(bytes4(uint32(7)), sigs);
    bytes memory data = bytes.concat(transmitData(t), new bytes(64));
    refuse(data, InvalidAttestationAttributionBitmask.selector);
    // Three valid signatures for f = 1 are not two.
    for (uint256 i = 0; i < 64; ++i) {
      data[data.length - 64 - 28 + i] = third[i];
    }
    refuse(data, InvalidAttestationNumberOfSignatures.selector);
    assertEq(
      OCR3ECDSAModel.verify(keys, 4, 1, hashOf(t), t.attestation, third),
      abi.encodePacked(InvalidAttestationNumberOfSignatures.selector)
    );
    // One valid signature in its place, one in the place of an oracle that did not sign, one behind the end.
    t.attestation = bytes.concat(bytes4(uint32(7)), signatureBy(0, hashOf(t)), signatureBy(3, hashOf(t)));
    bytes memory again = bytes.concat(transmitData(t), new bytes(64));
    refuse(again, InvalidAttestationNumberOfSignatures.selector);
    for (uint256 i = 0; i < 64; ++i) {
      again[again.length - 64 - 28 + i] = third[i];
    }
    refuse(again, InvalidAttestationAttributionBitmask.selector);
  }

  /// @dev Keys and the application's variables share a slot and leave each other alone.
  function test_sharesASlotWithTheApplication() public {
    for (uint256 n = 3; n <= 6; ++n) {
      makeOracles(n, 1, "first");
      vm.prank(transmitter);
      demo.setConfig(type(uint32).max - uint32(n), uint8(n), 1, packed(keys));
      uint256 slot = uint256(vm.load(address(demo), bytes32(uint256(2))));
      assertEq(slot >> 168, (uint256(1) << 40) | (n << 32) | (type(uint32).max - n), "application");
      assertEq(uint8(slot >> 160), n, "number of keys");
      if (n > 4) {
        address data = address(uint160(slot));
        assertEq(data.code, bytes.concat(hex"00", packed(keys)), "data contract");
        (bool ok, bytes memory ret) = data.call("");
        assertTrue(ok && ret.length == 0, "a call to the data contract does nothing");
      }
      succeed(transmitData(transmissionOf(5)));
    }
  }

  function test_selectors() public view {
    assertEq(demo.setConfig.selector, bytes4(0x6f289d41));
    assertEq(demo.transmit.selector, bytes4(0x95fd15c8));
  }
}
