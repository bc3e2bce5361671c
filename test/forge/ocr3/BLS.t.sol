// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import "ocr/ocr3/OCR3AttestationErrors.sol";
import {OCR3BLSFixture} from "../helpers/OCR3BLSFixture.sol";
import {OCR3BLSKeys} from "../helpers/OCR3BLSKeys.sol";
import {OCR3BLSModel} from "../helpers/OCR3BLSModel.sol";
import {Transmission} from "../helpers/OCR3Fixture.sol";

/// @title Attestations of BLS signatures
/// @notice Keys are in BLSKeys.t.sol.
abstract contract BLSSuite is OCR3BLSFixture {
  // ---------------------------------------------------------------- who signs

  function test_acceptsAnySigners() public {
    start(4, 1);
    for (uint256 mask = 0; mask < 16; ++mask) {
      Transmission memory t = transmissionOf(mask);
      bytes memory want = attestedBy(t);
      if (mask == 3 || mask == 5 || mask == 6 || mask == 9 || mask == 10 || mask == 12) {
        succeed(transmitData(t));
        assertEq(want, "", "model");
      } else {
        refuse(transmitData(t), want);
      }
    }
  }

  /// forge-config: default.fuzz.runs = 64
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

  function test_refusesMasksOutOfRange() public {
    start(4, 1);
    Transmission memory t = transmissionOf(3);
    for (uint256 bit = 4; bit < 32; ++bit) {
      t.attestation = attestationOf(3 | (1 << bit), 3, hashOf(t));
      refuse(transmitData(t), InvalidAttestationAttributionBitmask.selector);
      t.attestation = attestationOf(1 << bit, 3, hashOf(t));
      refuse(transmitData(t), InvalidAttestationAttributionBitmask.selector);
    }
    t.attestation = attestationOf(0, 3, hashOf(t));
    refuse(transmitData(t), InvalidAttestationAttributionBitmask.selector);
    // As if the mask were little-endian.
    t.attestation = attestationOf(0x03000000, 3, hashOf(t));
    refuse(transmitData(t), InvalidAttestationAttributionBitmask.selector);
  }

  function test_refusesAnotherNumberOfSigners() public {
    start(7, 2);
    for (uint256 mask = 1; mask < 128; ++mask) {
      Transmission memory t = transmissionOf(mask);
      if (bitsOf(mask) == 3) succeed(transmitData(t));
      else refuse(transmitData(t), InvalidAttestationNumberOfSignatures.selector);
    }
  }

  function test_refusesMasksThatNameOthersThanTheSigners() public {
    start(4, 1);
    Transmission memory t = transmissionOf(3);
    for (uint256 mask = 1; mask < 16; ++mask) {
      if (bitsOf(mask) != 2) continue;
      for (uint256 signers = 1; signers < 16; ++signers) {
        t.attestation = attestationOf(mask, signers, hashOf(t));
        if (signers == mask) succeed(transmitData(t));
        else refuse(transmitData(t), InvalidAttestation.selector);
      }
    }
  }

  function test_acceptsAll32() public {
    start(32, 31);
    succeed(transmitData(transmissionOf(type(uint32).max)));
    refuse(transmitData(transmissionOf(type(uint32).max - 1)), InvalidAttestationNumberOfSignatures.selector);
  }

  function test_refusesHugeF() public {
    start(4, 1);
    Transmission memory t = transmissionOf(3);
    faulty = 255;
    configure();
    refuse(transmitData(t), panic(0x11));
    // What is looked at before.
    t.attestation[0] = 0x80;
    refuse(transmitData(t), InvalidAttestationAttributionBitmask.selector);
    t.attestation = new bytes(36);
    refuse(transmitData(t), InvalidAttestationLength.selector);
    faulty = 254;
    configure();
    refuse(transmitData(transmissionOf(15)), InvalidAttestationNumberOfSignatures.selector);
  }

  /// @dev Oracle 2 has the sum of the secret keys of 0 and 1. The additions of the verifier know no doubling: the attestation is
  /// right, but nobody can check it. Only oracles that share their secrets can get there.
  function test_refusesSumsThatItCannotAdd() public {
    makeOracles(4, 2, 0);
    secretKeys[2] = addmod(secretKeys[0], secretKeys[1], OCR3BLSKeys.ORDER);
    keys[2] = keyEntry(OCR3BLSKeys.sum(1), secretKeys[2]);
    configure();
    refuse(transmitData(transmissionOf(7)), InvalidAttestation.selector);
    succeed(transmitData(transmissionOf(11)));
    succeed(transmitData(transmissionOf(13)));
    succeed(transmitData(transmissionOf(14)));
  }

  /// @dev A key and its negative: all that both sign is infinity.
  function test_refusesSignersThatCancelOut() public {
    makeOracles(4, 1, 0);
    secretKeys[1] = OCR3BLSKeys.ORDER - secretKeys[0];
    keys[1] = keyEntry(negatedKey(OCR3BLSKeys.publicKey(0)), secretKeys[1]);
    configure();
    Transmission memory t = transmissionOf(3);
    refuse(transmitData(t), InvalidAttestation.selector);
    t.attestation = attestationOf(3, 4, hashOf(t));
    refuse(transmitData(t), InvalidAttestation.selector);
    t.attestation = bytes.concat(hex"00000003", new bytes(33));
    refuse(transmitData(t), InvalidAttestation.selector);
    succeed(transmitData(transmissionOf(5)));
    succeed(transmitData(transmissionOf(6)));
  }

  // ---------------------------------------------------------------- what is signed

  function test_refusesAttestationsOfAnotherLength() public {
    start(4, 1);
    Transmission memory t = transmissionOf(5);
    bytes memory attestation = t.attestation;
    t.attestation = bytes.concat(attestation, hex"00");
    refuse(transmitData(t), InvalidAttestationLength.selector);
    for (uint256 length = 0; length < 37; ++length) {
      t.attestation = OCR3BLSModel.slice(attestation, 0, length);
      refuse(transmitData(t), InvalidAttestationLength.selector);
    }
    // The length is looked at before the mask.
    t.attestation = new bytes(38);
    refuse(transmitData(t), InvalidAttestationLength.selector);
  }

  function test_refusesSignaturesOfSomethingElse() public {
    start(4, 1);
    Transmission memory t = transmissionOf(3);
    succeed(transmitData(t));
    t.seqNr++;
    refuse(transmitData(t), InvalidAttestation.selector);
    t = transmissionOf(3);
    t.configDigest = digestOf(4, 2);
    refuse(transmitData(t), InvalidAttestation.selector);
    t = transmissionOf(3);
    t.report[127] ^= 0x01;
    refuse(transmitData(t), InvalidAttestation.selector);
    t.report = "";
    refuse(transmitData(t), InvalidAttestation.selector);
    // The hash that oracles sign, but of something else than a report.
    t = transmissionOf(3);
    t.attestation = attestationOf(3, keccak256(t.report));
    refuse(transmitData(t), InvalidAttestation.selector);
  }

  function test_acceptsAnyUsableCounter() public {
    start(4, 1);
    Transmission memory t = transmissionOf(3);
    bytes32 hash = hashOf(t);
    uint256 usable;
    for (uint256 counter = 0; counter < 256; counter += 5) {
      (bool ok,,) = OCR3BLSModel.hashToPoint(hash, uint8(counter));
      t.attestation[36] = bytes1(uint8(counter));
      if (ok) {
        t.attestation = bytes.concat(hex"00000003", OCR3BLSModel.sign(sumOfSecretKeys(3), hash, uint8(counter)));
        succeed(transmitData(t));
        ++usable;
      } else {
        refuse(transmitData(t), InvalidAttestation.selector);
      }
    }
    assertGt(usable, 5);
  }

  function test_refusesAnotherCounterThanTheSigned() public {
    start(4, 1);
    Transmission memory t = transmissionOf(3);
    uint8 counter = uint8(t.attestation[36]);
    t.attestation[36] = bytes1(OCR3BLSModel.usableCounter(hashOf(t), counter + 1));
    refuse(transmitData(t), InvalidAttestation.selector);
    t.attestation[36] = bytes1(OCR3BLSModel.uselessCounter(hashOf(t)));
    refuse(transmitData(t), InvalidAttestation.selector);
  }

  function test_refusesPointsThatAreNone() public {
    start(4, 1);
    Transmission memory t = transmissionOf(3);
    bytes memory attestation = t.attestation;
    uint256 word = uint256(bytes32(OCR3BLSModel.slice(attestation, 4, 32)));
    uint256[6] memory words = [
      word ^ (1 << 255),
      // The same x, but not below the field prime. It may overflow into the sign.
      word + OCR3BLSModel.P,
      0,
      1 << 255,
      OCR3BLSModel.P,
      type(uint256).max
    ];
    for (uint256 i = 0; i < words.length; ++i) {
      t.attestation = OCR3BLSModel.replace(attestation, 4, abi.encode(words[i]));
      refuse(transmitData(t), InvalidAttestation.selector);
    }
    // A signature that is infinity cannot be written down. Nor can x = 4: 67 is no square.
    t.attestation = OCR3BLSModel.replace(attestation, 4, abi.encode(4));
    refuse(transmitData(t), InvalidAttestation.selector);
  }

  function test_refusesAttestationsWithAFlippedBit() public {
    start(7, 2);
    Transmission memory t = transmissionOf(0x49);
    for (uint256 bit = 0; bit < 37 * 8; ++bit) {
      t.attestation[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
      bytes memory want = attestedBy(t);
      assertGt(want.length, 0, "model");
      refuse(transmitData(t), want);
      t.attestation[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
    }
    succeed(transmitData(t));
  }

  /// @dev Breaks attestations in every way that this test can think of, and compares with the model.
  /// forge-config: default.fuzz.runs = 64
  function testFuzz_attestationsAreAsInTheModel(uint256 n, uint8 f, uint256 seed, bytes memory garbage) public {
    n = bound(n, 1, MAX_ORACLES);
    f = uint8(bound(f, 0, n > 4 ? 4 : n - 1));
    start(n, f);
    uint256 mask = anyMask(n, uint256(f) + 1, seed);
    Transmission memory t = transmissionOf(mask);
    for (uint256 i = 0; i <= seed % 2; ++i) {
      seed = uint256(keccak256(abi.encode(seed)));
      t.attestation = broken(t, seed >> 8, mask, garbage);
    }
    bytes memory want = attestedBy(t);
    if (want.length == 0) succeed(transmitData(t));
    else refuse(transmitData(t), want);
  }

  function testFuzz_refusesGarbage(bytes memory report, bytes memory attestation, bytes32 word) public {
    start(4, 1);
    Transmission memory t = Transmission(configDigest, 1, report, attestation);
    refuse(transmitData(t), attestedBy(t));
    t.attestation = bytes.concat(hex"00000006", word, bytes1(word));
    refuse(transmitData(t), InvalidAttestation.selector);
  }

  /// @dev With too little gas, an attestation is neither accepted nor called invalid.
  function test_isNotConfusedByLittleGas() public {
    start(4, 1);
    bytes memory data = transmitData(transmissionOf(3));
    uint256 enough;
    for (uint256 gas = 8_000; enough == 0; gas += 1_500) {
      vm.cool(address(demo));
      (bool ok, bytes memory ret) = address(demo).call{gas: gas}(data);
      if (ok) enough = gas;
      assertEq(ret.length, 0);
    }
    assertGt(enough, 113_000);
    assertLt(enough, 140_000);
  }

  // ---------------------------------------------------------------- helpers

  function negatedKey(bytes memory publicKey) internal pure returns (bytes memory) {
    (uint256 xi, uint256 xr, uint256 yi, uint256 yr) = abi.decode(publicKey, (uint256, uint256, uint256, uint256));
    return abi.encode(xi, xr, OCR3BLSModel.P - yi, OCR3BLSModel.P - yr);
  }

  function bitsOf(uint256 mask) internal pure returns (uint256 count) {
    for (; mask != 0; mask >>= 1) {
      count += mask & 1;
    }
  }

  function broken(Transmission memory t, uint256 seed, uint256 mask, bytes memory garbage)
    private
    view
    returns (bytes memory attestation)
  {
    attestation = t.attestation;
    uint256 how = seed % 8;
    seed >>= 8;
    if (attestation.length < 37) return attestation;
    if (how == 0) {
      attestation[seed % 37] ^= bytes1(uint8(1 << ((seed >> 128) % 8)));
    } else if (how == 1) {
      // One bit more or less, of somebody or nobody.
      attestation[seed % 4] ^= bytes1(uint8(1 << ((seed >> 128) % 8)));
    } else if (how == 2) {
      // One more bit of somebody.
      uint256 bit = (seed >> 128) % keys.length;
      attestation[3 - bit / 8] |= bytes1(uint8(1 << (bit % 8)));
    } else if (how == 3) {
      attestation = bytes.concat(attestation, garbage);
    } else if (how == 4) {
      attestation = OCR3BLSModel.slice(attestation, 0, seed % 37);
    } else if (how == 5) {
      // The right number of signatures of the wrong oracles.
      attestation = attestationOf(mask, anyMask(keys.length, uint256(faulty) + 1, seed), hashOf(t));
    } else if (how == 6) {
      // Another mask of the right size.
      attestation = attestationOf(anyMask(keys.length, uint256(faulty) + 1, seed), mask, hashOf(t));
    } else {
      // Another counter, and the signature that belongs to it if there is one.
      attestation[36] = bytes1(uint8(seed));
      (bool usable,,) = OCR3BLSModel.hashToPoint(hashOf(t), uint8(seed));
      if (usable) {
        attestation = bytes.concat(
          OCR3BLSModel.slice(attestation, 0, 4), OCR3BLSModel.sign(sumOfSecretKeys(mask), hashOf(t), uint8(seed))
        );
      }
    }
  }
}

contract BLSTest is BLSSuite {
  function deployDemo() internal override returns (address) {
    return deployed("DemoBLSAttestationVerifier", "");
  }

  function test_selectors() public view {
    assertEq(demo.setConfig.selector, bytes4(0x6f289d41));
    assertEq(demo.transmit.selector, bytes4(0x95fd15c8));
  }
}

/// @title The scheme as a library, called by our verifier
contract DynamicBLSTest is BLSSuite {
  function deployDemo() internal override returns (address) {
    return deployed(
      "DemoDynamicallyDispatchedAttestationVerifier",
      abi.encode(deployed("OCR3DynamicallyDispatchedBLSAttestationVerifierLib", ""))
    );
  }
}
