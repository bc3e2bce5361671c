// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OCR3ECDSAAttestationVerifier} from "ocr/ocr3/OCR3ECDSAAttestationVerifier.sol";
import {OwnerIsCreator} from "ocr/shared/access/OwnerIsCreator.sol";

/// @title An application that binds what OCR3AttestationVerifierBase demands of it
/// @notice Keeps the newest report. Each report is accepted once at most, in order, and under the configuration in force only.
contract ExampleApplication is OCR3ECDSAAttestationVerifier, OwnerIsCreator {
  /// @notice The configuration is in force from here on. Oracles find it by this event.
  event ConfigSet(bytes32 configDigest, uint32 configCount, uint8 n, uint8 f, bytes keys, bytes offchainConfig);

  /// @notice A report was accepted.
  event Reported(uint64 indexed seqNr, bytes report);

  /// @notice There must be more than 3f oracles, and f must be positive.
  error TooManyFaultyOracles();

  /// @notice The report was made under another configuration.
  error WrongConfiguration();

  /// @notice A report of this round or a later one was accepted before.
  error StaleReport();

  // With the keys' own variables these share a slot: one cold SLOAD and one SSTORE for all that changes with a report.
  uint8 private s_n;
  uint8 private s_f;
  uint64 private s_latestSeqNr;

  bytes32 private s_configDigest;
  uint32 private s_configCount;

  bytes public latestReport;

  function setConfig(uint8 n, uint8 f, bytes calldata keys, bytes calldata offchainConfig) external onlyOwner {
    if (f == 0 || n <= 3 * uint256(f)) revert TooManyFaultyOracles();
    uint32 configCount = ++s_configCount;
    // The count makes the digests of equal configurations differ: no report of the one is one of the other. Address and chain
    // keep reports of other contracts away, whose oracles may have the same keys.
    bytes32 configDigest = keccak256(abi.encode(block.chainid, address(this), configCount, n, f, keys, offchainConfig));
    (s_n, s_f, s_latestSeqNr) = (n, f, 0);
    s_configDigest = configDigest;
    _setVerificationKeys(n, keys);
    emit ConfigSet(configDigest, configCount, n, f, keys, offchainConfig);
  }

  function transmit(bytes32 configDigest, uint64 seqNr, bytes calldata report, bytes calldata attestation) external {
    if (configDigest != s_configDigest) revert WrongConfiguration();
    if (seqNr <= s_latestSeqNr) revert StaleReport();
    _verifyAttestation(configDigest, seqNr, s_n, s_f, report, attestation);
    s_latestSeqNr = seqNr;
    latestReport = report;
    emit Reported(seqNr, report);
  }
}
