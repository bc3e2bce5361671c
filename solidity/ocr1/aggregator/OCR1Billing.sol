// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {AggregatorPayees} from "../../shared/aggregator/AggregatorPayees.sol";
import {Config, ConfigHeader, ConfigHeaderLib, ConfigLib} from "../../shared/aggregator/ConfigCode.sol";
import {GasPrices} from "../../shared/aggregator/GasPrices.sol";
import {HotWord} from "../../shared/aggregator/HotWord.sol";
import {AccessControllerInterface} from "../../shared/interfaces/AccessControllerInterface.sol";
import {LinkTokenInterface} from "../../shared/interfaces/LinkTokenInterface.sol";
import {OCR1BillingInterface} from "../interfaces/OCR1BillingInterface.sol";
import {OCR1Prices, OCR1PricesLib} from "../internal/OCR1Prices.sol";
import {OCR1ReportBuffer} from "../internal/OCR1ReportBuffer.sol";
import {ObservationCounts} from "../internal/ObservationCounts.sol";
import {Reimbursements} from "../internal/Reimbursements.sol";
import {TransmissionCost} from "../internal/TransmissionCost.sol";
import {OCR1State} from "./OCR1State.sol";

/// @title The payments part of an OCR1 aggregator
abstract contract OCR1Billing is OCR1BillingInterface, OCR1State, AggregatorPayees {
  uint256 private constant LINK_GWEI = 1e9;
  uint256 private constant GWEI = 1e9;

  /// @dev Gas that a byte of calldata costs, not counting that zero bytes are cheaper.
  uint256 private constant GAS_PER_CALLDATA_BYTE = 16;

  ObservationCounts internal s_counts;
  Reimbursements internal s_reimbursements;

  LinkTokenInterface private s_linkToken;
  AccessControllerInterface private s_billingAccessController;

  constructor(
    uint32 maximumGasPrice,
    uint32 reasonableGasPrice,
    uint32 microLinkPerEth,
    uint32 linkGweiPerObservation,
    uint32 linkGweiPerTransmission
  ) {
    s_counts.initialize();
    // The prices need a place from the beginning: a configuration without oracles.
    (Config config, uint256 length) = ConfigLib.make(0, 0, 0, 0, 0);
    _storePrices(
      s_hot,
      config,
      length,
      OCR1PricesLib.pack(
        maximumGasPrice, reasonableGasPrice, microLinkPerEth, linkGweiPerObservation, linkGweiPerTransmission
      )
    );
  }

  /// @dev Lets the owner pass, and whoever the billing access controller admits. The owner passes without asking it.
  modifier onlyOwnerOrBillingAdmin() {
    require(
      _isOwner(msg.sender) || s_billingAccessController.hasAccess(msg.sender, msg.data),
      "Only owner&billingAdmin can call"
    );
    _;
  }

  /// @inheritdoc OCR1BillingInterface
  function setBilling(
    uint32 maximumGasPrice,
    uint32 reasonableGasPrice,
    uint32 microLinkPerEth,
    uint32 linkGweiPerObservation,
    uint32 linkGweiPerTransmission
  ) external override onlyOwnerOrBillingAdmin {
    Config config = _payOracles();
    HotWord hot = s_hot;
    _storePrices(
      hot,
      config,
      hot.configLength(),
      OCR1PricesLib.pack(
        maximumGasPrice, reasonableGasPrice, microLinkPerEth, linkGweiPerObservation, linkGweiPerTransmission
      )
    );
  }

  /// @inheritdoc OCR1BillingInterface
  function getBilling()
    external
    view
    override
    returns (
      uint32 maximumGasPrice,
      uint32 reasonableGasPrice,
      uint32 microLinkPerEth,
      uint32 linkGweiPerObservation,
      uint32 linkGweiPerTransmission
    )
  {
    OCR1Prices prices = _pricesOf(_loadConfig(s_hot));
    return (
      prices.maximumGasPrice(),
      prices.reasonableGasPrice(),
      prices.microLinkPerEth(),
      prices.linkGweiPerObservation(),
      prices.linkGweiPerTransmission()
    );
  }

  /// @inheritdoc OCR1BillingInterface
  function setBillingAccessController(AccessControllerInterface _billingAccessController) external override onlyOwner {
    _setBillingAccessController(_billingAccessController);
  }

  /// @inheritdoc OCR1BillingInterface
  function billingAccessController() external view override returns (AccessControllerInterface) {
    return s_billingAccessController;
  }

  /// @inheritdoc OCR1BillingInterface
  function setLinkToken(LinkTokenInterface linkToken, address recipient) external override onlyOwner {
    LinkTokenInterface oldLinkToken = s_linkToken;
    if (address(linkToken) == address(oldLinkToken)) return;
    // Whatever it answers: the call reverts if this is not a token.
    linkToken.balanceOf(address(this));
    _payOracles();
    uint256 rest = oldLinkToken.balanceOf(address(this));
    require(oldLinkToken.transfer(recipient, rest), "transfer remaining funds failed");
    _setLinkToken(linkToken);
  }

  /// @inheritdoc OCR1BillingInterface
  function getLinkToken() external view override returns (LinkTokenInterface linkToken) {
    return s_linkToken;
  }

  /// @inheritdoc OCR1BillingInterface
  function withdrawPayment(address transmitter) external override {
    require(msg.sender == s_payees[transmitter], "Only payee can withdraw");
    Config config = _loadConfig(s_hot);
    uint256 entry = config.transmitterEntry(transmitter);
    if (entry == 0) return;
    _payOracle(s_linkToken, config, entry - 1);
  }

  /// @inheritdoc OCR1BillingInterface
  function withdrawFunds(address recipient, uint256 amount) external override onlyOwnerOrBillingAdmin {
    LinkTokenInterface linkToken = s_linkToken;
    uint256 due = _totalLinkDue();
    uint256 balance = linkToken.balanceOf(address(this));
    require(balance >= due, "insufficient balance");
    uint256 available = balance - due;
    require(linkToken.transfer(recipient, amount < available ? amount : available), "insufficient funds");
  }

  /// @inheritdoc OCR1BillingInterface
  function owedPayment(address signerOrTransmitter) external view override returns (uint256) {
    Config config = _loadConfig(s_hot);
    uint256 entry = _oracleEntry(config, signerOrTransmitter);
    if (entry == 0) return 0;
    return _owed(config, entry - 1);
  }

  /// @inheritdoc OCR1BillingInterface
  function oracleObservationCount(address signerOrTransmitter) external view override returns (uint16) {
    uint256 entry = _oracleEntry(_loadConfig(s_hot), signerOrTransmitter);
    if (entry == 0) return 0;
    return uint16(s_counts.load(entry - 1));
  }

  /// @inheritdoc OCR1BillingInterface
  function linkAvailableForPayment() external view override returns (int256 availableBalance) {
    return int256(s_linkToken.balanceOf(address(this))) - int256(_totalLinkDue());
  }

  function _pricesOf(Config config) internal pure returns (OCR1Prices) {
    return OCR1Prices.wrap(config.header().billing());
  }

  /// @dev Index plus one of an oracle, by either of its addresses; 0 if there is none.
  function _oracleEntry(Config config, address signerOrTransmitter) internal pure returns (uint256 entry) {
    entry = config.transmitterEntry(signerOrTransmitter);
    if (entry == 0) entry = config.signerEntry(signerOrTransmitter);
  }

  /// @dev Everything that is owed: for all observations, also those credited to indices that no oracle has, and for the
  /// transmissions of the oracles of the configuration.
  function _totalLinkDue() internal view returns (uint256 due) {
    Config config = _loadConfig(s_hot);
    due = s_counts.total() * _pricesOf(config).linkGweiPerObservation() * LINK_GWEI;
    uint256 n = config.header().n();
    for (uint256 i = 0; i < n; ++i) {
      due += s_reimbursements.load(i);
    }
  }

  /// @dev Pays every oracle what it is owed, in ascending order, and returns the configuration that it was owed under.
  function _payOracles() internal returns (Config config) {
    config = _loadConfig(s_hot);
    LinkTokenInterface linkToken = s_linkToken;
    uint256 n = config.header().n();
    for (uint256 i = 0; i < n; ++i) {
      _payOracle(linkToken, config, i);
    }
  }

  /// @dev The same in descending order.
  function _payOraclesFromTheLast() internal returns (Config config) {
    config = _loadConfig(s_hot);
    LinkTokenInterface linkToken = s_linkToken;
    for (uint256 i = config.header().n(); i > 0; --i) {
      _payOracle(linkToken, config, i - 1);
    }
  }

  /// @dev Counts the observations of a report, and credits its transmitter.
  /// @param index index of the transmitter
  /// @param initialGas gas at the start of transmit
  function _creditOracles(OCR1Prices prices, OCR1ReportBuffer buffer, uint256 index, uint256 initialGas) internal {
    s_counts.add(buffer.lowCounts(), buffer.highCounts());
    require(initialGas < type(uint32).max, "gas limit too high");
    unchecked {
      // A cost is less than 2^100 wei: 2^35 gas at 2^62 wei. So nothing here overflows.
      uint256 cost = TransmissionCost.inWei(
        initialGas,
        GasPrices.reimbursementGasPriceGwei(tx.gasprice / GWEI, prices.reasonableGasPrice(), prices.maximumGasPrice()),
        msg.data.length * GAS_PER_CALLDATA_BYTE,
        gasleft()
      );
      s_reimbursements.add(
        index, (cost * prices.microLinkPerEth()) / 1e6 + prices.linkGweiPerTransmission() * LINK_GWEI
      );
    }
  }

  function _linkToken() internal view returns (LinkTokenInterface) {
    return s_linkToken;
  }

  function _setLinkToken(LinkTokenInterface current) internal {
    emit LinkTokenSet(s_linkToken, current);
    s_linkToken = current;
  }

  function _setBillingAccessController(AccessControllerInterface current) internal {
    AccessControllerInterface old = s_billingAccessController;
    if (address(current) == address(old)) return;
    s_billingAccessController = current;
    emit BillingAccessControllerSet(old, current);
  }

  /// @dev What an oracle of the configuration is owed. Cannot overflow: 2^16 * 2^32 * 1e9 + 2^128.
  function _owed(Config config, uint256 index) private view returns (uint256) {
    unchecked {
      return
        s_counts.load(index) * _pricesOf(config).linkGweiPerObservation() * LINK_GWEI + s_reimbursements.load(index);
    }
  }

  /// @dev Pays oracle `index` what it is owed. If that is nothing, nothing at all happens; in particular observations that
  /// were worth nothing stay unpaid, and are worth something if the price rises later.
  function _payOracle(LinkTokenInterface linkToken, Config config, uint256 index) private {
    uint256 amount = _owed(config, index);
    if (amount == 0) return;
    // Settled before the token is called: a token that calls back finds nothing to be paid twice.
    s_counts.store(index, 0);
    s_reimbursements.settle(index);
    address transmitter = config.transmitterAt(index);
    address payee = s_payees[transmitter];
    require(linkToken.transfer(payee, amount), "insufficient funds");
    emit OraclePaid(transmitter, payee, amount, linkToken);
  }

  /// @dev Prices are read with every report and hardly ever changed: they are a part of the configuration's code, so changing
  /// them writes that code anew.
  function _storePrices(HotWord hot, Config config, uint256 length, OCR1Prices prices) private {
    config.setHeader(config.header().withBilling(OCR1Prices.unwrap(prices)));
    s_hot = hot.withConfig(config.store(length), length);
    emit BillingSet(
      prices.maximumGasPrice(),
      prices.reasonableGasPrice(),
      prices.microLinkPerEth(),
      prices.linkGweiPerObservation(),
      prices.linkGweiPerTransmission()
    );
  }
}
