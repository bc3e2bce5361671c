// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title The prices of a feed, in 152 bits
/// @dev Layout, from the lowest bit: 24 accountingGas, 32 transmissionPaymentGjuels, 32 observationPaymentGjuels,
/// 32 reasonableGasPriceGwei, 32 maximumGasPriceGwei.
type Billing is uint256;

using BillingLib for Billing global;

library BillingLib {
  uint256 private constant TRANSMISSION_PAYMENT_SHIFT = 24;
  uint256 private constant OBSERVATION_PAYMENT_SHIFT = 56;
  uint256 private constant REASONABLE_GAS_PRICE_SHIFT = 88;
  uint256 private constant MAXIMUM_GAS_PRICE_SHIFT = 120;

  function pack(
    uint32 maximumGasPriceGwei_,
    uint32 reasonableGasPriceGwei_,
    uint32 observationPaymentGjuels_,
    uint32 transmissionPaymentGjuels_,
    uint24 accountingGas_
  ) internal pure returns (Billing) {
    return Billing.wrap(
      uint256(accountingGas_) | (uint256(transmissionPaymentGjuels_) << TRANSMISSION_PAYMENT_SHIFT)
        | (uint256(observationPaymentGjuels_) << OBSERVATION_PAYMENT_SHIFT)
        | (uint256(reasonableGasPriceGwei_) << REASONABLE_GAS_PRICE_SHIFT)
        | (uint256(maximumGasPriceGwei_) << MAXIMUM_GAS_PRICE_SHIFT)
    );
  }

  function maximumGasPriceGwei(Billing b) internal pure returns (uint32) {
    return uint32(Billing.unwrap(b) >> MAXIMUM_GAS_PRICE_SHIFT);
  }

  function reasonableGasPriceGwei(Billing b) internal pure returns (uint32) {
    return uint32(Billing.unwrap(b) >> REASONABLE_GAS_PRICE_SHIFT);
  }

  function observationPaymentGjuels(Billing b) internal pure returns (uint32) {
    return uint32(Billing.unwrap(b) >> OBSERVATION_PAYMENT_SHIFT);
  }

  function transmissionPaymentGjuels(Billing b) internal pure returns (uint32) {
    return uint32(Billing.unwrap(b) >> TRANSMISSION_PAYMENT_SHIFT);
  }

  function accountingGas(Billing b) internal pure returns (uint24) {
    return uint24(Billing.unwrap(b));
  }
}
