// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OCR3BLSKeys} from "./OCR3BLSKeys.sol";
import {OCR3BLSModel} from "./OCR3BLSModel.sol";
import {OCR3Fixture, Transmission} from "./OCR3Fixture.sol";

/// @title Oracles that sign with BLS keys
abstract contract OCR3BLSFixture is OCR3Fixture {
  uint256 internal constant KEY = 161;

  // The oracles of the current configuration.
  uint256[] internal secretKeys;
  bytes[] internal keys;

  /// @dev Makes n oracles the ones to configure next: those with the keys first, first + 1, ... of OCR3BLSKeys.
  function makeOracles(uint256 n, uint8 f, uint256 first) internal {
    delete secretKeys;
    delete keys;
    for (uint256 i = 0; i < n; ++i) {
      uint256 k = (first + i) % OCR3BLSKeys.COUNT;
      secretKeys.push(OCR3BLSKeys.secretKey(k));
      keys.push(keyEntry(OCR3BLSKeys.publicKey(k), OCR3BLSKeys.secretKey(k)));
    }
    faulty = f;
    configDigest = digestOf(n, f);
  }

  function configure() internal {
    succeed(setConfigData(uint8(keys.length), faulty, packed(keys)));
  }

  function start(uint256 n, uint8 f) internal {
    makeOracles(n, f, 0);
    configure();
  }

  /// @dev A public key and a proof of possession, with the first usable counter.
  function keyEntry(bytes memory publicKey, uint256 secretKey) internal view returns (bytes memory) {
    return bytes.concat(publicKey, OCR3BLSModel.sign(secretKey, OCR3BLSModel.possessionDigest(publicKey)));
  }

  function packed(bytes[] memory list) internal pure returns (bytes memory data) {
    for (uint256 i = 0; i < list.length; ++i) {
      data = bytes.concat(data, list[i]);
    }
  }

  function sumOfSecretKeys(uint256 mask) internal view returns (uint256 sum) {
    for (uint256 i = 0; i < secretKeys.length; ++i) {
      if ((mask >> i) & 1 != 0) sum = addmod(sum, secretKeys[i], OCR3BLSKeys.ORDER);
    }
  }

  function attestationOf(uint256 mask, bytes32 hash) internal view returns (bytes memory) {
    return attestationOf(mask, mask, hash);
  }

  /// @dev An attestation that names the oracles in `mask` and is signed by those in `signers`.
  function attestationOf(uint256 mask, uint256 signers, bytes32 hash) internal view returns (bytes memory) {
    uint256 sum = sumOfSecretKeys(signers);
    return bytes.concat(bytes4(uint32(mask)), OCR3BLSModel.sign(sum == 0 ? 1 : sum, hash));
  }

  /// @dev A report and an attestation to it by the oracles in the mask.
  function transmissionOf(uint256 mask) internal view returns (Transmission memory t) {
    t.configDigest = configDigest;
    t.seqNr = 1_234_567;
    t.report = new bytes(128);
    for (uint256 i = 0; i < 128; ++i) {
      t.report[i] = bytes1(uint8(i + 1));
    }
    t.attestation = attestationOf(mask, hashOf(t));
  }

  function hashOf(Transmission memory t) internal pure returns (bytes32) {
    return hashOf(t.configDigest, t.seqNr, t.report);
  }

  /// @dev What the model says about a transmission to the oracles configured.
  function attestedBy(Transmission memory t) internal view returns (bytes memory) {
    return OCR3BLSModel.verify(secretKeys, keys.length, faulty, hashOf(t), t.attestation);
  }

  /// @dev `size` of n oracles.
  function anyMask(uint256 n, uint256 size, uint256 seed) internal pure returns (uint256 mask) {
    for (uint256 left = size; left > 0;) {
      seed = uint256(keccak256(abi.encode(seed)));
      uint256 bit = 1 << (seed % n);
      if (mask & bit != 0) continue;
      mask |= bit;
      --left;
    }
  }

  /// @dev The mask of the f + 1 oracles with the lowest indices.
  function lowest(uint8 f) internal pure returns (uint256) {
    return (uint256(2) << f) - 1;
  }

  /// @dev The mask of the f + 1 oracles with the highest indices.
  function highest(uint256 n, uint8 f) internal pure returns (uint256) {
    return lowest(f) << (n - f - 1);
  }
}
