// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Test} from "forge-std/Test.sol";

import {BN254Field, FIELD_PRIME} from "ocr/ocr3/internal/BN254Field.sol";
import {BN254G1} from "ocr/ocr3/internal/BN254G1.sol";
import {BN254G2} from "ocr/ocr3/internal/BN254G2.sol";
import {BN254Pairing} from "ocr/ocr3/internal/BN254Pairing.sol";
import {OCR3BLSKeys} from "../helpers/OCR3BLSKeys.sol";
import {OCR3BLSModel} from "../helpers/OCR3BLSModel.sol";

/// @title Field, points and pairings of BN254
/// @notice G1 is compared with the precompiles, G2 with sums that another implementation made.
contract BLSArithmeticTest is Test {
  function test_constants() public pure {
    assertEq(FIELD_PRIME, OCR3BLSModel.P);
    assertEq(FIELD_PRIME % 4, 3);
  }

  // ---------------------------------------------------------------- field

  function testFuzz_rootsAndInverses(uint256 a, uint256 z, bool square) public view {
    a %= FIELD_PRIME;
    if (square) a = mulmod(a, a, FIELD_PRIME);
    bool isSquare = a != 0 && OCR3BLSModel.power(a, (FIELD_PRIME - 1) / 2) == 1;
    (bool found, uint256 root, uint256 inverse) = rootAndInverse(a, z);
    if (z % FIELD_PRIME == 0) {
      assertFalse(found, "inverse of zero");
      return;
    }
    assertEq(found, isSquare, "is a square");
    if (!found) return;
    assertEq(mulmod(root, root, FIELD_PRIME), a, "root");
    assertEq(mulmod(inverse, z, FIELD_PRIME), 1, "inverse");
    assertLt(root, FIELD_PRIME, "root is reduced");
    assertLt(inverse, FIELD_PRIME, "inverse is reduced");
  }

  function test_rootsAndInversesOfSpecialNumbers() public view {
    (bool found,,) = rootAndInverse(0, 1);
    assertFalse(found, "zero has a root, but then there is no inverse");
    (found,,) = rootAndInverse(4, 0);
    assertFalse(found, "zero has no inverse");
    (found,,) = rootAndInverse(4, FIELD_PRIME);
    assertFalse(found, "nor have multiples of p");
    (found,,) = rootAndInverse(FIELD_PRIME - 1, 1);
    assertFalse(found, "-1 is no square");
    uint256 root;
    uint256 inverse;
    (found, root, inverse) = rootAndInverse(1, FIELD_PRIME + 1);
    assertTrue(found);
    assertTrue(root == 1 || root == FIELD_PRIME - 1);
    assertEq(inverse, 1);
    testFuzz_rootsAndInverses(1, type(uint256).max, true);
    testFuzz_rootsAndInverses(FIELD_PRIME - 1, FIELD_PRIME - 1, true);
  }

  function rootAndInverse(uint256 a, uint256 z) private view returns (bool, uint256, uint256) {
    return BN254Field.rootAndInverse(buffer(), a, z);
  }

  // ---------------------------------------------------------------- G1

  function testFuzz_decompressesPoints(uint256 factor, bool negative) public view {
    (uint256 x, uint256 y) = OCR3BLSModel.multiply(1, 2, bound(factor, 1, OCR3BLSKeys.ORDER - 1));
    if (negative) y = FIELD_PRIME - y;
    checkDecompress(uint256(OCR3BLSModel.compress(x, y)), true);
  }

  function testFuzz_decompressesOnlyPoints(uint256 word) public view {
    (bool valid,,) = OCR3BLSModel.decompress(bytes32(word));
    checkDecompress(word, valid);
  }

  function test_decompressesOnlyReducedPoints() public view {
    for (uint256 k = 1; k < 20; ++k) {
      (uint256 x, uint256 y) = OCR3BLSModel.multiply(1, 2, k);
      uint256 word = uint256(OCR3BLSModel.compress(x, y));
      checkDecompress(word, true);
      checkDecompress(word + FIELD_PRIME, false);
      if (x + 2 * FIELD_PRIME < 1 << 255) checkDecompress(word + 2 * FIELD_PRIME, false);
    }
    checkDecompress(0, false);
    checkDecompress(1 << 255, false);
    checkDecompress(FIELD_PRIME, false);
    checkDecompress(type(uint256).max, false);
  }

  function checkDecompress(uint256 word, bool want) private view {
    uint256[2] memory point;
    uint256 output;
    assembly ("memory-safe") {
      output := point
    }
    (bool valid, uint256 inverse) = BN254G1.decompress(buffer(), word, 12_345, output);
    assertEq(valid, want, "valid");
    if (!valid) return;
    (, uint256 x, uint256 y) = OCR3BLSModel.decompress(bytes32(word));
    assertEq(point[0], x, "x");
    assertEq(point[1], y, "y");
    assertEq(mulmod(inverse, 12_345, FIELD_PRIME), 1, "inverse");
  }

  function testFuzz_hashesToPoints(bytes32 digest, uint8 counter) public view {
    (bool want, uint256 x, uint256 y) = OCR3BLSModel.hashToPoint(digest, counter);
    uint256[2] memory point;
    uint256 output;
    assembly ("memory-safe") {
      output := point
    }
    assertEq(BN254G1.hashToPoint(buffer(), digest, counter, output), want, "usable");
    if (!want) return;
    assertEq(point[0], x, "x");
    assertEq(point[1], y, "y");
  }

  // ---------------------------------------------------------------- G2

  function test_addsPoints() public view {
    uint256 sum = newSum(OCR3BLSKeys.publicKey(0));
    for (uint256 i = 1; i < OCR3BLSKeys.COUNT; ++i) {
      checkSum(sum, OCR3BLSKeys.sum(i - 1));
      BN254G2.add(sum, place(OCR3BLSKeys.publicKey(i)));
    }
    checkSum(sum, OCR3BLSKeys.sum(OCR3BLSKeys.COUNT - 1));
  }

  /// @dev The order does not matter, and a sum can be added to in one step.
  function testFuzz_addsPointsInAnyOrder(uint256 seed) public view {
    uint256 n = bound(seed, 2, OCR3BLSKeys.COUNT);
    uint256[] memory order = new uint256[](n);
    for (uint256 i = 0; i < n; ++i) {
      order[i] = i;
    }
    for (uint256 i = n - 1; i > 0; --i) {
      seed = uint256(keccak256(abi.encode(seed)));
      (order[i], order[seed % (i + 1)]) = (order[seed % (i + 1)], order[i]);
    }
    uint256 sum = newSum(OCR3BLSKeys.publicKey(order[0]));
    for (uint256 i = 1; i < n; ++i) {
      BN254G2.add(sum, place(OCR3BLSKeys.publicKey(order[i])));
    }
    checkSum(sum, OCR3BLSKeys.sum(n - 1));
    if (n + 1 >= OCR3BLSKeys.COUNT) return;
    // sum(n - 1) + publicKey(n) is publicKey(n) + sum(n - 1).
    sum = newSum(OCR3BLSKeys.publicKey(n));
    BN254G2.add(sum, place(OCR3BLSKeys.sum(n - 1)));
    checkSum(sum, OCR3BLSKeys.sum(n));
  }

  function test_recognisesSumsThatItCannotAdd() public view {
    bytes memory point = OCR3BLSKeys.publicKey(3);
    for (uint256 i = 0; i < 4; ++i) {
      // The point itself and its negative, to the point as it is and to the point with another denominator.
      uint256 sum = newSum(i < 2 ? point : OCR3BLSKeys.sum(2));
      bytes memory other = i < 2 ? point : OCR3BLSKeys.sum(3);
      if (i >= 2) BN254G2.add(sum, place(point));
      BN254G2.add(sum, place(i % 2 == 0 ? other : negated(other)));
      assertEq(BN254G2.denominator(sum), 0);
      for (uint256 k = 4; k < 10; ++k) {
        BN254G2.add(sum, place(OCR3BLSKeys.publicKey(k)));
        assertEq(BN254G2.denominator(sum), 0, "whatever is added later");
      }
    }
  }

  function checkSum(uint256 sum, bytes memory want) private view {
    uint256 denominator = BN254G2.denominator(sum);
    assertNotEq(denominator, 0, "denominator");
    bytes memory point = new bytes(128);
    // Done on a copy: the sum is still needed.
    uint256 copy = place(new bytes(256));
    for (uint256 i = 0; i < 256; i += 32) {
      assembly ("memory-safe") {
        mstore(add(copy, i), mload(add(sum, i)))
      }
    }
    BN254G2.finish(copy, OCR3BLSModel.power(denominator, FIELD_PRIME - 2), place(point));
    assertEq(point, want);
  }

  function newSum(bytes memory point) private pure returns (uint256 sum) {
    sum = place(new bytes(256));
    BN254G2.start(sum, place(point));
  }

  function negated(bytes memory point) private pure returns (bytes memory result) {
    result = bytes.concat(point);
    for (uint256 i = 96; i <= 128; i += 32) {
      assembly ("memory-safe") {
        mstore(add(result, i), sub(FIELD_PRIME, mload(add(result, i))))
      }
    }
  }

  // ---------------------------------------------------------------- pairing

  /// @dev e(k * G1, -G2) * e(G1, k * G2) = 1, also as a product with more pairs.
  function testFuzz_pairs(uint256 i, uint256 j, uint256 wrong) public view {
    (i, j) = (bound(i, 0, OCR3BLSKeys.COUNT - 1), bound(j, 0, OCR3BLSKeys.COUNT - 1));
    (uint256 x, uint256 y) = OCR3BLSModel.multiply(1, 2, OCR3BLSKeys.secretKey(i));
    bytes memory pair = bytes.concat(abi.encode(x, y), new bytes(128));
    BN254Pairing.setNegatedGenerator(place(pair));
    bytes memory two = bytes.concat(pair, abi.encode(1, 2), OCR3BLSKeys.publicKey(i));
    assertTrue(BN254Pairing.isOne(place(two)));
    assertTrue(BN254Pairing.areGoodAndOne(place(two), 2));
    (uint256 x2, uint256 y2) = OCR3BLSModel.multiply(1, 2, OCR3BLSKeys.secretKey(j));
    (x, y) = OCR3BLSModel.add(x, y, x2, y2);
    wrong = wrong % 3;
    if (wrong == 1) y = FIELD_PRIME - y;
    if (wrong == 2) (x, y) = (x2, y2);
    bytes memory three = bytes.concat(
      abi.encode(x, y),
      OCR3BLSModel.slice(pair, 64, 128),
      OCR3BLSModel.slice(two, 192, 192),
      abi.encode(1, 2),
      OCR3BLSKeys.publicKey(j)
    );
    assertEq(BN254Pairing.areGoodAndOne(place(three), 3), wrong == 0);
  }

  /// @dev Points that are not good cost a bounded amount of gas.
  function test_boundsWhatBadPointsCost() public view {
    bytes memory two = bytes.concat(abi.encode(1, 2), new bytes(128), abi.encode(1, 2), OCR3BLSKeys.OUTSIDE);
    BN254Pairing.setNegatedGenerator(place(two));
    uint256 pairs = place(two);
    uint256 used = gasleft();
    bool one = BN254Pairing.areGoodAndOne(pairs, 2);
    used -= gasleft();
    assertFalse(one);
    assertLt(used, 2 * 113_000 + 1_000);
  }

  // ---------------------------------------------------------------- memory

  /// @dev Address of the bytes in memory.
  function place(bytes memory data) private pure returns (uint256 pointer) {
    assembly ("memory-safe") {
      pointer := add(data, 32)
    }
  }

  function buffer() private pure returns (uint256 pointer) {
    pointer = place(new bytes(BN254Field.BUFFER_LENGTH));
    BN254Field.prepare(pointer);
  }
}
