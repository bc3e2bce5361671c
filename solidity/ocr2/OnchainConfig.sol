// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @notice The part of a median feed's configuration that the contract reads: the bounds of its answers. On the wire it is
/// the fields packed without padding, 49 bytes.
/// @param version layout version, 1
/// @param minAnswer lowest answer that the contract accepts
/// @param maxAnswer highest answer that the contract accepts
/// @custom:ocr-onchain-config MedianOnchainConfig version=VERSION
struct OnchainConfig {
  uint8 version;
  int192 minAnswer;
  int192 maxAnswer;
}

/// @title The codec of OnchainConfig
library OnchainConfigLib {
  /// @dev The only layout version there is.
  /// @custom:ocr-constant MedianOnchainConfigVersion
  uint8 internal constant VERSION = 1;

  /// @dev Length of the encoding in bytes.
  /// @custom:ocr-constant MedianOnchainConfigLength
  uint256 internal constant LENGTH = 49;

  function encode(OnchainConfig memory config) internal pure returns (bytes memory) {
    return abi.encodePacked(config.version, config.minAnswer, config.maxAnswer);
  }

  function decode(bytes memory encoded) internal pure returns (OnchainConfig memory config) {
    require(encoded.length == LENGTH, "onchainConfig length mismatch");
    uint256 head;
    uint256 tail;
    assembly ("memory-safe") {
      head := mload(add(encoded, 32))
      tail := mload(add(encoded, 49))
    }
    config.version = uint8(head >> 248);
    require(config.version == VERSION, "unknown onchainConfig version");
    config.minAnswer = int192(uint192(head >> 56));
    config.maxAnswer = int192(uint192(tail));
  }
}
