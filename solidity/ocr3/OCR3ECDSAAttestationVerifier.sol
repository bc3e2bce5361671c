// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OCR3AttestationVerifierBase} from "./OCR3AttestationVerifierBase.sol";
import {OCR3ECDSAAttestationVerifierLib} from "./OCR3ECDSAAttestationVerifierLib.sol";

/// @title Verifier of attestations made of secp256k1 signatures
/// @notice For the forms of keys and attestations see OCR3ECDSAAttestationVerifierLib; for what the application must do, see
/// OCR3AttestationVerifierBase.
///
/// @dev Eleven bytes of the last slot are free, and Solidity puts the first variables of the inheriting contract there if they
/// fit. An application that declares first what it reads for every report (n, f and such, not as a struct) gets them with the
/// keys for one cold SLOAD.
abstract contract OCR3ECDSAAttestationVerifier is OCR3AttestationVerifierBase {
  /// @dev These three are a OCR3ECDSAAttestationVerifierLib.Keys.
  bytes32 private s_keysLow;
  bytes32 private s_keysHigh;
  uint168 private s_keysHot;

  /// @inheritdoc OCR3AttestationVerifierBase
  function _setVerificationKeys(uint8 n, bytes calldata keys) internal override {
    OCR3ECDSAAttestationVerifierLib.setVerificationKeys(_keys(), n, keys);
  }

  /// @inheritdoc OCR3AttestationVerifierBase
  function _verifyAttestationOfHash(uint8 n, uint8 f, bytes32 reportHash, bytes calldata attestation)
    internal
    view
    override
  {
    OCR3ECDSAAttestationVerifierLib.verifyAttestation(_keys(), n, f, reportHash, attestation);
  }

  function _keys() private pure returns (OCR3ECDSAAttestationVerifierLib.Keys storage keys) {
    assembly ("memory-safe") {
      keys.slot := s_keysLow.slot
    }
  }
}
