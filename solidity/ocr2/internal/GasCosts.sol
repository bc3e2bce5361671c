// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title What a transmission costs its transmitter
library GasCosts {
  uint256 private constant GWEI = 1e9;

  /// @dev Cost of a transmission, in wei.
  /// @param initialGas gas at the start of transmit
  /// @param gasPriceGwei price at which it is reimbursed
  /// @param callDataGas gas that the calldata cost
  /// @param accountingGas gas that is used after leftGas was measured
  /// @param leftGas gas that is left now
  function transmitterGasCostWei(
    uint256 initialGas,
    uint256 gasPriceGwei,
    uint256 callDataGas,
    uint256 accountingGas,
    uint256 leftGas
  ) internal pure returns (uint256) {
    require(initialGas >= leftGas, "leftGas cannot exceed initialGas");
    unchecked {
      return (initialGas - leftGas + callDataGas + accountingGas) * gasPriceGwei * GWEI;
    }
  }
}
