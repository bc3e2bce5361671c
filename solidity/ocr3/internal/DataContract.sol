// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {KeysNotStored} from "../OCR3AttestationErrors.sol";

/// @title Data as the code of a contract
/// @notice To write a word to a fresh storage slot costs 22,100 gas, to read it in a later transaction 2,100. As code, the
/// first costs 6,400 and the second 3, besides 32,000 once for the contract that holds it and 2,600 per transaction that
/// reads any of it. Keys are written rarely and read together, so they are kept like this.
///
/// @dev The code is a STOP byte, so that a call to it does nothing, and then the data. It has no other instruction that could
/// be reached, so it cannot be destroyed.
library DataContract {
  /// @dev Where the data begins in the code.
  uint256 internal constant OFFSET = 1;

  /// @dev Creation code that returns what follows it: PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY,
  /// RETURNDATASIZE, RETURN. RETURNDATASIZE is a cheap zero here. The length is in the two bytes after the first.
  uint256 private constant CREATION_CODE = 0x61000080600a3d393df3;
  uint256 private constant CREATION_CODE_LENGTH = 10;
  uint256 private constant CREATION_CODE_LENGTH_SHIFT = 56;

  /// @dev Makes a contract of `length` bytes of memory, 24,575 at most.
  /// @param data memory address of them; the word before it must be allocated too
  function write(uint256 data, uint256 length) internal returns (address pointer) {
    assembly ("memory-safe") {
      // In front of the data: creation code, STOP. One word holds both, right-aligned against the data.
      let word := mload(sub(data, 32))
      let code := or(CREATION_CODE, shl(CREATION_CODE_LENGTH_SHIFT, add(length, OFFSET)))
      mstore(sub(data, 32), shl(8, code))
      pointer := create(0, sub(data, add(CREATION_CODE_LENGTH, OFFSET)), add(length, add(CREATION_CODE_LENGTH, OFFSET)))
      mstore(sub(data, 32), word)
    }
    if (pointer == address(0)) revert KeysNotStored();
  }
}
