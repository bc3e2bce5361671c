// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import "ocr/ocr3/OCR3AttestationErrors.sol";
import {OCR3BLSKeys} from "./OCR3BLSKeys.sol";

/// @title What the BLS verifier should do, in the plainest words
/// @notice The model knows the secret keys, so it needs no pairing: there is exactly one signature of a key on a digest with a
/// counter, and the model makes it and compares. Outcomes are revert data; none means success.
library OCR3BLSModel {
  uint256 internal constant P = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;

  bytes32 internal constant TAG = 0x79537812dfe48a92fc860b8b010e8d6078b5c19e7037c4cf07f7bed69b54fffc;

  /// @dev The generator of G2, negated.
  bytes internal constant NEGATED_GENERATOR = hex"198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
    hex"1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
    hex"275dc4a288d1afb3cbb1ac09187524c7db36395df7be3b99e673b13a075a65ec"
    hex"1d9befcd05a5323e6da4d435f3b617cdb3af83285c2df711ef39c01571827f9d";

  // ---------------------------------------------------------------- verifier

  /// @param secretKeys of the oracles whose keys are set
  function verify(uint256[] memory secretKeys, uint256 n, uint256 f, bytes32 hash, bytes memory attestation)
    internal
    view
    returns (bytes memory)
  {
    if (attestation.length != 37) return abi.encodePacked(InvalidAttestationLength.selector);
    uint256 mask = uint32(bytes4(attestation));
    if (mask == 0 || mask >= 2 ** n) return abi.encodePacked(InvalidAttestationAttributionBitmask.selector);
    if (f == 255) return abi.encodeWithSignature("Panic(uint256)", 0x11);
    uint256 bits;
    uint256 sum;
    for (uint256 i = 0; i < n; ++i) {
      if ((mask / 2 ** i) % 2 == 0) continue;
      ++bits;
      if (i >= secretKeys.length) return abi.encodePacked(InvalidAttestation.selector);
      sum = addmod(sum, secretKeys[i], OCR3BLSKeys.ORDER);
    }
    if (bits != f + 1) return abi.encodePacked(InvalidAttestationNumberOfSignatures.selector);
    uint8 counter = uint8(attestation[36]);
    (bool usable,,) = hashToPoint(hash, counter);
    if (!usable || sum == 0 || keccak256(sign(sum, hash, counter)) != keccak256(slice(attestation, 4, 33))) {
      return abi.encodePacked(InvalidAttestation.selector);
    }
    return "";
  }

  /// @dev Knows only the keys of OCR3BLSKeys and takes all others for invalid.
  function setKeys(uint256 n, bytes memory list) internal view returns (bytes memory) {
    if (list.length % 161 != 0) return abi.encodePacked(KeysOfInvalidSize.selector);
    if (list.length / 161 != n) return abi.encodePacked(InvalidNumberOfKeys.selector);
    if (n > 32) return abi.encodePacked(MaximumNumberOfKeysExceeded.selector);
    bytes32[] memory known = OCR3BLSKeys.hashes();
    bytes32[] memory seen = new bytes32[](n);
    for (uint256 i = 0; i < n; ++i) {
      bytes memory publicKey = slice(list, 161 * i, 128);
      seen[i] = keccak256(publicKey);
      uint256 secretKey = 0;
      for (uint256 k = 0; k < known.length; ++k) {
        if (known[k] == seen[i]) secretKey = OCR3BLSKeys.secretKey(k);
      }
      uint8 counter = uint8(list[161 * i + 160]);
      bytes32 digest = possessionDigest(publicKey);
      (bool usable,,) = hashToPoint(digest, counter);
      if (
        secretKey == 0 || !usable
          || keccak256(sign(secretKey, digest, counter)) != keccak256(slice(list, 161 * i + 128, 33))
      ) return abi.encodePacked(InvalidKey.selector);
      for (uint256 j = 0; j < i; ++j) {
        if (seen[i] == seen[j]) return abi.encodePacked(InvalidKey.selector);
      }
    }
    return "";
  }

  // ---------------------------------------------------------------- signer

  /// @dev Point and counter, 33 bytes. The counter must be usable.
  function sign(uint256 secretKey, bytes32 digest, uint8 counter) internal view returns (bytes memory) {
    (bool usable, uint256 x, uint256 y) = hashToPoint(digest, counter);
    require(usable, "counter");
    (x, y) = multiply(x, y, secretKey);
    return bytes.concat(compress(x, y), bytes1(counter));
  }

  /// @dev The same with the first counter that is usable.
  function sign(uint256 secretKey, bytes32 digest) internal view returns (bytes memory) {
    return sign(secretKey, digest, usableCounter(digest, 0));
  }

  function possessionDigest(bytes memory publicKey) internal pure returns (bytes32) {
    return keccak256(bytes.concat(TAG, publicKey));
  }

  /// @dev The first counter from `counter` on that is usable.
  function usableCounter(bytes32 digest, uint8 counter) internal view returns (uint8) {
    for (;; ++counter) {
      (bool usable,,) = hashToPoint(digest, counter);
      if (usable) return counter;
    }
  }

  /// @dev The first counter that is not usable.
  function uselessCounter(bytes32 digest) internal view returns (uint8) {
    for (uint8 counter = 0;; ++counter) {
      (bool usable,,) = hashToPoint(digest, counter);
      if (!usable) return counter;
    }
  }

  // ---------------------------------------------------------------- points of G1

  function hashToPoint(bytes32 digest, uint8 counter) internal view returns (bool usable, uint256 x, uint256 y) {
    uint256 hash = uint256(keccak256(abi.encodePacked(digest, counter)));
    return decompress(bytes32(hash & ~(uint256(1) << 254)));
  }

  function compress(uint256 x, uint256 y) internal pure returns (bytes32) {
    return bytes32(x + (y % 2) * 2 ** 255);
  }

  function decompress(bytes32 word) internal view returns (bool valid, uint256 x, uint256 y) {
    x = uint256(word) % 2 ** 255;
    if (x >= P) return (false, 0, 0);
    uint256 square = addmod(mulmod(x, mulmod(x, x, P), P), 3, P);
    y = power(square, (P + 1) / 4);
    if (mulmod(y, y, P) != square) return (false, 0, 0);
    if (y % 2 != uint256(word) / 2 ** 255) y = P - y;
    return (true, x, y);
  }

  function add(uint256 x1, uint256 y1, uint256 x2, uint256 y2) internal view returns (uint256, uint256) {
    return abi.decode(precompile(6, abi.encode(x1, y1, x2, y2)), (uint256, uint256));
  }

  function multiply(uint256 x, uint256 y, uint256 factor) internal view returns (uint256, uint256) {
    return abi.decode(precompile(7, abi.encode(x, y, factor)), (uint256, uint256));
  }

  function power(uint256 base, uint256 exponent) internal view returns (uint256) {
    return abi.decode(precompile(5, abi.encode(32, 32, 32, base, exponent, P)), (uint256));
  }

  function precompile(uint160 which, bytes memory input) internal view returns (bytes memory) {
    (bool ok, bytes memory output) = address(which).staticcall(input);
    require(ok, "precompile");
    return output;
  }

  // ---------------------------------------------------------------- bytes

  function slice(bytes memory data, uint256 offset, uint256 length) internal pure returns (bytes memory part) {
    require(offset + length <= data.length, "slice");
    part = new bytes(length + 32);
    for (uint256 i = 0; i < length; i += 32) {
      assembly ("memory-safe") {
        mstore(add(add(part, 32), i), mload(add(add(add(data, 32), offset), i)))
      }
    }
    assembly ("memory-safe") {
      mstore(part, length)
    }
  }

  function replace(bytes memory data, uint256 offset, bytes memory part) internal pure returns (bytes memory) {
    bytes memory changed = bytes.concat(data);
    for (uint256 i = 0; i < part.length; ++i) {
      changed[offset + i] = part[i];
    }
    return changed;
  }
}
