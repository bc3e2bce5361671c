// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {GasPrices} from "ocr/shared/aggregator/GasPrices.sol";
import {AccessControllerInterface} from "ocr/shared/interfaces/AccessControllerInterface.sol";
import {LinkTokenInterface} from "ocr/shared/interfaces/LinkTokenInterface.sol";
import {AccessControlledOffchainAggregator} from "ocr/ocr1/AccessControlledOffchainAggregator.sol";
import {Report, ReportLib} from "ocr/ocr1/Report.sol";
import {OCR1Prices} from "ocr/ocr1/internal/OCR1Prices.sol";
import {ObservationCountsLib} from "ocr/ocr1/internal/ObservationCounts.sol";
import {TransmissionCost} from "ocr/ocr1/internal/TransmissionCost.sol";

/// @title An OCR1 aggregator whose insides can be looked at and meddled with
contract TestOffchainAggregator is AccessControlledOffchainAggregator {
  constructor(
    uint32 maximumGasPrice,
    uint32 reasonableGasPrice,
    uint32 microLinkPerEth,
    uint32 linkGweiPerObservation,
    uint32 linkGweiPerTransmission,
    LinkTokenInterface link,
    int192 minAnswer_,
    int192 maxAnswer_,
    AccessControllerInterface billingAccessController_,
    AccessControllerInterface requesterAccessController_
  )
    AccessControlledOffchainAggregator(
      maximumGasPrice,
      reasonableGasPrice,
      microLinkPerEth,
      linkGweiPerObservation,
      linkGweiPerTransmission,
      link,
      minAnswer_,
      maxAnswer_,
      billingAccessController_,
      requesterAccessController_,
      0,
      "TEST"
    )
  {}

  /// @notice What is kept of each index, both plus one, and the prices.
  function billingData()
    external
    view
    returns (
      uint16[31] memory observationsCounts,
      uint256[31] memory gasReimbursements,
      uint32 maximumGasPrice,
      uint32 reasonableGasPrice,
      uint32 microLinkPerEth,
      uint32 linkGweiPerObservation,
      uint32 linkGweiPerTransmission
    )
  {
    for (uint256 i = 0; i < 31; ++i) {
      observationsCounts[i] = uint16(s_counts.load(i) + 1);
      uint256 amount = s_reimbursements.load(i);
      // An index that there was no oracle of yet has no slot.
      gasReimbursements[i] = amount == type(uint256).max ? 1 : amount + 1;
    }
    OCR1Prices prices = _pricesOf(_loadConfig(s_hot));
    maximumGasPrice = prices.maximumGasPrice();
    reasonableGasPrice = prices.reasonableGasPrice();
    microLinkPerEth = prices.microLinkPerEth();
    linkGweiPerObservation = prices.linkGweiPerObservation();
    linkGweiPerTransmission = prices.linkGweiPerTransmission();
  }

  function getConfigDigest() external view returns (bytes16) {
    return bytes16(_loadConfig(s_hot).digest());
  }

  function testPayee(address transmitter) external view returns (address) {
    return s_payees[transmitter];
  }

  function testDecodeReport(bytes memory report)
    external
    pure
    returns (bytes32 rawReportContext, bytes32 rawObservers, int192[] memory observations)
  {
    Report memory decoded = ReportLib.decode(report);
    return (decoded.rawReportContext, decoded.rawObservers, decoded.observations);
  }

  function testBurnLINK(uint256 amount) external {
    _linkToken().transfer(address(1), amount);
  }

  function testTotalLinkDue() external view returns (uint256 linkDue) {
    return _totalLinkDue();
  }

  /// @notice Sets the number of unpaid observations of an oracle.
  function testSetOracleObservationCount(address oracle, uint16 amount) external {
    require(amount < type(uint16).max, "amount out of bounds");
    s_counts.store(_indexOf(oracle), amount);
  }

  /// @notice Sets what an oracle earned by transmitting.
  function testSetGasReimbursements(address transmitter, uint256 amount) external {
    require(amount < type(uint128).max, "amount out of bounds");
    uint256 index = _indexOf(transmitter);
    s_reimbursements.settle(index);
    s_reimbursements.add(index, amount);
  }

  function testAccountingGasCost() external pure returns (uint256) {
    return TransmissionCost.accountingGas;
  }

  function testImpliedGasPrice(uint256 txGasPrice, uint256 reasonableGasPrice, uint256 maximumGasPrice)
    external
    pure
    returns (uint256)
  {
    return GasPrices.reimbursementGasPriceGwei(txGasPrice, reasonableGasPrice, maximumGasPrice);
  }

  function testSaturatingAddUint16(uint16 x, uint16 y) external pure returns (uint16) {
    return uint16(ObservationCountsLib.saturatingAdd(x, y));
  }

  function testTransmitterGasCostEthWei(uint256 initialGas, uint256 gasPrice, uint256 callDataCost, uint256 gasLeft)
    external
    pure
    returns (uint128)
  {
    uint256 cost = TransmissionCost.inWei(initialGas, gasPrice, callDataCost, gasLeft);
    require(cost < type(uint128).max, "cost out of bounds");
    return uint128(cost);
  }

  function _indexOf(address oracle) private view returns (uint256) {
    uint256 entry = _oracleEntry(_loadConfig(s_hot), oracle);
    require(entry != 0, "address unknown");
    return entry - 1;
  }
}
