// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title The config digest of feeds on OCR3
/// @notice A digest names one configuration of one contract on one chain: every field that matters is hashed. What oracles
/// sign begins with it, so no report of one configuration is one of another.
library FeedConfigDigest {
  /// @dev First two bytes, big-endian, of every digest of this kind. It keeps digests of different kinds apart. OCR3
  /// leaves the digest to the application: the number is this project's own choice, and means nothing elsewhere.
  /// @custom:ocr-digest-prefix ConfigDigestPrefixOCR3Feed
  uint16 internal constant PREFIX = 0x0c30;

  /// @dev Digest of a configuration: the hash of the parameters as an argument list, the first two bytes replaced by the prefix.
  /// @param chainId chain of the contract
  /// @param contractAddress contract that the configuration belongs to
  /// @param configCount number of the configuration, counted from 1
  /// @param keys keys of all oracles, by index, one behind the other
  /// @param transmitters transmission addresses of the oracles
  /// @param f number of faulty oracles to survive
  /// @param onchainConfig what the contract reads of the configuration
  /// @param offchainConfigVersion says how to read offchainConfig
  /// @param offchainConfig what the oracles read of the configuration
  /// @custom:ocr-config-digest OCR3Feed
  function configDigestFromConfigData(
    uint256 chainId,
    address contractAddress,
    uint64 configCount,
    bytes memory keys,
    address[] memory transmitters,
    uint8 f,
    bytes memory onchainConfig,
    uint64 offchainConfigVersion,
    bytes memory offchainConfig
  ) internal pure returns (bytes32) {
    uint256 hash = uint256(
      keccak256(
        abi.encode(
          chainId,
          contractAddress,
          configCount,
          keys,
          transmitters,
          f,
          onchainConfig,
          offchainConfigVersion,
          offchainConfig
        )
      )
    );
    return bytes32((uint256(PREFIX) << 240) | ((hash << 16) >> 16));
  }
}
