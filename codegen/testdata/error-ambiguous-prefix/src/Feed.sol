// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

library A {
  /// @custom:ocr-digest-prefix PrefixA
  uint16 internal constant PREFIX = 1;
}

library B {
  /// @custom:ocr-digest-prefix PrefixB
  uint16 internal constant PREFIX = 2;
}

contract Feed {
  /// @custom:ocr-config-digest Simple
  function digest(uint256 chainId) external pure returns (bytes32) {
    return keccak256(abi.encode(chainId, A.PREFIX, B.PREFIX));
  }
}
