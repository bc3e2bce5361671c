// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title What a transmission costs its transmitter, in OCR1
library TransmissionCost {
  uint256 private constant GWEI = 1e9;

  /// @dev Gas that transmit uses after it measured, as far as it is reimbursed.
  /// @custom:ocr-constant AccountingGas
  uint256 internal constant accountingGas = 6035;

  /// @dev Cost of a transmission, in wei.
  /// @param initialGas gas at the start of transmit, less than 2^32
  /// @param gasPrice price at which it is reimbursed, in gwei
  /// @param callDataGas gas that the calldata cost
  /// @param leftGas gas that is left now
  function inWei(uint256 initialGas, uint256 gasPrice, uint256 callDataGas, uint256 leftGas)
    internal
    pure
    returns (uint256 cost)
  {
    require(initialGas >= leftGas, "gasLeft cannot exceed initialGas");
    unchecked {
      return (initialGas - leftGas + callDataGas + accountingGas) * gasPrice * GWEI;
    }
  }
}
