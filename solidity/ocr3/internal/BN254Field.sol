// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @dev The prime p of the field that coordinates are from. It has 254 bits: sums of five numbers below p fit into a word,
/// and because MULMOD and ADDMOD take any words, most sums need not be reduced.
uint256 constant FIELD_PRIME = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;

/// @title Roots and inverses modulo the field prime of BN254
library BN254Field {
  /// @dev Bytes of memory that prepare() needs.
  uint256 internal constant BUFFER_LENGTH = 192;

  /// @dev (p - 3) / 4
  uint256 private constant EXPONENT = 0x0c19139cb84c680a6e14116da060561765e05aa45a1c72a34f082305b61f3f51;

  /// @dev Writes the input of the precompile for modular powers to `buffer`, but for the base: length of base, exponent and
  /// modulus, base, exponent, modulus.
  function prepare(uint256 buffer) internal pure {
    assembly ("memory-safe") {
      mstore(buffer, 32)
      mstore(add(buffer, 32), 32)
      mstore(add(buffer, 64), 32)
      mstore(add(buffer, 128), EXPONENT)
      mstore(add(buffer, 160), FIELD_PRIME)
    }
  }

  /// @dev A root of one number and the inverse of another one, for one power. Roots are y = a**((p + 1) / 4), because p is 3
  /// modulo 4. With w = (a * z**4)**((p - 3) / 4),
  ///
  ///   w**2 * a * z**4 = (a * z**4)**((p - 1) / 2) = 1    if a is a square, so
  ///   1 / z = w**2 * a * z**3    and    y = w * a * z**2 has the square a.
  ///
  /// A root costs the precompile 1,338 gas, and 4,016 since EIP-7883. A chain of MULMODs takes 251 squarings, of 17 gas each,
  /// and some 50 products: more than either.
  /// @param buffer see prepare()
  /// @param a number of which the root is wanted, below p
  /// @param z number of which the inverse is wanted, not necessarily below p
  /// @return isSquare whether there is what is wanted: a is a square, and neither number is zero
  /// @return root one of the two roots of a, below p
  /// @return inverse of z, below p
  function rootAndInverse(uint256 buffer, uint256 a, uint256 z)
    internal
    view
    returns (bool isSquare, uint256 root, uint256 inverse)
  {
    assembly ("memory-safe") {
      let p := FIELD_PRIME
      let zz := mulmod(z, z, p)
      let azz := mulmod(a, zz, p)
      mstore(add(buffer, 96), mulmod(azz, zz, p))
      if iszero(staticcall(gas(), 5, buffer, BUFFER_LENGTH, 0, 32)) {
        revert(0, 0)
      }
      let w := mload(0)
      root := mulmod(w, azz, p)
      inverse := mulmod(mulmod(w, root, p), z, p)
      isSquare := and(eq(mulmod(root, root, p), a), iszero(iszero(a)))
    }
  }
}
