// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OCR3ECDSAAttestationVerifierLib} from "./OCR3ECDSAAttestationVerifierLib.sol";

/// @title The scheme of OCR3ECDSAAttestationVerifier as a library to call
/// @notice For OCR3DynamicallyDispatchedAttestationVerifier, or any other contract that follows
/// OCR3DynamicallyDispatchedAttestationVerifierSelectorInterface. The library is called by delegatecall and keeps the keys in
/// the storage of the caller.
library OCR3DynamicallyDispatchedECDSAAttestationVerifierLib {
  /// @notice Replaces the keys of the oracles.
  /// @param area storage of the caller that belongs to this library, the first three words of it
  /// @param n number of oracles
  /// @param keys address of each oracle, by index, 20 bytes each
  function setVerificationKeys(uint256[32] storage area, uint8 n, bytes calldata keys) external {
    OCR3ECDSAAttestationVerifierLib.setVerificationKeys(_keys(area), n, keys);
  }

  /// @notice Reverts unless f + 1 of the oracles signed.
  /// @param area the same as in setVerificationKeys
  /// @param n number of oracles, the same as in the latest call of setVerificationKeys
  /// @param f number of faulty oracles that the protocol survives
  /// @param reportHash what the oracles sign, see OCR3Attestations.reportHash
  /// @param attestation who signed, and the signatures
  function verifyAttestation(uint256[32] storage area, uint8 n, uint8 f, bytes32 reportHash, bytes calldata attestation)
    external
    view
  {
    OCR3ECDSAAttestationVerifierLib.verifyAttestation(_keys(area), n, f, reportHash, attestation);
  }

  /// @notice See OCR3DynamicallyDispatchedAttestationVerifierSelectorInterface.
  function getSelectors() external pure returns (bytes4 setVerificationKeysSelector, bytes4 verifyAttestationSelector) {
    return (
      OCR3DynamicallyDispatchedECDSAAttestationVerifierLib.setVerificationKeys.selector,
      OCR3DynamicallyDispatchedECDSAAttestationVerifierLib.verifyAttestation.selector
    );
  }

  /// @dev The parameter is an array of 32 words because that is what its type contributes to the selectors that applications
  /// know. This library lays out the words in its own way.
  function _keys(uint256[32] storage area) private pure returns (OCR3ECDSAAttestationVerifierLib.Keys storage keys) {
    assembly ("memory-safe") {
      keys.slot := area.slot
    }
  }
}
