// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {
  InvalidAttestationAttributionBitmask,
  InvalidAttestationLength,
  InvalidAttestationNumberOfSignatures,
  InvalidKey
} from "./OCR3AttestationErrors.sol";
import {OCR3Attestations} from "./OCR3Attestations.sol";
import {DataContract} from "./internal/DataContract.sol";

/// @title Attestations made of secp256k1 signatures
/// @notice The key of an oracle is the address that its signatures recover to. A key list is the addresses one behind the
/// other, 20 bytes each.
///
/// An attestation names f + 1 signers in a bitmask of four bytes, big-endian: bit i, of value 2**i, is oracle i. Behind it
/// comes a signature of 64 bytes, r and s, for each bit that is set, lowest bit first. There is no recovery id: signers bring
/// their signatures into the form that has recovery id 0 by negating s if need be, so s may be in the upper half.
library OCR3ECDSAAttestationVerifierLib {
  /// @dev Where the keys are. A word of storage costs more than twice what the same bytes cost as code, but a data contract
  /// costs 32,000 gas before it holds anything: up to four keys are cheaper in storage, five and more as code.
  ///
  /// hot, from the lowest bit: 160 pointer to the data contract that holds the key list, or zero and the 16 bytes in the middle
  /// of the key list; 8 number of keys; 88 that are not ours: they belong to the application that inherits the verifier, whose
  /// hot variables thus cost no slot of their own.
  ///
  /// low and high hold what is left of the first 80 bytes of the key list on both sides of the middle. So two of the three words
  /// are enough for the keys 0 and 1, and for 2 and 3.
  struct Keys {
    bytes32 low;
    bytes32 high;
    uint256 hot;
  }

  /// @dev Length in bytes of a key.
  /// @custom:ocr-constant ECDSAKeyLength
  uint256 internal constant KEY_LENGTH = 20;

  /// @dev Length in bytes of a signature within an attestation: r and s.
  /// @custom:ocr-constant ECDSASignatureLength
  uint256 internal constant SIGNATURE_LENGTH = 64;

  /// @dev Length in bytes of the attribution bitmask.
  uint256 private constant MASK_LENGTH = 4;

  uint256 private constant MAX_KEYS_IN_STORAGE = 4;

  /// @dev Offsets in the key list of what is in Keys.hot and Keys.high.
  uint256 private constant MIDDLE = 32;
  uint256 private constant HIGH = 48;

  uint256 private constant COUNT_SHIFT = 160;
  uint256 private constant HOT_BITS = 168;

  /// @dev A multiplication of a power of two below 2**32 with this puts a number that belongs to no other such power into the
  /// bits 27 to 31, and byte number that of INDICES is the exponent: the index of the lowest bit of a mask without a loop.
  uint256 private constant DE_BRUIJN = 0x077cb531;
  uint256 private constant INDICES = 0x00011c021d0e18031e16140f191104081f1b0d17151310071a0c12060b050a09;

  /// @dev What ecrecover calls v for a signature with recovery id 0.
  uint256 private constant V = 27;

  /// @dev Replaces the keys. Reverts unless `list` is one of n different keys, none of them zero: a failed recovery gives
  /// zero, and an oracle with the key of another one would count twice.
  function setVerificationKeys(Keys storage keys, uint8 n, bytes calldata list) internal {
    OCR3Attestations.requireNumberOfKeys(list.length, KEY_LENGTH, n);
    uint256 copy;
    assembly ("memory-safe") {
      // A word of zeros before it, and as many after it as the words in storage take of a shorter list.
      copy := add(mload(0x40), 32)
      mstore(sub(copy, 32), 0)
      mstore(0x40, add(copy, and(add(list.length, 127), not(31))))
      calldatacopy(copy, list.offset, list.length)
      calldatacopy(add(copy, list.length), calldatasize(), 80)
    }
    if (!_areValid(copy, list.length)) revert InvalidKey();
    uint256 where;
    if (n > MAX_KEYS_IN_STORAGE) {
      where = uint160(DataContract.write(copy, list.length));
    } else {
      assembly ("memory-safe") {
        where := shr(128, mload(add(copy, MIDDLE)))
        sstore(keys.slot, mload(copy))
        if gt(list.length, HIGH) {
          sstore(add(keys.slot, 1), mload(add(copy, HIGH)))
        }
      }
    }
    keys.hot = ((keys.hot >> HOT_BITS) << HOT_BITS) | (uint256(n) << COUNT_SHIFT) | where;
  }

  /// @dev Reverts unless `attestation` holds the signatures over `reportHash` of exactly f + 1 of the first n oracles.
  /// Clients rely on which error is raised for what.
  function verifyAttestation(Keys storage keys, uint8 n, uint8 f, bytes32 reportHash, bytes calldata attestation)
    internal
    view
  {
    uint256 required = OCR3Attestations.requiredSignatures(f);
    unchecked {
      if (attestation.length != MASK_LENGTH + SIGNATURE_LENGTH * required) revert InvalidAttestationLength();
    }
    uint256 mask;
    uint256 signatures;
    assembly ("memory-safe") {
      mask := shr(224, calldataload(attestation.offset))
      signatures := add(attestation.offset, MASK_LENGTH)
    }
    if (OCR3Attestations.namesStrangers(mask, n)) revert InvalidAttestationAttributionBitmask();
    (uint256 list, uint256 count) = _load(keys, mask);
    if (!_haveSigned(list, count, mask, required, reportHash, signatures)) {
      _refuse(list, count, mask, required, reportHash, signatures);
    }
  }

  /// @dev Whether the keys are different from each other and from zero.
  ///
  /// Gas: to compare each key with all before it takes 465 comparisons for 31 keys. Here that is done only for a key whose
  /// lowest byte an earlier one has too. A list made to collide costs its author more, nobody else.
  /// @param list memory address of the key list; before it is a word of zeros, which counts as a key that was seen
  /// @param length bytes of it
  function _areValid(uint256 list, uint256 length) private pure returns (bool valid) {
    assembly ("memory-safe") {
      valid := 1
      let end := add(list, length)
      let seen := 1
      for {
        let place := list
      } lt(place, end) {
        place := add(place, KEY_LENGTH)
      } {
        let key := shr(96, mload(place))
        let bit := shl(and(key, 0xff), 1)
        if and(seen, bit) {
          for {
            let other := sub(list, KEY_LENGTH)
          } lt(other, place) {
            other := add(other, KEY_LENGTH)
          } {
            if eq(shr(96, mload(other)), key) {
              valid := 0
            }
          }
        }
        seen := or(seen, bit)
      }
    }
  }

  /// @dev Copies to memory what the oracles in `mask` need of the key list.
  /// @return list memory address of the key list
  /// @return count number of keys that there are
  function _load(Keys storage keys, uint256 mask) private view returns (uint256 list, uint256 count) {
    uint256 hot = keys.hot;
    count = uint8(hot >> COUNT_SHIFT);
    assembly ("memory-safe") {
      list := mload(0x40)
      switch gt(count, MAX_KEYS_IN_STORAGE)
      case 0 {
        mstore(0x40, add(list, 128))
        if and(mask, 3) {
          mstore(list, sload(keys.slot))
        }
        mstore(add(list, MIDDLE), shl(128, hot))
        if shr(2, mask) {
          mstore(add(list, HIGH), sload(add(keys.slot, 1)))
        }
      }
      default {
        // Keys are read as whole words, so there is more memory than keys.
        mstore(0x40, add(list, and(add(mul(count, KEY_LENGTH), 63), not(31))))
        // 1: see DataContract.OFFSET.
        extcodecopy(hot, list, 1, mul(count, KEY_LENGTH))
      }
    }
  }

  /// @dev Whether there are `required` bits in the mask, and the oracles that they name signed.
  ///
  /// Gas: one input buffer for ecrecover, in which only the signature changes, and output to scratch space; no counting: the
  /// loop takes a bit for each signature, and in the end there was a bit for the last signature and there is none left.
  /// @param signatures where they begin in the calldata
  function _haveSigned(
    uint256 list,
    uint256 count,
    uint256 mask,
    uint256 required,
    bytes32 reportHash,
    uint256 signatures
  ) private view returns (bool signed) {
    assembly ("memory-safe") {
      let input := mload(0x40)
      mstore(input, reportHash)
      mstore(add(input, 32), V)
      let bit := 0
      // An oracle that has no key, since n is not the n of the keys, did not sign.
      signed := iszero(shr(count, mask))
      for {
        let end := add(signatures, mul(SIGNATURE_LENGTH, required))
      } and(signed, lt(signatures, end)) {
        signatures := add(signatures, SIGNATURE_LENGTH)
      } {
        bit := and(mask, sub(0, mask))
        mask := xor(mask, bit)
        calldatacopy(add(input, 64), signatures, SIGNATURE_LENGTH)
        // ecrecover returns nothing if there is no such key. Then whatever was here must not pass for its result.
        mstore(0, 0)
        pop(staticcall(gas(), 1, input, 128, 0, 32))
        let index := byte(and(shr(27, mul(bit, DE_BRUIJN)), 31), INDICES)
        signed := eq(shr(96, mload(add(list, mul(index, KEY_LENGTH)))), mload(0))
      }
      signed := and(signed, and(iszero(mask), iszero(iszero(bit))))
    }
  }

  /// @dev Says what is wrong with an attestation that is not one. Each bit of the mask counts as a signature if the oracle
  /// signed what is in the place of its signature; behind the last signature, that is whatever follows in the calldata.
  function _refuse(uint256 list, uint256 count, uint256 mask, uint256 required, bytes32 reportHash, uint256 signatures)
    private
    view
  {
    uint256 matches = 0;
    for (uint256 index = 0; mask >> index != 0; ++index) {
      if ((mask >> index) & 1 == 0) continue;
      if (index < count && _hasSigned(list, index, reportHash, signatures)) ++matches;
      signatures += SIGNATURE_LENGTH;
    }
    if (matches != required) revert InvalidAttestationNumberOfSignatures();
    revert InvalidAttestationAttributionBitmask();
  }

  /// @dev Whether the signature at that place of the calldata is one by oracle `index`.
  function _hasSigned(uint256 list, uint256 index, bytes32 reportHash, uint256 signature) private view returns (bool) {
    bytes32 r;
    bytes32 s;
    address key;
    assembly ("memory-safe") {
      r := calldataload(signature)
      s := calldataload(add(signature, 32))
      key := shr(96, mload(add(list, mul(index, KEY_LENGTH))))
    }
    return ecrecover(reportHash, uint8(V), r, s) == key;
  }
}
