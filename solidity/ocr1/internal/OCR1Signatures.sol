// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Config} from "../../shared/aggregator/ConfigCode.sol";

/// @title Who signed an OCR1 report
library OCR1Signatures {
  /// @dev Reverts unless each signature is of a signer of the configuration, and each of another one. Whichever fault comes
  /// first in the list is the one that is reported.
  ///
  /// Gas: the input of ecrecover is one buffer in which only three words change, the output goes to scratch space. The
  /// signers seen are bits of one word. The look-up of a signer is spelled out here rather than called.
  /// @param hash what was signed
  /// @param rs calldata offset of the r halves
  /// @param ss calldata offset of the s halves
  /// @param count number of signatures, 32 at most
  /// @param rawVs byte i is the recovery id of signature i; it is counted modulo 256, of which only 0 and 1 are any good
  function verify(Config config, bytes32 hash, uint256 rs, uint256 ss, uint256 count, bytes32 rawVs) internal view {
    (uint256 table, uint256 list) = config.signerTable();
    uint256 mask = config.header().tableMask();
    bool unknown;
    bool repeated;
    assembly ("memory-safe") {
      let input := mload(0x40)
      mstore(input, hash)
      let seen := 0
      for {
        let i := 0
      } lt(i, count) {
        i := add(i, 1)
      } {
        mstore(add(input, 32), and(add(byte(i, rawVs), 27), 0xff))
        mstore(add(input, 64), calldataload(add(rs, shl(5, i))))
        mstore(add(input, 96), calldataload(add(ss, shl(5, i))))
        // ecrecover returns nothing if there is no such key. The zero address is in no configuration.
        mstore(0, 0)
        pop(staticcall(gas(), 1, input, 128, 0, 32))
        let signer := mload(0)
        let entry := 0
        for {
          let slot := signer
        } 1 {
          slot := add(slot, 1)
        } {
          entry := byte(0, mload(add(table, and(slot, mask))))
          if iszero(entry) {
            unknown := 1
            break
          }
          if eq(shr(96, mload(add(list, mul(entry, 20)))), signer) {
            break
          }
        }
        if unknown {
          break
        }
        repeated := and(shr(entry, seen), 1)
        if repeated {
          break
        }
        seen := or(seen, shl(entry, 1))
      }
    }
    require(!unknown, "address not authorized to sign");
    require(!repeated, "non-unique signature");
  }
}
