// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Config} from "../../shared/aggregator/ConfigCode.sol";

/// @title Who signed a report
library Signatures {
  /// @dev What oracles sign: the hash of the report followed by the three words of the report context.
  function hashOf(bytes32 reportHash, bytes32[3] calldata reportContext) internal pure returns (bytes32 hash) {
    assembly ("memory-safe") {
      let place := mload(0x40)
      mstore(place, reportHash)
      calldatacopy(add(place, 32), reportContext, 96)
      hash := keccak256(place, 128)
    }
  }

  /// @dev Reverts unless each signature is of a signer of the configuration, and each of another one. An unknown signer is
  /// reported before a repeated one, wherever they are in the list.
  ///
  /// Gas: the input of ecrecover is one buffer in which only three words change, the output goes to scratch space. The
  /// signers seen are bits of one word. The look-up of a signer is spelled out here rather than called.
  /// @param hash what was signed
  /// @param rs calldata offset of the r halves
  /// @param ss calldata offset of the s halves
  /// @param count number of signatures, 32 at most
  /// @param rawVs byte i is the recovery id of signature i
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
        {
          let v := add(byte(i, rawVs), 27)
          if gt(v, 255) {
            // Panic(0x11), arithmetic overflow: v is a uint8.
            mstore(0, shl(224, 0x4e487b71))
            mstore(4, 0x11)
            revert(0, 36)
          }
          mstore(add(input, 32), v)
        }
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
        repeated := or(repeated, and(shr(entry, seen), 1))
        seen := or(seen, shl(entry, 1))
      }
    }
    require(!unknown, "signature error");
    require(!repeated, "duplicate signer");
  }
}
