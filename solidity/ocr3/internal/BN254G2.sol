// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {FIELD_PRIME} from "./BN254Field.sol";

/// @title Sums of points of the group G2 of BN254, where public keys are
/// @notice Coordinates are numbers a + b*i with i**2 = -1. In memory, a point is four words in the order of the pairing
/// precompile: imaginary and real part of x, imaginary and real part of y.
///
/// @dev A sum is kept as (X, Y, ZZ, ZZZ) with x = X / ZZ, y = Y / ZZZ and ZZ**3 = ZZZ**2, so that points are added without
/// divisions. In memory, it is eight words: real and imaginary part of each. X and Y are reduced, ZZ and ZZZ are below 2p.
///
/// The sum of equal or opposite points is not computed, but recognised: it has ZZZ = 0, whatever is added to it later.
library BN254G2 {
  /// @dev Bytes of memory of a point and of a sum.
  uint256 internal constant POINT_LENGTH = 128;
  uint256 internal constant SUM_LENGTH = 256;

  /// @dev Makes a sum of one point.
  function start(uint256 sum, uint256 point) internal pure {
    assembly ("memory-safe") {
      mstore(sum, mload(add(point, 32)))
      mstore(add(sum, 32), mload(point))
      mstore(add(sum, 64), mload(add(point, 96)))
      mstore(add(sum, 96), mload(add(point, 64)))
      mstore(add(sum, 128), 1)
      mstore(add(sum, 160), 0)
      mstore(add(sum, 192), 1)
      mstore(add(sum, 224), 0)
    }
  }

  /// @dev Adds a point to a sum, by the formulas madd-2008-s of the Explicit-Formulas Database for these coordinates:
  ///
  ///   P = x * ZZ - X       PP = P**2       ZZ'  = ZZ * PP
  ///   R = y * ZZZ - Y      PPP = P * PP    ZZZ' = ZZZ * PPP
  ///   Q = X * PP           X' = R**2 - PPP - 2 * Q
  ///                        Y' = R * (Q - X') - Y * PPP
  ///
  /// Gas: 36 MULMODs. The product of two complex numbers is done with four of them, a square with two. Negative terms are
  /// written as p minus the term, and sums stay below 5p. A number is reduced only when it is to be subtracted, or to be added
  /// more often than that allows.
  function add(uint256 sum, uint256 point) internal pure {
    assembly ("memory-safe") {
      let p := FIELD_PRIME
      let p0
      let p1
      let r0
      let r1
      {
        let x0 := mload(add(point, 32))
        let x1 := mload(point)
        let z0 := mload(add(sum, 128))
        let z1 := mload(add(sum, 160))
        p0 := addmod(mulmod(x0, z0, p), sub(sub(add(p, p), mulmod(x1, z1, p)), mload(sum)), p)
        p1 := addmod(add(mulmod(x0, z1, p), mulmod(x1, z0, p)), sub(p, mload(add(sum, 32))), p)
      }
      {
        let y0 := mload(add(point, 96))
        let y1 := mload(add(point, 64))
        let z0 := mload(add(sum, 192))
        let z1 := mload(add(sum, 224))
        r0 := addmod(mulmod(y0, z0, p), sub(sub(add(p, p), mulmod(y1, z1, p)), mload(add(sum, 64))), p)
        r1 := addmod(add(mulmod(y0, z1, p), mulmod(y1, z0, p)), sub(p, mload(add(sum, 96))), p)
      }
      // PP
      let q0 := mulmod(add(p0, p1), add(p0, sub(p, p1)), p)
      let q1 := mulmod(add(p0, p0), p1, p)
      // PPP
      {
        let t := addmod(mulmod(p0, q0, p), sub(p, mulmod(p1, q1, p)), p)
        p1 := addmod(mulmod(p0, q1, p), mulmod(p1, q0, p), p)
        p0 := t
      }
      // ZZ' and ZZZ'
      {
        let z0 := mload(add(sum, 128))
        let z1 := mload(add(sum, 160))
        mstore(add(sum, 128), add(mulmod(z0, q0, p), sub(p, mulmod(z1, q1, p))))
        mstore(add(sum, 160), add(mulmod(z0, q1, p), mulmod(z1, q0, p)))
        z0 := mload(add(sum, 192))
        z1 := mload(add(sum, 224))
        mstore(add(sum, 192), add(mulmod(z0, p0, p), sub(p, mulmod(z1, p1, p))))
        mstore(add(sum, 224), add(mulmod(z0, p1, p), mulmod(z1, p0, p)))
      }
      // Q
      {
        let x0 := mload(sum)
        let x1 := mload(add(sum, 32))
        let t := addmod(mulmod(x0, q0, p), sub(p, mulmod(x1, q1, p)), p)
        q1 := addmod(mulmod(x0, q1, p), mulmod(x1, q0, p), p)
        q0 := t
      }
      // X', and Q becomes Q - X'
      {
        let x := addmod(mulmod(add(r0, r1), add(r0, sub(p, r1)), p), sub(sub(add(p, add(p, p)), p0), add(q0, q0)), p)
        mstore(sum, x)
        q0 := add(q0, sub(p, x))
        x := addmod(mulmod(add(r0, r0), r1, p), sub(sub(add(p, add(p, p)), p1), add(q1, q1)), p)
        mstore(add(sum, 32), x)
        q1 := add(q1, sub(p, x))
      }
      // Y'
      {
        let y0 := mload(add(sum, 64))
        let y1 := mload(add(sum, 96))
        mstore(
          add(sum, 64),
          addmod(
            add(mulmod(r0, q0, p), mulmod(y1, p1, p)),
            sub(sub(add(p, p), mulmod(r1, q1, p)), mulmod(y0, p0, p)),
            p
          )
        )
        mstore(
          add(sum, 96),
          addmod(
            add(mulmod(r0, q1, p), mulmod(r1, q0, p)),
            sub(sub(add(p, p), mulmod(y0, p1, p)), mulmod(y1, p0, p)),
            p
          )
        )
      }
    }
  }

  /// @dev A number whose inverse finish() needs, zero if and only if the sum is of equal or opposite points: the norm of ZZZ.
  function denominator(uint256 sum) internal pure returns (uint256 norm) {
    assembly ("memory-safe") {
      let z0 := mload(add(sum, 192))
      let z1 := mload(add(sum, 224))
      norm := addmod(mulmod(z0, z0, FIELD_PRIME), mulmod(z1, z1, FIELD_PRIME), FIELD_PRIME)
    }
  }

  /// @dev Writes the point that is the sum.
  /// @param inverse of denominator(sum)
  function finish(uint256 sum, uint256 inverse, uint256 point) internal pure {
    assembly ("memory-safe") {
      let p := FIELD_PRIME
      // i = 1 / ZZZ: the conjugate over the norm.
      let i0 := mulmod(mload(add(sum, 192)), inverse, p)
      let i1 := sub(p, mulmod(mload(add(sum, 224)), inverse, p))
      {
        let y0 := mload(add(sum, 64))
        let y1 := mload(add(sum, 96))
        mstore(add(point, 96), addmod(mulmod(y0, i0, p), sub(p, mulmod(y1, i1, p)), p))
        mstore(add(point, 64), addmod(mulmod(y0, i1, p), mulmod(y1, i0, p), p))
      }
      // 1 / ZZ = (ZZ / ZZZ)**2
      {
        let z0 := mload(add(sum, 128))
        let z1 := mload(add(sum, 160))
        let t0 := addmod(mulmod(z0, i0, p), sub(p, mulmod(z1, i1, p)), p)
        let t1 := addmod(mulmod(z0, i1, p), mulmod(z1, i0, p), p)
        i0 := mulmod(add(t0, t1), add(t0, sub(p, t1)), p)
        i1 := mulmod(add(t0, t0), t1, p)
      }
      let x0 := mload(sum)
      let x1 := mload(add(sum, 32))
      mstore(add(point, 32), addmod(mulmod(x0, i0, p), sub(p, mulmod(x1, i1, p)), p))
      mstore(point, addmod(mulmod(x0, i1, p), mulmod(x1, i0, p), p))
    }
  }
}
