// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title At which gas price a transmission is reimbursed
library GasPrices {
  /// @dev Gas price, in gwei, at which a transmission is reimbursed. Below the reasonable price the transmitter keeps half
  /// of what it saved, so that it has a reason to save; above the maximum price it bears the difference.
  function reimbursementGasPriceGwei(
    uint256 txGasPriceGwei,
    uint256 reasonableGasPriceGwei,
    uint256 maximumGasPriceGwei
  ) internal pure returns (uint256 price) {
    unchecked {
      price = txGasPriceGwei;
      if (txGasPriceGwei < reasonableGasPriceGwei) price += (reasonableGasPriceGwei - txGasPriceGwei) / 2;
      if (price > maximumGasPriceGwei) price = maximumGasPriceGwei;
    }
  }
}
