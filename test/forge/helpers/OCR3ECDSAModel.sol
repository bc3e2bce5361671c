// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import "ocr/ocr3/OCR3AttestationErrors.sol";

/// @title What the ECDSA verifier should do, in the plainest words
/// @notice Takes its time and knows no shortcut. Outcomes are revert data; none means success.
library OCR3ECDSAModel {
  function setKeys(uint256 n, bytes memory list) internal pure returns (bytes memory) {
    if (list.length % 20 != 0) return abi.encodePacked(KeysOfInvalidSize.selector);
    if (list.length / 20 != n) return abi.encodePacked(InvalidNumberOfKeys.selector);
    if (n > 32) return abi.encodePacked(MaximumNumberOfKeysExceeded.selector);
    address[] memory keys = unpack(list);
    for (uint256 i = 0; i < n; ++i) {
      if (keys[i] == address(0)) return abi.encodePacked(InvalidKey.selector);
      for (uint256 j = 0; j < i; ++j) {
        if (keys[i] == keys[j]) return abi.encodePacked(InvalidKey.selector);
      }
    }
    return "";
  }

  /// @param following what is behind the attestation in the calldata that the verifier sees
  function verify(
    address[] memory keys,
    uint256 n,
    uint256 f,
    bytes32 hash,
    bytes memory attestation,
    bytes memory following
  ) internal pure returns (bytes memory) {
    if (f == 255) return abi.encodeWithSignature("Panic(uint256)", 0x11);
    if (attestation.length != 4 + 64 * (f + 1)) return abi.encodePacked(InvalidAttestationLength.selector);
    uint256 mask = uint32(bytes4(attestation));
    if (mask >= 2 ** n) return abi.encodePacked(InvalidAttestationAttributionBitmask.selector);
    bytes memory data = bytes.concat(attestation, following);
    uint256 bits;
    uint256 matches;
    for (uint256 i = 0; i < n; ++i) {
      if ((mask / 2 ** i) % 2 == 0) continue;
      bytes32 r = wordAt(data, 4 + 64 * bits);
      bytes32 s = wordAt(data, 4 + 64 * bits + 32);
      ++bits;
      address signer = ecrecover(hash, 27, r, s);
      if (signer != address(0) && i < keys.length && signer == keys[i]) ++matches;
    }
    if (matches != f + 1) return abi.encodePacked(InvalidAttestationNumberOfSignatures.selector);
    if (bits != f + 1) return abi.encodePacked(InvalidAttestationAttributionBitmask.selector);
    return "";
  }

  function unpack(bytes memory list) internal pure returns (address[] memory keys) {
    keys = new address[](list.length / 20);
    for (uint256 i = 0; i < keys.length; ++i) {
      bytes20 key;
      for (uint256 j = 0; j < 20; ++j) {
        key |= bytes20(list[20 * i + j]) >> (8 * j);
      }
      keys[i] = address(key);
    }
  }

  /// @dev The word at an offset; there are zeros behind the end.
  function wordAt(bytes memory data, uint256 offset) internal pure returns (bytes32 word) {
    for (uint256 i = 0; i < 32 && offset + i < data.length; ++i) {
      word |= bytes32(data[offset + i]) >> (8 * i);
    }
  }
}
