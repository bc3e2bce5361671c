// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title The config digest of OCR1
/// @notice A digest names one configuration of one contract: every field that matters is hashed.
library ConfigDigestOCR1 {
  /// @dev Digest of a configuration.
  /// @param contractAddress contract that the configuration belongs to
  /// @param configCount number of the configuration, counted from 1
  /// @param signers onchain public keys of the oracles
  /// @param transmitters transmission addresses of the oracles
  /// @param threshold number of faulty oracles to survive
  /// @param encodedConfigVersion says how to read encoded
  /// @param encoded what the oracles read of the configuration
  /// @custom:ocr-config-digest Config
  function configDigestFromConfigData(
    address contractAddress,
    uint64 configCount,
    address[] memory signers,
    address[] memory transmitters,
    uint8 threshold,
    uint64 encodedConfigVersion,
    bytes memory encoded
  ) internal pure returns (bytes16) {
    return digestOf(
      encode(contractAddress, configCount, signers, transmitters, threshold, encodedConfigVersion, encoded)
    );
  }

  /// @dev What is hashed: the parameters of configDigestFromConfigData as an argument list.
  function encode(
    address contractAddress,
    uint64 configCount,
    address[] memory signers,
    address[] memory transmitters,
    uint8 threshold,
    uint64 encodedConfigVersion,
    bytes memory encoded
  ) internal pure returns (bytes memory) {
    return abi.encode(contractAddress, configCount, signers, transmitters, threshold, encodedConfigVersion, encoded);
  }

  /// @dev Digest of an encoded configuration: the first half of its hash.
  function digestOf(bytes memory encoded) internal pure returns (bytes16) {
    return bytes16(keccak256(encoded));
  }
}
