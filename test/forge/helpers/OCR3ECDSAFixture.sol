// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OCR3Fixture, Transmission} from "./OCR3Fixture.sol";

/// @title Oracles that sign with secp256k1 keys
abstract contract OCR3ECDSAFixture is OCR3Fixture {
  /// @dev Order of the group of secp256k1.
  uint256 internal constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

  // The oracles of the current configuration.
  uint256[] internal secretKeys;
  address[] internal keys;

  /// @dev Makes n oracles the ones to configure next. Oracles of different generations have different keys.
  function makeOracles(uint256 n, uint8 f, string memory generation) internal {
    delete secretKeys;
    delete keys;
    for (uint256 i = 0; i < n; ++i) {
      (address key, uint256 secretKey) = makeAddrAndKey(string.concat(generation, " ", vm.toString(i)));
      secretKeys.push(secretKey);
      keys.push(key);
    }
    faulty = f;
    configDigest = digestOf(n, f);
  }

  function configure() internal {
    succeed(setConfigData(uint8(keys.length), faulty, packed(keys)));
  }

  function start(uint256 n, uint8 f) internal {
    makeOracles(n, f, "first");
    configure();
  }

  function packed(address[] memory list) internal pure returns (bytes memory data) {
    for (uint256 i = 0; i < list.length; ++i) {
      data = bytes.concat(data, bytes20(list[i]));
    }
  }

  /// @dev A signature in the form that attestations have: r and s of the variant with recovery id 0.
  function signatureBy(uint256 oracle, bytes32 hash) internal view returns (bytes memory) {
    (uint8 v, bytes32 r, bytes32 s) = vm.sign(secretKeys[oracle], hash);
    if (v == 28) s = bytes32(ORDER - uint256(s));
    return bytes.concat(r, s);
  }

  /// @dev Signatures of the oracles in the mask, in the order in which an attestation has them.
  function signatures(uint256 mask, bytes32 hash) internal view returns (bytes memory data) {
    for (uint256 i = 0; i < keys.length; ++i) {
      if ((mask >> i) & 1 != 0) data = bytes.concat(data, signatureBy(i, hash));
    }
  }

  function attestationOf(uint256 mask, bytes32 hash) internal view returns (bytes memory) {
    return bytes.concat(bytes4(uint32(mask)), signatures(mask, hash));
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

  /// @dev The mask of the f + 1 oracles with the lowest indices.
  function lowest(uint8 f) internal pure returns (uint256) {
    return (uint256(2) << f) - 1;
  }

  /// @dev The mask of the f + 1 oracles with the highest indices.
  function highest(uint256 n, uint8 f) internal pure returns (uint256) {
    return lowest(f) << (n - f - 1);
  }
}
