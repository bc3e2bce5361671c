// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OCR3BLSAttestationVerifier} from "ocr/ocr3/OCR3BLSAttestationVerifier.sol";

/// @title An application that does not remember how many oracles it has
/// @notice Whoever calls says how many, also when keys were set for another number.
contract ForgetfulApplication is OCR3BLSAttestationVerifier {
  function setKeys(uint8 n, bytes calldata keys) external {
    _setVerificationKeys(n, keys);
  }

  function verify(uint8 n, uint8 f, bytes32 hash, bytes calldata attestation) external view {
    _verifyAttestationOfHash(n, f, hash, attestation);
  }
}
