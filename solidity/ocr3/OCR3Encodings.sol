// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {InvalidAttestationLength, KeysOfInvalidSize} from "./OCR3AttestationErrors.sol";

/// @notice A secp256k1 signature in the form that has recovery id 0; s may be in the upper half.
struct ECDSASignature {
  bytes32 r;
  bytes32 s;
}

/// @notice An attestation by f + 1 oracles that sign with secp256k1.
/// @param signers bit i, of value 2**i, is oracle i
/// @param signatures signature of each oracle that signers names, in ascending order of their indices
/// @custom:ocr-packed ECDSAAttestation
struct ECDSAAttestation {
  uint32 signers;
  ECDSASignature[] signatures;
}

/// @notice The keys of oracles that sign with secp256k1.
/// @param keys address that the signatures of each oracle recover to, by index
/// @custom:ocr-packed ECDSAKeys
struct ECDSAKeys {
  address[] keys;
}

/// @notice An attestation by f + 1 oracles that sign with BLS.
/// @param signers bit i, of value 2**i, is oracle i
/// @param signature sum of the signatures of these oracles, a compressed point of G1
/// @param counter what the report hash was hashed to a point with
/// @custom:ocr-packed BLSAttestation
struct BLSAttestation {
  uint32 signers;
  bytes32 signature;
  uint8 counter;
}

/// @notice The key of an oracle that signs with BLS: a point of G2, and a signature by the key over itself.
/// @param proof proof of possession, a compressed point of G1
/// @param counter what the key was hashed to a point with
/// @custom:ocr-packed BLSKey
struct BLSKey {
  bytes32 xImaginary;
  bytes32 xReal;
  bytes32 yImaginary;
  bytes32 yReal;
  bytes32 proof;
  uint8 counter;
}

/// @notice The keys of oracles that sign with BLS.
/// @param keys key of each oracle, by index
/// @custom:ocr-packed BLSKeys
struct BLSKeys {
  BLSKey[] keys;
}

/// @title The codecs of attestations and key lists, straightforward
/// @notice This is what the encodings mean: fields one behind the other, without padding. The verifiers read them where they
/// are and check more than their form.
library OCR3Encodings {
  uint256 private constant ECDSA_ATTESTATION_HEAD_LENGTH = 4;
  uint256 private constant ECDSA_SIGNATURE_LENGTH = 64;
  uint256 private constant ECDSA_KEY_LENGTH = 20;
  uint256 private constant BLS_ATTESTATION_LENGTH = 37;
  uint256 private constant BLS_KEY_LENGTH = 161;

  function encode(ECDSAAttestation memory a) internal pure returns (bytes memory data) {
    data = abi.encodePacked(a.signers);
    for (uint256 i = 0; i < a.signatures.length; ++i) {
      data = bytes.concat(data, a.signatures[i].r, a.signatures[i].s);
    }
  }

  function decodeECDSAAttestation(bytes memory data) internal pure returns (ECDSAAttestation memory a) {
    if (data.length % ECDSA_SIGNATURE_LENGTH != ECDSA_ATTESTATION_HEAD_LENGTH) revert InvalidAttestationLength();
    a.signers = uint32(bytes4(_wordAt(data, 0)));
    a.signatures = new ECDSASignature[](data.length / ECDSA_SIGNATURE_LENGTH);
    for (uint256 i = 0; i < a.signatures.length; ++i) {
      uint256 offset = ECDSA_ATTESTATION_HEAD_LENGTH + ECDSA_SIGNATURE_LENGTH * i;
      a.signatures[i] = ECDSASignature(_wordAt(data, offset), _wordAt(data, offset + 32));
    }
  }

  function encode(ECDSAKeys memory k) internal pure returns (bytes memory data) {
    for (uint256 i = 0; i < k.keys.length; ++i) {
      data = abi.encodePacked(data, k.keys[i]);
    }
  }

  function decodeECDSAKeys(bytes memory data) internal pure returns (ECDSAKeys memory k) {
    if (data.length % ECDSA_KEY_LENGTH != 0) revert KeysOfInvalidSize();
    k.keys = new address[](data.length / ECDSA_KEY_LENGTH);
    for (uint256 i = 0; i < k.keys.length; ++i) {
      k.keys[i] = address(bytes20(_wordAt(data, ECDSA_KEY_LENGTH * i)));
    }
  }

  function encode(BLSAttestation memory a) internal pure returns (bytes memory) {
    return abi.encodePacked(a.signers, a.signature, a.counter);
  }

  function decodeBLSAttestation(bytes memory data) internal pure returns (BLSAttestation memory) {
    if (data.length != BLS_ATTESTATION_LENGTH) revert InvalidAttestationLength();
    return BLSAttestation(uint32(bytes4(_wordAt(data, 0))), _wordAt(data, 4), uint8(data[36]));
  }

  function encode(BLSKey memory k) internal pure returns (bytes memory) {
    return abi.encodePacked(k.xImaginary, k.xReal, k.yImaginary, k.yReal, k.proof, k.counter);
  }

  function decodeBLSKey(bytes memory data) internal pure returns (BLSKey memory) {
    if (data.length != BLS_KEY_LENGTH) revert KeysOfInvalidSize();
    return _blsKeyAt(data, 0);
  }

  function encode(BLSKeys memory k) internal pure returns (bytes memory data) {
    for (uint256 i = 0; i < k.keys.length; ++i) {
      data = bytes.concat(data, encode(k.keys[i]));
    }
  }

  function decodeBLSKeys(bytes memory data) internal pure returns (BLSKeys memory k) {
    if (data.length % BLS_KEY_LENGTH != 0) revert KeysOfInvalidSize();
    k.keys = new BLSKey[](data.length / BLS_KEY_LENGTH);
    for (uint256 i = 0; i < k.keys.length; ++i) {
      k.keys[i] = _blsKeyAt(data, BLS_KEY_LENGTH * i);
    }
  }

  function _blsKeyAt(bytes memory data, uint256 offset) private pure returns (BLSKey memory) {
    return BLSKey(
      _wordAt(data, offset),
      _wordAt(data, offset + 32),
      _wordAt(data, offset + 64),
      _wordAt(data, offset + 96),
      _wordAt(data, offset + 128),
      uint8(data[offset + 160])
    );
  }

  /// @dev The word at an offset. What of it is behind the end of the data may be anything.
  function _wordAt(bytes memory data, uint256 offset) private pure returns (bytes32 word) {
    assembly ("memory-safe") {
      word := mload(add(add(data, 32), offset))
    }
  }
}
