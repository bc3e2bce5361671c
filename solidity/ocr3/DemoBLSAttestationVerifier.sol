// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OCR3BLSAttestationVerifier} from "./OCR3BLSAttestationVerifier.sol";

/// @title The least that can be built on OCR3BLSAttestationVerifier
/// @notice Shows how the verifier is called, and lets tests call it. It does none of what OCR3AttestationVerifierBase demands
/// of an application: anybody may configure it, and it believes whatever digest and sequence number it is given.
contract DemoBLSAttestationVerifier is OCR3BLSAttestationVerifier {
  uint32 private s_configVersion;
  uint8 private s_n;
  uint8 private s_f;

  /// @notice Replaces the configuration.
  /// @param configVersion number of the configuration, for people
  /// @param n number of oracles
  /// @param f number of faulty oracles that the protocol survives
  /// @param keys keys of the oracles
  function setConfig(uint32 configVersion, uint8 n, uint8 f, bytes calldata keys) external {
    s_configVersion = configVersion;
    s_n = n;
    s_f = f;
    _setVerificationKeys(n, keys);
  }

  /// @notice Reverts unless f + 1 oracles attest to the report. A report of an application would have an effect here.
  /// @param configDigest configuration that the report was made under
  /// @param seqNr sequence number of the report's round
  /// @param report what the oracles attest to
  /// @param attestation who signed, and the signatures
  function transmit(bytes32 configDigest, uint64 seqNr, bytes memory report, bytes calldata attestation) external {
    _verifyAttestation(configDigest, seqNr, s_n, s_f, report, attestation);
  }
}
