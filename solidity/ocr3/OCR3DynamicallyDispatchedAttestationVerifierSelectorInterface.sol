// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title How a library with a signature scheme says what to call
interface OCR3DynamicallyDispatchedAttestationVerifierSelectorInterface {
  /// @notice The selectors of the two functions of the library. The types of their storage parameters are part of the
  /// selectors, so they are different from scheme to scheme; the other parameters are the same:
  ///
  ///     setVerificationKeys(<keys> storage, uint8 n, bytes keys)
  ///     verifyAttestation(<keys> storage, uint8 n, uint8 f, bytes32 reportHash, bytes attestation)
  ///
  /// @return setVerificationKeysSelector replaces the keys
  /// @return verifyAttestationSelector reverts unless the attestation is one
  function getSelectors() external pure returns (bytes4 setVerificationKeysSelector, bytes4 verifyAttestationSelector);
}
