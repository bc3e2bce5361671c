// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title Why a key list or an attestation is refused
/// @notice One name and one meaning for every signature scheme, and for verifiers that are inherited as well as for those
/// that are called: whoever transmits a report sees the same revert data whichever way the application was built.

/// @notice The length of the key list is no multiple of the length of a key.
error KeysOfInvalidSize();

/// @notice The key list holds another number of keys than there are oracles.
error InvalidNumberOfKeys();

/// @notice There are more oracles than the attribution bitmask has bits.
error MaximumNumberOfKeysExceeded();

/// @notice A key is no key of the scheme, lacks a valid proof of possession, or is in the list twice.
error InvalidKey();

/// @notice The key list could not be written to the chain. This happens when gas runs out.
error KeysNotStored();

/// @notice The attestation is shorter or longer than one for f faulty oracles.
error InvalidAttestationLength();

/// @notice The bitmask names oracles that do not exist, or more oracles than there are signatures.
error InvalidAttestationAttributionBitmask();

/// @notice The number of valid signatures is not f + 1.
error InvalidAttestationNumberOfSignatures();

/// @notice The aggregate signature is not one of the named oracles over this report.
error InvalidAttestation();
