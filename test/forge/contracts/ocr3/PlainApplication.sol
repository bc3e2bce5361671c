// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title An application with dynamic dispatch as somebody else would write it
/// @notice Calls any library for OCR3DynamicallyDispatchedAttestationVerifier, by the selectors that the library gives, and
/// guards the storage around the key area.
contract PlainApplication {
  uint256 private s_before = type(uint256).max;
  uint256[128] private s_keys;
  uint256 private s_after = type(uint256).max;

  uint8 private s_n;
  uint8 private s_f;

  address private immutable i_library;
  bytes4 private immutable i_set;
  bytes4 private immutable i_verify;

  constructor(address verifierLibrary) {
    i_library = verifierLibrary;
    (bool ok, bytes memory ret) = verifierLibrary.staticcall(hex"4b503f0b");
    require(ok);
    (i_set, i_verify) = abi.decode(ret, (bytes4, bytes4));
  }

  function setConfig(uint32, uint8 n, uint8 f, bytes calldata keys) external {
    (s_n, s_f) = (n, f);
    _call(abi.encodeWithSelector(i_set, _slot(), n, keys));
  }

  function transmit(bytes32 configDigest, uint64 seqNr, bytes calldata report, bytes calldata attestation) external {
    bytes32 hash = keccak256(abi.encode(configDigest, seqNr, keccak256(report)));
    _call(abi.encodeWithSelector(i_verify, _slot(), s_n, s_f, hash, attestation));
  }

  function _slot() private pure returns (uint256 slot) {
    assembly {
      slot := s_keys.slot
    }
  }

  function _call(bytes memory data) private {
    (bool ok, bytes memory ret) = i_library.delegatecall(data);
    require(s_before == type(uint256).max && s_after == type(uint256).max, "library writes elsewhere");
    if (ok) return;
    assembly {
      revert(add(ret, 32), mload(ret))
    }
  }
}
