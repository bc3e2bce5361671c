// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title The prices of an OCR1 feed, in 160 bits
/// @dev Layout, from the lowest bit: 32 linkGweiPerTransmission, 32 linkGweiPerObservation, 32 microLinkPerEth,
/// 32 reasonableGasPrice, 32 maximumGasPrice.
type OCR1Prices is uint256;

using OCR1PricesLib for OCR1Prices global;

library OCR1PricesLib {
  uint256 private constant OBSERVATION_SHIFT = 32;
  uint256 private constant MICRO_LINK_PER_ETH_SHIFT = 64;
  uint256 private constant REASONABLE_GAS_PRICE_SHIFT = 96;
  uint256 private constant MAXIMUM_GAS_PRICE_SHIFT = 128;

  function pack(
    uint32 maximumGasPrice_,
    uint32 reasonableGasPrice_,
    uint32 microLinkPerEth_,
    uint32 linkGweiPerObservation_,
    uint32 linkGweiPerTransmission_
  ) internal pure returns (OCR1Prices) {
    return OCR1Prices.wrap(
      uint256(linkGweiPerTransmission_) | (uint256(linkGweiPerObservation_) << OBSERVATION_SHIFT)
        | (uint256(microLinkPerEth_) << MICRO_LINK_PER_ETH_SHIFT)
        | (uint256(reasonableGasPrice_) << REASONABLE_GAS_PRICE_SHIFT)
        | (uint256(maximumGasPrice_) << MAXIMUM_GAS_PRICE_SHIFT)
    );
  }

  function maximumGasPrice(OCR1Prices p) internal pure returns (uint32) {
    return uint32(OCR1Prices.unwrap(p) >> MAXIMUM_GAS_PRICE_SHIFT);
  }

  function reasonableGasPrice(OCR1Prices p) internal pure returns (uint32) {
    return uint32(OCR1Prices.unwrap(p) >> REASONABLE_GAS_PRICE_SHIFT);
  }

  function microLinkPerEth(OCR1Prices p) internal pure returns (uint32) {
    return uint32(OCR1Prices.unwrap(p) >> MICRO_LINK_PER_ETH_SHIFT);
  }

  function linkGweiPerObservation(OCR1Prices p) internal pure returns (uint32) {
    return uint32(OCR1Prices.unwrap(p) >> OBSERVATION_SHIFT);
  }

  function linkGweiPerTransmission(OCR1Prices p) internal pure returns (uint32) {
    return uint32(OCR1Prices.unwrap(p));
  }
}
