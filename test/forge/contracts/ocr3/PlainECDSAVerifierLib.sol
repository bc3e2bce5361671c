// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title A library for dynamic dispatch as somebody else would write it
/// @notice The same scheme and selectors as OCR3DynamicallyDispatchedECDSAAttestationVerifierLib, one slot per key, one error.
library PlainECDSAVerifierLib {
  function setVerificationKeys(uint256[32] storage keys, uint8 n, bytes calldata list) external {
    require(list.length == 20 * uint256(n), "keys");
    for (uint256 i = 0; i < n; ++i) {
      keys[i] = uint160(bytes20(list[20 * i:20 * i + 20]));
    }
  }

  function verifyAttestation(uint256[32] storage keys, uint8 n, uint8 f, bytes32 reportHash, bytes calldata attestation)
    external
    view
  {
    uint256 place = 4;
    for (uint256 i = 0; i < n; ++i) {
      if ((uint32(bytes4(attestation)) >> i) & 1 == 0) continue;
      bytes32 r = bytes32(attestation[place:place + 32]);
      bytes32 s = bytes32(attestation[place + 32:place + 64]);
      require(ecrecover(reportHash, 27, r, s) == address(uint160(keys[i])), "signature");
      place += 64;
    }
    require(place == 4 + 64 * (uint256(f) + 1) && place == attestation.length, "length");
  }

  function getSelectors() external pure returns (bytes4, bytes4) {
    return (PlainECDSAVerifierLib.setVerificationKeys.selector, PlainECDSAVerifierLib.verifyAttestation.selector);
  }
}
