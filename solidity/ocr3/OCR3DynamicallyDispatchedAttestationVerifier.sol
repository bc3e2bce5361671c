// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OCR3AttestationVerifierBase} from "./OCR3AttestationVerifierBase.sol";
import {
  OCR3DynamicallyDispatchedAttestationVerifierSelectorInterface
} from "./OCR3DynamicallyDispatchedAttestationVerifierSelectorInterface.sol";

/// @title Verifier that leaves the signature scheme to a library
/// @notice The library is chosen when the application is deployed, and never changes: an application is written and reviewed
/// once and deployed with any scheme, also one that does not exist yet. For what the application must do, see
/// OCR3AttestationVerifierBase; it must also choose a library that it trusts with its whole storage.
abstract contract OCR3DynamicallyDispatchedAttestationVerifier is OCR3AttestationVerifierBase {
  address private immutable i_library;
  bytes4 private immutable i_setVerificationKeys;
  bytes4 private immutable i_verifyAttestation;

  /// @dev Belongs to the library. Large enough for four words a key.
  uint256[128] private s_keyArea;

  /// @param verifierLibraryAddress library with the scheme, see
  /// OCR3DynamicallyDispatchedAttestationVerifierSelectorInterface. Reverts if there is none.
  constructor(address verifierLibraryAddress) {
    i_library = verifierLibraryAddress;
    (i_setVerificationKeys, i_verifyAttestation) =
      OCR3DynamicallyDispatchedAttestationVerifierSelectorInterface(verifierLibraryAddress).getSelectors();
  }

  /// @inheritdoc OCR3AttestationVerifierBase
  function _setVerificationKeys(uint8 n, bytes calldata keys) internal override {
    _dispatch(abi.encodeWithSelector(i_setVerificationKeys, _slotOfKeyArea(), n, keys));
  }

  /// @inheritdoc OCR3AttestationVerifierBase
  function _verifyAttestationOfHash(uint8 n, uint8 f, bytes32 reportHash, bytes calldata attestation)
    internal
    override
  {
    _dispatch(abi.encodeWithSelector(i_verifyAttestation, _slotOfKeyArea(), n, f, reportHash, attestation));
  }

  function _slotOfKeyArea() private pure returns (uint256 slot) {
    assembly ("memory-safe") {
      slot := s_keyArea.slot
    }
  }

  /// @dev Calls the library, and reverts as it does.
  function _dispatch(bytes memory data) private {
    address verifierLibrary = i_library;
    assembly ("memory-safe") {
      if iszero(delegatecall(gas(), verifierLibrary, add(data, 32), mload(data), 0, 0)) {
        let free := mload(0x40)
        returndatacopy(free, 0, returndatasize())
        revert(free, returndatasize())
      }
      // Where there is no code, a call succeeds: a library that was destroyed must not accept everything.
      if iszero(extcodesize(verifierLibrary)) {
        revert(0, 0)
      }
    }
  }
}
