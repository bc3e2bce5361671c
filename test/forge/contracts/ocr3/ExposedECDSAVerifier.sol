// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OCR3ECDSAAttestationVerifier} from "ocr/ocr3/OCR3ECDSAAttestationVerifier.sol";

/// @title The two functions of the verifier, to call with any numbers
contract ExposedECDSAVerifier is OCR3ECDSAAttestationVerifier {
  uint88 public neighbour = type(uint88).max;

  /// @dev Memory is not clean when an application has worked with it.
  modifier withDirtyMemory() {
    assembly ("memory-safe") {
      let free := mload(0x40)
      mstore(0, not(0))
      for {
        let i := 0
      } lt(i, 0x1000) {
        i := add(i, 32)
      } {
        mstore(add(free, i), not(0))
      }
    }
    _;
  }

  function setKeys(uint8 n, bytes calldata keys) external withDirtyMemory {
    _setVerificationKeys(n, keys);
  }

  function verify(uint8 n, uint8 f, bytes32 reportHash, bytes calldata attestation) external view withDirtyMemory {
    _verifyAttestationOfHash(n, f, reportHash, attestation);
  }

  /// @notice The same when the scratch space of memory holds an address: the key of a mapping stays there after a look-up.
  function verifyAfter(address lookedUp, uint8 n, uint8 f, bytes32 reportHash, bytes calldata attestation)
    external
    view
  {
    assembly ("memory-safe") {
      mstore(0, shr(96, shl(96, lookedUp)))
    }
    _verifyAttestationOfHash(n, f, reportHash, attestation);
  }

  /// @notice The same with a report, as applications call it.
  function verifyReport(
    bytes32 configDigest,
    uint64 seqNr,
    uint8 n,
    uint8 f,
    bytes calldata report,
    bytes calldata attestation
  ) external {
    _verifyAttestation(configDigest, seqNr, n, f, report, attestation);
  }
}
