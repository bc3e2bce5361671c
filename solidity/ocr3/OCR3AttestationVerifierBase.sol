// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OCR3Attestations} from "./OCR3Attestations.sol";

/// @title Checks that f + 1 oracles stand behind a report
/// @notice OCR3 leaves to each application what a report is, and what happens when one arrives. What all of them need is
/// here: to know the oracles' keys, and to tell whether a report was signed by enough of them. An application contract
/// inherits one verifier per signature scheme, or the one that dispatches to a library of its choice, and calls the two
/// functions below.
///
/// **What the application must do itself.** An attestation proves that f + 1 oracles signed a report in the round `seqNr` of
/// the configuration `configDigest`, and nothing more. The verifier keeps no state but the keys. So the application:
///
///   - lets nobody but its owner reach _setVerificationKeys, and makes sure that 3f < n and f > 0, which the verifier does
///     not;
///   - keeps the digest of the configuration in force, computes it itself over everything that the configuration consists of,
///     its own address and the chain id included, and passes that digest to _verifyAttestation, or compares it with the one
///     that the transmitter sent. A digest that is taken from the calldata unchecked makes reports of every other
///     configuration that shares f + 1 keys acceptable;
///   - remembers which `seqNr` it accepted last, refuses what is not newer (or what it has seen, if several reports belong to
///     one round), and stores that before it acts on the report. Otherwise every report can be replayed for ever;
///   - changes n, f and the keys in one transaction only. The keys belong to the n that they were set with.
///
/// feed/OCR3Feed.sol does all of this.
abstract contract OCR3AttestationVerifierBase {
  /// @dev Replaces the keys of the oracles. Reverts with the errors of OCR3AttestationErrors.sol if the list is not one of n
  /// keys.
  /// @param n number of oracles, 32 at most
  /// @param keys the keys, by index of the oracle, one behind the other; what a key is depends on the scheme
  function _setVerificationKeys(uint8 n, bytes calldata keys) internal virtual;

  /// @dev Returns if `attestation` is one by exactly f + 1 of the oracles for this report, and reverts with the errors of
  /// OCR3AttestationErrors.sol otherwise. Read above what this does not check.
  /// @param configDigest configuration that the report was made under
  /// @param seqNr sequence number of the report's round
  /// @param n number of oracles, the same as in the latest call of _setVerificationKeys
  /// @param f number of faulty oracles that the protocol survives
  /// @param report what the oracles attest to
  /// @param attestation who signed, and the signatures; its form depends on the scheme
  function _verifyAttestation(
    bytes32 configDigest,
    uint64 seqNr,
    uint8 n,
    uint8 f,
    bytes memory report,
    bytes calldata attestation
  ) internal virtual {
    _verifyAttestationOfHash(n, f, OCR3Attestations.reportHash(configDigest, seqNr, keccak256(report)), attestation);
  }

  /// @dev The same for a report of which only the hash is known, see OCR3Attestations.reportHash.
  function _verifyAttestationOfHash(uint8 n, uint8 f, bytes32 reportHash, bytes calldata attestation) internal virtual;
}
