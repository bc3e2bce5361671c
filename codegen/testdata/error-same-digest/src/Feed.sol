// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

contract Feed {
  /// @custom:ocr-config-digest
  function digest(uint128 chainId) external pure returns (bytes32) {
    return More.make(chainId);
  }
}

library More {
  /// @custom:ocr-config-digest Digest
  function make(uint256 chainId) internal pure returns (bytes32) {
    return keccak256(abi.encode(chainId));
  }
}
