// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessControllerInterface} from "ocr/shared/interfaces/AccessControllerInterface.sol";
import {LinkTokenInterface} from "ocr/shared/interfaces/LinkTokenInterface.sol";
import {AccessControlledOCR2Aggregator} from "ocr/ocr2/AccessControlledOCR2Aggregator.sol";
import {MedianReport, MedianReportLib} from "ocr/ocr2/MedianReport.sol";
import {GasCosts} from "ocr/ocr2/internal/GasCosts.sol";
import {GasPrices} from "ocr/shared/aggregator/GasPrices.sol";

/// @title An aggregator whose insides can be looked at and meddled with
contract TestOCR2Aggregator is AccessControlledOCR2Aggregator {
  constructor(
    LinkTokenInterface link,
    int192 minAnswer_,
    int192 maxAnswer_,
    AccessControllerInterface billingAccessController,
    AccessControllerInterface requesterAccessController
  )
    AccessControlledOCR2Aggregator(
      link, minAnswer_, maxAnswer_, billingAccessController, requesterAccessController, 0, "TEST"
    )
  {}

  function testDecodeReport(bytes memory report)
    external
    pure
    returns (uint32 observationsTimestamp, bytes memory observers, int192[] memory observations)
  {
    MedianReport memory decoded = MedianReportLib.decode(report);
    observers = new bytes(decoded.observations.length);
    for (uint256 i = 0; i < observers.length; ++i) {
      observers[i] = decoded.rawObservers[i];
    }
    return (decoded.observationsTimestamp, observers, decoded.observations);
  }

  function testPayee(address transmitter) external view returns (address) {
    return s_payees[transmitter];
  }

  function getConfigDigest() external view returns (bytes32) {
    return _loadConfig(s_hot).digest();
  }

  function testBurnLink(uint256 amount) external {
    require(_linkToken().transfer(address(1), amount), "transfer failed");
  }

  function testTotalLinkDue() external view returns (uint256 linkDue) {
    return _totalLinkDue();
  }

  function testSetTransmitterPayment(address transmitter, uint96 amount) external {
    uint256 entry = _loadConfig(s_hot).transmitterEntry(transmitter);
    require(entry != 0, "invalid transmitter");
    s_accounts.store(entry - 1, s_accounts.load(entry - 1).withPaymentJuels(amount));
  }

  function testReimbursementGasPriceGwei(
    uint256 txGasPriceGwei,
    uint256 reasonableGasPriceGwei,
    uint256 maximumGasPriceGwei
  ) external pure returns (uint256) {
    return GasPrices.reimbursementGasPriceGwei(txGasPriceGwei, reasonableGasPriceGwei, maximumGasPriceGwei);
  }

  function testTransmitterGasCostWei(
    uint256 initialGas,
    uint256 gasPriceGwei,
    uint256 callDataGas,
    uint256 accountingGas,
    uint256 leftGas
  ) external pure returns (uint256) {
    return GasCosts.transmitterGasCostWei(initialGas, gasPriceGwei, callDataGas, accountingGas, leftGas);
  }
}
