// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {
  InvalidAttestation,
  InvalidAttestationAttributionBitmask,
  InvalidAttestationLength,
  InvalidAttestationNumberOfSignatures,
  InvalidKey
} from "./OCR3AttestationErrors.sol";
import {OCR3Attestations} from "./OCR3Attestations.sol";
import {BN254Field} from "./internal/BN254Field.sol";
import {BN254G1} from "./internal/BN254G1.sol";
import {BN254G2} from "./internal/BN254G2.sol";
import {BN254Pairing} from "./internal/BN254Pairing.sol";
import {DataContract} from "./internal/DataContract.sol";

/// @title Attestations made of BLS signatures over BN254
/// @notice A secret key is a number, the public key that multiple of the generator of G2, a signature that multiple of a point
/// of G1 which depends on what is signed. Signatures of several oracles add up to one, which the sum of their public keys
/// verifies: an attestation has 37 bytes, however many signed.
///
///   key, 161 bytes            public key: imaginary and real part of x, imaginary and real part of y, 32 bytes each;
///                             proof of possession: a point of G1 (32 bytes, see BN254G1) and a counter
///   attestation, 37 bytes     bitmask of four bytes, big-endian: bit i, of value 2**i, is oracle i; the sum of the
///                             signatures, a point of G1; the counter that all of them were made with
///
/// For the counters, see BN254G1.hashToPoint. The proof of possession is a signature on the hash of the public key. Without it,
/// an oracle could choose a public key that makes the sum of some keys one of which it knows the secret, and sign for all
/// of them.
library OCR3BLSAttestationVerifierLib {
  /// @dev What applications reserve for each key of a library that they call: see
  /// OCR3DynamicallyDispatchedBLSAttestationVerifierLib. The name and the members are part of a selector.
  struct G2PointAffine {
    uint256 xImaginary;
    uint256 xReal;
    uint256 yImaginary;
    uint256 yReal;
  }

  /// @dev Where the keys are. head, from the lowest bit: 160 pointer to the data contract with the public keys; 8 number of
  /// keys; 88 that are not ours. They belong to the application that inherits the verifier.
  ///
  /// Gas: a key in storage takes four slots, to write them 88,400 gas and to read them 8,400. In a data contract, it is 25,600
  /// and about 25.
  struct Keys {
    uint256 head;
  }

  /// @dev Length in bytes of a key.
  /// @custom:ocr-constant BLSKeyLength
  uint256 internal constant KEY_LENGTH = 161;

  /// @dev Length in bytes of an attestation.
  /// @custom:ocr-constant BLSAttestationLength
  uint256 internal constant ATTESTATION_LENGTH = 37;

  /// @dev What is signed to prove possession of a key begins with this. SHA3-256 (not Keccak-256) of the text
  /// "DOMAIN_SEPARATION_TAG_BLS_PROOF_OF_POSSESSION".
  /// @custom:ocr-constant BLSProofOfPossessionTag
  bytes32 internal constant PROOF_OF_POSSESSION_TAG =
    0x79537812dfe48a92fc860b8b010e8d6078b5c19e7037c4cf07f7bed69b54fffc;

  uint256 private constant COUNT_SHIFT = 160;
  uint256 private constant HEAD_BITS = 168;

  /// @dev A multiplication of a power of two below 2**32 with this puts a number that belongs to no other such power into the
  /// bits 27 to 31, and byte number that of INDICES is the exponent: the index of the lowest bit of a mask without a loop.
  uint256 private constant DE_BRUIJN = 0x077cb531;
  uint256 private constant INDICES = 0x00011c021d0e18031e16140f191104081f1b0d17151310071a0c12060b050a09;

  /// @dev Replaces the keys. Reverts unless `list` is one of n different keys, each with a proof of possession.
  ///
  /// The proofs S_i are good if e(S_i, -G2) * e(H_i, P_i) = 1 for each public key P_i and the point H_i that its proof signs.
  /// All are checked at once: the product of the c_i-th powers of the left sides, for coefficients c_i of 129 bits, is
  ///
  ///   e(c_0 * S_0 + c_1 * S_1 + ..., -G2) * e(c_0 * H_0, P_0) * e(c_1 * H_1, P_1) * ... ,
  ///
  /// one pairing for each key and one more, where single checks take two for each. All of this happens in groups of one prime
  /// order, for the precompile fails if a P_i is outside of its group. There, if exactly one left side is not 1, the product is
  /// not 1 either; if several are not, and the coefficients were chosen at random after everything else, it is 1 with a
  /// probability of 2**-128 at most, however the keys and proofs were chosen. The coefficients are hashes of the whole list,
  /// keys, proofs and counters, so that a change of anything in it changes all of them: to find a list with bad proofs that
  /// passes takes some 2**128 attempts. That is more than it takes to find the secret keys.
  ///
  /// A key that is infinity fails like any other without a proof, though the precompile takes infinity for a good point: no S_i
  /// is infinity, and e(S_i, -G2) alone is not 1.
  function setVerificationKeys(Keys storage keys, uint8 n, bytes calldata list) internal {
    OCR3Attestations.requireNumberOfKeys(list.length, KEY_LENGTH, n);
    uint256 pairs;
    uint256 buffer;
    unchecked {
      buffer = _allocate(BN254Field.BUFFER_LENGTH + BN254Pairing.PAIR_LENGTH * (uint256(n) + 1));
      pairs = buffer + BN254Field.BUFFER_LENGTH;
    }
    if (!_areProven(list, n, buffer, pairs)) revert InvalidKey();
    // The pairs have done their service: their place is that of the public keys alone now.
    assembly ("memory-safe") {
      let key := list.offset
      for {
        let place := pairs
        let end := add(pairs, shl(7, n))
      } lt(place, end) {
        place := add(place, 128)
      } {
        calldatacopy(place, key, 128)
        key := add(key, KEY_LENGTH)
      }
    }
    uint256 pointer = uint160(DataContract.write(pairs, BN254G2.POINT_LENGTH * n));
    keys.head = ((keys.head >> HEAD_BITS) << HEAD_BITS) | (uint256(n) << COUNT_SHIFT) | pointer;
  }

  /// @dev Reverts unless `attestation` holds the sum of the signatures over `reportHash` of exactly f + 1 of the first n
  /// oracles. Clients rely on which error is raised for what.
  function verifyAttestation(Keys storage keys, uint8 n, uint8 f, bytes32 reportHash, bytes calldata attestation)
    internal
    view
  {
    if (attestation.length != ATTESTATION_LENGTH) revert InvalidAttestationLength();
    uint256 mask = _wordAt(attestation, 0) >> 224;
    if (mask == 0 || OCR3Attestations.namesStrangers(mask, n)) revert InvalidAttestationAttributionBitmask();
    if (_countBits(mask) != OCR3Attestations.requiredSignatures(f)) revert InvalidAttestationNumberOfSignatures();
    if (!_haveSigned(keys, mask, reportHash, attestation)) revert InvalidAttestation();
  }

  /// @dev Whether each key of a list of n keys is different from the others and has a good proof of possession.
  /// @param buffer see BN254Field.prepare
  /// @param pairs memory for n + 1 pairs: the first for the sum of the proofs, the others for the keys
  function _areProven(bytes calldata list, uint256 n, uint256 buffer, uint256 pairs) private view returns (bool) {
    BN254Field.prepare(buffer);
    bytes32 seed = _hashOfList(list, pairs);
    assembly ("memory-safe") {
      // The sum of no proofs is infinity.
      mstore(pairs, 0)
      mstore(add(pairs, 32), 0)
    }
    uint256 seen = 0;
    uint256 pair = pairs;
    for (uint256 i = 0; i < n; ++i) {
      uint256 entry;
      uint256 bit;
      unchecked {
        pair += BN254Pairing.PAIR_LENGTH;
      }
      assembly ("memory-safe") {
        entry := add(list.offset, mul(i, KEY_LENGTH))
        calldatacopy(add(pair, 64), entry, 128)
        bit := shl(and(mload(add(pair, 96)), 0xff), 1)
      }
      // To compare each key with all before it is only necessary if the lowest byte of the real part of x occurred before.
      if (seen & bit != 0 && _occurs(pairs, pair)) return false;
      seen |= bit;
      if (!_addProof(buffer, pairs, pair, entry, i == 0 ? 1 : _coefficient(seed, i))) return false;
    }
    BN254Pairing.setNegatedGenerator(pairs);
    unchecked {
      return BN254Pairing.areGoodAndOne(pairs, n + 1);
    }
  }

  /// @dev Multiplies proof and signed point of a key by a coefficient, puts the point into the pair of the key, and adds the
  /// proof to the sum in the first pair. Returns false if there is no such point or proof.
  /// @param pair where the public key is already
  /// @param entry where the key begins in the calldata
  function _addProof(uint256 buffer, uint256 pairs, uint256 pair, uint256 entry, uint256 coefficient)
    private
    view
    returns (bool)
  {
    bytes32 digest;
    uint256 proof;
    uint256 counter;
    uint256 product;
    assembly ("memory-safe") {
      mstore(add(pair, 32), PROOF_OF_POSSESSION_TAG)
      digest := keccak256(add(pair, 32), 160)
      proof := calldataload(add(entry, 128))
      counter := byte(0, calldataload(add(entry, 160)))
      // Behind the sum of the proofs, where the generator of G2 will be.
      product := add(pairs, 64)
    }
    if (!BN254G1.hashToPoint(buffer, digest, counter, product)) return false;
    _multiply(product, coefficient, pair);
    (bool valid,) = BN254G1.decompress(buffer, proof, 1, product);
    if (!valid) return false;
    _multiply(product, coefficient, product);
    BN254G1.add(pairs, pairs);
    return true;
  }

  /// @dev Writes a multiple of a point to `output`.
  /// @param point (x, y), and a word that is free
  function _multiply(uint256 point, uint256 factor, uint256 output) private view {
    if (factor == 1) {
      assembly ("memory-safe") {
        mstore(output, mload(point))
        mstore(add(output, 32), mload(add(point, 32)))
      }
    } else {
      assembly ("memory-safe") {
        mstore(add(point, 64), factor)
      }
      BN254G1.multiply(point, output);
    }
  }

  /// @dev The factor for the proof with index i > 0: 129 bits of which the first is 1.
  function _coefficient(bytes32 seed, uint256 i) private pure returns (uint256 coefficient) {
    assembly ("memory-safe") {
      mstore(0, seed)
      mstore(32, i)
      coefficient := or(shr(128, keccak256(0, 64)), shl(128, 1))
    }
  }

  /// @dev Whether the public key of a pair is that of an earlier pair too. Coordinates that are not below the field prime are
  /// refused, so a point has one form only.
  function _occurs(uint256 pairs, uint256 pair) private pure returns (bool occurs) {
    assembly ("memory-safe") {
      let hash := keccak256(add(pair, 64), 128)
      for {
        // The first pair has no key.
        let other := add(pairs, 192)
      } lt(other, pair) {
        other := add(other, 192)
      } {
        if eq(keccak256(add(other, 64), 128), hash) {
          occurs := 1
        }
      }
    }
  }

  /// @dev Whether the oracles that the mask names signed. Keys that were not set did not.
  function _haveSigned(Keys storage keys, uint256 mask, bytes32 reportHash, bytes calldata attestation)
    private
    view
    returns (bool)
  {
    uint256 head = keys.head;
    uint256 count = uint8(head >> COUNT_SHIFT);
    if (mask >> count != 0) return false;
    uint256 buffer;
    uint256 pairs;
    uint256 sum;
    unchecked {
      buffer = _allocate(
        BN254Field.BUFFER_LENGTH + 2 * BN254Pairing.PAIR_LENGTH + BN254G2.SUM_LENGTH + BN254G2.POINT_LENGTH * count
      );
      pairs = buffer + BN254Field.BUFFER_LENGTH;
      sum = pairs + 2 * BN254Pairing.PAIR_LENGTH;
    }
    _sumUp(head, count, mask, sum, sum + BN254G2.SUM_LENGTH);
    BN254Field.prepare(buffer);
    // e(signature, -G2) * e(point, sum of the keys) = 1
    (bool valid, uint256 inverse) = BN254G1.decompress(buffer, _wordAt(attestation, 4), BN254G2.denominator(sum), pairs);
    if (!valid) return false;
    BN254Pairing.setNegatedGenerator(pairs);
    uint256 pair = pairs + BN254Pairing.PAIR_LENGTH;
    if (!BN254G1.hashToPoint(buffer, reportHash, _wordAt(attestation, 36) >> 248, pair)) return false;
    BN254G2.finish(sum, inverse, pair + BN254Pairing.G1_LENGTH);
    return BN254Pairing.isOne(pairs);
  }

  function _wordAt(bytes calldata data, uint256 offset) private pure returns (uint256 word) {
    assembly ("memory-safe") {
      word := calldataload(add(data.offset, offset))
    }
  }

  /// @dev Adds up the keys that a mask names.
  ///
  /// Gas: all keys are copied at once. A copy for each signer costs about 130, a key more in a copy about 25.
  /// @param sum where the sum goes to
  /// @param list memory for `count` keys
  function _sumUp(uint256 head, uint256 count, uint256 mask, uint256 sum, uint256 list) private view {
    assembly ("memory-safe") {
      // 1: see DataContract.OFFSET.
      extcodecopy(head, list, 1, mul(count, 128))
    }
    BN254G2.start(sum, _keyOfLowestBit(list, mask));
    for (;;) {
      unchecked {
        mask &= mask - 1;
      }
      if (mask == 0) break;
      BN254G2.add(sum, _keyOfLowestBit(list, mask));
    }
  }

  /// @dev Memory address of the key that belongs to the lowest bit of a mask.
  function _keyOfLowestBit(uint256 list, uint256 mask) private pure returns (uint256 key) {
    assembly ("memory-safe") {
      let index := byte(and(shr(27, mul(and(mask, sub(0, mask)), DE_BRUIJN)), 31), INDICES)
      key := add(list, shl(7, index))
    }
  }

  /// @dev Number of bits that are set in a mask of 32.
  function _countBits(uint256 mask) private pure returns (uint256 count) {
    assembly ("memory-safe") {
      // Of each two bits, of each four, of each eight.
      count := sub(mask, and(shr(1, mask), 0x55555555))
      count := add(and(count, 0x33333333), and(shr(2, count), 0x33333333))
      count := and(add(count, shr(4, count)), 0x0f0f0f0f)
      // The byte of bits 24 to 31 is the sum of all four.
      count := and(shr(24, mul(count, 0x01010101)), 0xff)
    }
  }

  /// @dev Hash of a key list.
  /// @param scratch memory for it
  function _hashOfList(bytes calldata list, uint256 scratch) private pure returns (bytes32 hash) {
    assembly ("memory-safe") {
      calldatacopy(scratch, list.offset, list.length)
      hash := keccak256(scratch, list.length)
    }
  }

  /// @dev Memory of a number of bytes, not necessarily zero.
  function _allocate(uint256 length) private pure returns (uint256 pointer) {
    assembly ("memory-safe") {
      pointer := mload(0x40)
      mstore(0x40, add(pointer, length))
    }
  }
}
