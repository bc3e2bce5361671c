// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OCR3BLSAttestationVerifierLib} from "./OCR3BLSAttestationVerifierLib.sol";

/// @title The scheme of OCR3BLSAttestationVerifier as a library to call
/// @notice For OCR3DynamicallyDispatchedAttestationVerifier, or any other contract that follows
/// OCR3DynamicallyDispatchedAttestationVerifierSelectorInterface. The library is called by delegatecall and keeps the keys in
/// the storage of the caller.
library OCR3DynamicallyDispatchedBLSAttestationVerifierLib {
  /// @notice Replaces the keys of the oracles.
  /// @param area storage of the caller that belongs to this library, the first word of it
  /// @param n number of oracles
  /// @param keys public key and proof of possession of each oracle, by index, 161 bytes each
  function setVerificationKeys(
    OCR3BLSAttestationVerifierLib.G2PointAffine[32] storage area,
    uint8 n,
    bytes calldata keys
  ) external {
    OCR3BLSAttestationVerifierLib.setVerificationKeys(_keys(area), n, keys);
  }

  /// @notice Reverts unless f + 1 of the oracles signed.
  /// @param area the same as in setVerificationKeys
  /// @param n number of oracles, the same as in the latest call of setVerificationKeys
  /// @param f number of faulty oracles that the protocol survives
  /// @param reportHash what the oracles sign, see OCR3Attestations.reportHash
  /// @param attestation who signed, and the sum of the signatures
  function verifyAttestation(
    OCR3BLSAttestationVerifierLib.G2PointAffine[32] storage area,
    uint8 n,
    uint8 f,
    bytes32 reportHash,
    bytes calldata attestation
  ) external view {
    OCR3BLSAttestationVerifierLib.verifyAttestation(_keys(area), n, f, reportHash, attestation);
  }

  /// @notice See OCR3DynamicallyDispatchedAttestationVerifierSelectorInterface.
  function getSelectors() external pure returns (bytes4 setVerificationKeysSelector, bytes4 verifyAttestationSelector) {
    return (
      OCR3DynamicallyDispatchedBLSAttestationVerifierLib.setVerificationKeys.selector,
      OCR3DynamicallyDispatchedBLSAttestationVerifierLib.verifyAttestation.selector
    );
  }

  /// @dev The parameter is an array of 32 points because that is what its type contributes to the selectors that applications
  /// know. This library lays out the words in its own way.
  function _keys(OCR3BLSAttestationVerifierLib.G2PointAffine[32] storage area)
    private
    pure
    returns (OCR3BLSAttestationVerifierLib.Keys storage keys)
  {
    assembly ("memory-safe") {
      keys.slot := area.slot
    }
  }
}
