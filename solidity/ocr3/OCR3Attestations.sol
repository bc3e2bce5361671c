// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {InvalidNumberOfKeys, KeysOfInvalidSize, MaximumNumberOfKeysExceeded} from "./OCR3AttestationErrors.sol";

/// @title What attestations of all signature schemes have in common
library OCR3Attestations {
  /// @dev Most oracles of one configuration: an attestation names its signers in a bitmask of 32 bits.
  /// @custom:ocr-constant MaxNumOracles
  uint256 internal constant MAX_NUM_ORACLES = 32;

  /// @dev What oracles sign. The report enters as its hash, so that the preimage has a fixed length.
  /// @param configDigest configuration that the report was made under
  /// @param seqNr sequence number of the report's round
  /// @param hashOfReport keccak256 of the bytes of the report
  /// @custom:ocr-hash ReportHash
  function reportHash(bytes32 configDigest, uint64 seqNr, bytes32 hashOfReport) internal pure returns (bytes32) {
    return keccak256(abi.encode(configDigest, seqNr, hashOfReport));
  }

  /// @dev Reverts unless a key list of `listLength` bytes holds exactly n keys of `keyLength` bytes each, and n oracles are
  /// not too many. Clients rely on the order of these checks.
  function requireNumberOfKeys(uint256 listLength, uint256 keyLength, uint8 n) internal pure {
    unchecked {
      if (listLength != n * keyLength) {
        if (listLength % keyLength != 0) revert KeysOfInvalidSize();
        revert InvalidNumberOfKeys();
      }
    }
    if (n > MAX_NUM_ORACLES) revert MaximumNumberOfKeysExceeded();
  }

  /// @dev Number of oracles that must have signed: one more than may be faulty, so that an honest one is among them. In eight
  /// bits, with overflow check: clients know Panic(0x11) as the answer to f = 255.
  function requiredSignatures(uint8 f) internal pure returns (uint256) {
    return f + 1;
  }

  /// @dev Whether the mask has a bit that belongs to none of n oracles.
  function namesStrangers(uint256 mask, uint8 n) internal pure returns (bool) {
    return mask >> n != 0;
  }
}
