// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OCR3AttestationVerifierBase} from "./OCR3AttestationVerifierBase.sol";
import {OCR3BLSAttestationVerifierLib} from "./OCR3BLSAttestationVerifierLib.sol";

/// @title Verifier of attestations made of BLS signatures over BN254
/// @notice For the forms of keys and attestations see OCR3BLSAttestationVerifierLib; for what the application must do, see
/// OCR3AttestationVerifierBase.
///
/// @dev Eleven bytes of the slot are free, and Solidity puts the first variables of the inheriting contract there if they
/// fit. An application that declares first what it reads for every report (n, f and such, not as a struct) gets them with the
/// keys for one cold SLOAD.
abstract contract OCR3BLSAttestationVerifier is OCR3AttestationVerifierBase {
  /// @dev This is the used part of a OCR3BLSAttestationVerifierLib.Keys.
  uint168 private s_keys;

  /// @inheritdoc OCR3AttestationVerifierBase
  function _setVerificationKeys(uint8 n, bytes calldata keys) internal override {
    OCR3BLSAttestationVerifierLib.setVerificationKeys(_keys(), n, keys);
  }

  /// @inheritdoc OCR3AttestationVerifierBase
  function _verifyAttestationOfHash(uint8 n, uint8 f, bytes32 reportHash, bytes calldata attestation)
    internal
    view
    override
  {
    OCR3BLSAttestationVerifierLib.verifyAttestation(_keys(), n, f, reportHash, attestation);
  }

  function _keys() private pure returns (OCR3BLSAttestationVerifierLib.Keys storage keys) {
    assembly ("memory-safe") {
      keys.slot := s_keys.slot
    }
  }
}
