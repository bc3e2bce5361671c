// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title Calls whose gas the sender of the transaction cannot ration
library ExactGas {
  /// @dev Calls `target` with exactly `gasAmount` gas, or reverts if there is not enough. A transmitter cannot choose the gas
  /// of a transmission so that the validator runs out of it while the report goes through. Success and results are
  /// ignored, and results are not copied: the callee cannot make this contract pay for them.
  function call(uint256 gasAmount, address target, bytes memory data) internal {
    bool enough;
    assembly ("memory-safe") {
      // What the call itself costs, generously, and then one part in 64 that the EVM holds back.
      let g := gas()
      if iszero(lt(g, 5000)) {
        g := sub(g, 5000)
        if gt(sub(g, div(g, 64)), gasAmount) {
          enough := 1
          pop(call(gasAmount, target, 0, add(data, 32), mload(data), 0, 0))
        }
      }
    }
    require(enough, "insufficient gas");
  }
}
