// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {BN254Field, FIELD_PRIME} from "./BN254Field.sol";

/// @title Points of the group G1 of BN254, where signatures are
/// @notice The points of y**2 = x**3 + 3 over the field. Their number is a prime, so every point but infinity generates the
/// group. A point is encoded as one word: x, and in bit 255 the lowest bit of y. Infinity has no encoding, since no point has
/// x = 0: 3 is no square.
library BN254G1 {
  /// @dev Bit 254 of a word, which no x has.
  uint256 private constant UNUSED_BIT = 1 << 254;

  /// @dev The point that a word encodes, and, for what else it costs nearly nothing, the inverse of a number. See
  /// BN254Field.rootAndInverse.
  /// @param buffer see BN254Field.prepare
  /// @param encoded the word
  /// @param z number of which the inverse is wanted; 1 if none is
  /// @param output where the point is written to, (x, y)
  /// @return valid whether the word encodes a point, and z is not zero; if not, the output is of no use
  /// @return inverse of z
  function decompress(uint256 buffer, uint256 encoded, uint256 z, uint256 output)
    internal
    view
    returns (bool valid, uint256 inverse)
  {
    uint256 x;
    uint256 a;
    assembly ("memory-safe") {
      let p := FIELD_PRIME
      x := shr(1, shl(1, encoded))
      a := addmod(mulmod(mulmod(x, x, p), x, p), 3, p)
    }
    uint256 y;
    (valid, y, inverse) = BN254Field.rootAndInverse(buffer, a, z);
    assembly ("memory-safe") {
      let p := FIELD_PRIME
      valid := and(valid, lt(x, p))
      // The other root is p - y, and p is odd.
      if xor(and(y, 1), shr(255, encoded)) {
        y := sub(p, y)
      }
      mstore(output, x)
      mstore(add(output, 32), y)
    }
  }

  /// @dev A point that depends on a digest and of which nobody knows the logarithm: the hash of digest and counter, read as an
  /// encoded point, works for 38 of 100 counters. Whoever signs looks for one that does.
  /// @param buffer see BN254Field.prepare
  /// @param output where the point is written to, (x, y)
  /// @return valid whether the counter is one that works; if not, the output is of no use
  function hashToPoint(uint256 buffer, bytes32 digest, uint256 counter, uint256 output)
    internal
    view
    returns (bool valid)
  {
    uint256 encoded;
    assembly ("memory-safe") {
      mstore(0, digest)
      mstore8(32, counter)
      encoded := and(keccak256(0, 33), not(UNUSED_BIT))
    }
    (valid,) = decompress(buffer, encoded, 1, output);
  }

  /// @dev Adds two points: (x1, y1, x2, y2) at `input` become (x, y) at `output`, infinity being (0, 0).
  function add(uint256 input, uint256 output) internal view {
    assembly ("memory-safe") {
      if iszero(staticcall(gas(), 6, input, 128, output, 64)) {
        revert(0, 0)
      }
    }
  }

  /// @dev Multiplies a point by a number: (x, y, number) at `input` become (x, y) at `output`.
  function multiply(uint256 input, uint256 output) internal view {
    assembly ("memory-safe") {
      if iszero(staticcall(gas(), 7, input, 96, output, 64)) {
        revert(0, 0)
      }
    }
  }
}
