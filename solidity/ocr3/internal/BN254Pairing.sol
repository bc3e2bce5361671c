// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title The pairing check of BN254
/// @notice The precompile takes pairs of a point of G1 (x, y) and a point of G2 (see BN254G2), and says whether the product of
/// their pairings is one. It fails, and takes all gas that it was given, if a point is not on its curve or not in the
/// subgroup of prime order, or if a coordinate is not below the field prime.
library BN254Pairing {
  /// @dev Bytes of memory of a pair, of which a point of G1 takes the first.
  uint256 internal constant PAIR_LENGTH = 192;
  uint256 internal constant G1_LENGTH = 64;

  /// @dev What the precompile charges, since EIP-1108.
  uint256 private constant BASE_GAS = 45_000;
  uint256 private constant PAIR_GAS = 34_000;

  /// @dev The generator of G2, negated.
  uint256 private constant NEGATED_X_IMAGINARY = 0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2;
  uint256 private constant NEGATED_X_REAL = 0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed;
  uint256 private constant NEGATED_Y_IMAGINARY = 0x275dc4a288d1afb3cbb1ac09187524c7db36395df7be3b99e673b13a075a65ec;
  uint256 private constant NEGATED_Y_REAL = 0x1d9befcd05a5323e6da4d435f3b617cdb3af83285c2df711ef39c01571827f9d;

  /// @dev Makes the generator of G2, negated, the second point of a pair.
  function setNegatedGenerator(uint256 pair) internal pure {
    assembly ("memory-safe") {
      mstore(add(pair, 64), NEGATED_X_IMAGINARY)
      mstore(add(pair, 96), NEGATED_X_REAL)
      mstore(add(pair, 128), NEGATED_Y_IMAGINARY)
      mstore(add(pair, 160), NEGATED_Y_REAL)
    }
  }

  /// @dev Whether the product of two pairs of points that are known to be good is one.
  function isOne(uint256 pairs) internal view returns (bool one) {
    assembly ("memory-safe") {
      // All that can be wrong is that there is too little gas.
      if iszero(staticcall(gas(), 8, pairs, mul(2, PAIR_LENGTH), 0, 32)) {
        revert(0, 0)
      }
      one := mload(0)
    }
  }

  /// @dev Whether all points of G2 are good, and the product is one.
  ///
  /// A point that is not good costs what the precompile was given. That is bounded here by twice what the check should cost:
  /// enough for a chain that charges more than Ethereum, and not all that the caller has.
  function areGoodAndOne(uint256 pairs, uint256 count) internal view returns (bool goodAndOne) {
    unchecked {
      uint256 bound = 2 * (BASE_GAS + PAIR_GAS * count);
      assembly ("memory-safe") {
        let available := gas()
        mstore(0, 0)
        if iszero(staticcall(bound, 8, pairs, mul(count, PAIR_LENGTH), 0, 32)) {
          // A caller has to keep one part in 64. If that is why the call got less than the bound, it may have been too
          // little, and nothing is known about the points.
          if lt(sub(available, div(available, 64)), add(bound, CALL_GAS)) {
            revert(0, 0)
          }
        }
        goodAndOne := mload(0)
      }
    }
  }

  /// @dev At least what is spent between the look at the gas and the call.
  uint256 private constant CALL_GAS = 1_000;
}
