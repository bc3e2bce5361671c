// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {AccessControllerInterface} from "../../shared/interfaces/AccessControllerInterface.sol";
import {AggregatorPayees} from "../../shared/aggregator/AggregatorPayees.sol";
import {Config, ConfigHeader} from "../../shared/aggregator/ConfigCode.sol";
import {GasPrices} from "../../shared/aggregator/GasPrices.sol";
import {HotWord} from "../../shared/aggregator/HotWord.sol";
import {LinkTokenInterface} from "../../shared/interfaces/LinkTokenInterface.sol";
import {OCR2BillingInterface} from "../interfaces/OCR2BillingInterface.sol";
import {Account, AccountLib} from "../internal/Account.sol";
import {Billing, BillingLib} from "../internal/Billing.sol";
import {GasCosts} from "../internal/GasCosts.sol";
import {AggregatorState} from "./AggregatorState.sol";

/// @title The payments part of an aggregator
abstract contract AggregatorBilling is OCR2BillingInterface, AggregatorState, AggregatorPayees {
  uint256 private constant GJUELS = 1e9;
  uint256 private constant GWEI = 1e9;

  /// @dev Gas that a byte of calldata costs, not counting that zero bytes are cheaper.
  uint256 private constant GAS_PER_CALLDATA_BYTE = 16;

  LinkTokenInterface private s_linkToken;
  AccessControllerInterface private s_billingAccessController;

  /// @dev Lets the owner pass, and whoever the billing access controller admits. The owner passes without asking it.
  modifier onlyOwnerOrBillingAdmin() {
    require(
      _isOwner(msg.sender) || s_billingAccessController.hasAccess(msg.sender, msg.data),
      "Only owner&billingAdmin can call"
    );
    _;
  }

  /// @inheritdoc OCR2BillingInterface
  function setBilling(
    uint32 maximumGasPriceGwei,
    uint32 reasonableGasPriceGwei,
    uint32 observationPaymentGjuels,
    uint32 transmissionPaymentGjuels,
    uint24 accountingGas
  ) external override onlyOwnerOrBillingAdmin {
    Config config = _payOracles();
    // Prices are read with every report and hardly ever changed: they are a part of the configuration's code, so changing
    // them writes that code anew.
    HotWord hot = s_hot;
    config.setHeader(
      config.header()
        .withBilling(
          Billing.unwrap(
            BillingLib.pack(
              maximumGasPriceGwei,
              reasonableGasPriceGwei,
              observationPaymentGjuels,
              transmissionPaymentGjuels,
              accountingGas
            )
          )
        )
    );
    s_hot = hot.withConfig(config.store(hot.configLength()), hot.configLength());
    emit BillingSet(
      maximumGasPriceGwei, reasonableGasPriceGwei, observationPaymentGjuels, transmissionPaymentGjuels, accountingGas
    );
  }

  /// @inheritdoc OCR2BillingInterface
  function getBilling()
    external
    view
    override
    returns (
      uint32 maximumGasPriceGwei,
      uint32 reasonableGasPriceGwei,
      uint32 observationPaymentGjuels,
      uint32 transmissionPaymentGjuels,
      uint24 accountingGas
    )
  {
    Billing billing = Billing.wrap(_loadConfig(s_hot).header().billing());
    return (
      billing.maximumGasPriceGwei(),
      billing.reasonableGasPriceGwei(),
      billing.observationPaymentGjuels(),
      billing.transmissionPaymentGjuels(),
      billing.accountingGas()
    );
  }

  /// @inheritdoc OCR2BillingInterface
  function setBillingAccessController(AccessControllerInterface _billingAccessController) external override onlyOwner {
    _setBillingAccessController(_billingAccessController);
  }

  /// @inheritdoc OCR2BillingInterface
  function getBillingAccessController() external view override returns (AccessControllerInterface) {
    return s_billingAccessController;
  }

  /// @inheritdoc OCR2BillingInterface
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

  /// @inheritdoc OCR2BillingInterface
  function getLinkToken() external view override returns (LinkTokenInterface linkToken) {
    return s_linkToken;
  }

  /// @inheritdoc OCR2BillingInterface
  function withdrawPayment(address transmitter) external override {
    require(msg.sender == s_payees[transmitter], "Only payee can withdraw");
    HotWord hot = s_hot;
    Config config = _loadConfig(hot);
    uint256 entry = config.transmitterEntry(transmitter);
    if (entry == 0) return;
    _payOracle(s_linkToken, config, entry - 1, hot.latestRoundId());
  }

  /// @inheritdoc OCR2BillingInterface
  function withdrawFunds(address recipient, uint256 amount) external override onlyOwnerOrBillingAdmin {
    LinkTokenInterface linkToken = s_linkToken;
    uint256 due = _totalLinkDue();
    uint256 balance = linkToken.balanceOf(address(this));
    require(balance >= due, "insufficient balance");
    uint256 available = balance - due;
    require(linkToken.transfer(recipient, amount < available ? amount : available), "insufficient funds");
  }

  /// @inheritdoc OCR2BillingInterface
  function owedPayment(address transmitterAddress) external view override returns (uint256) {
    HotWord hot = s_hot;
    Config config = _loadConfig(hot);
    uint256 entry = config.transmitterEntry(transmitterAddress);
    if (entry == 0) return 0;
    uint256 price = Billing.wrap(config.header().billing()).observationPaymentGjuels();
    return s_accounts.load(entry - 1).owed(hot.latestRoundId(), price);
  }

  /// @inheritdoc OCR2BillingInterface
  function oracleObservationCount(address transmitterAddress) external view override returns (uint32) {
    HotWord hot = s_hot;
    uint256 entry = _loadConfig(hot).transmitterEntry(transmitterAddress);
    if (entry == 0) return 0;
    return s_accounts.load(entry - 1).unpaidRounds(hot.latestRoundId());
  }

  /// @inheritdoc OCR2BillingInterface
  function linkAvailableForPayment() external view override returns (int256 availableBalance) {
    return int256(s_linkToken.balanceOf(address(this))) - int256(_totalLinkDue());
  }

  /// @dev Everything that is owed to the oracles of the configuration, in juels.
  function _totalLinkDue() internal view returns (uint256 due) {
    HotWord hot = s_hot;
    ConfigHeader header = _loadConfig(hot).header();
    uint256 price = Billing.wrap(header.billing()).observationPaymentGjuels();
    uint256 n = header.n();
    for (uint256 i = 0; i < n; ++i) {
      due += s_accounts.load(i).owed(hot.latestRoundId(), price);
    }
  }

  /// @dev Pays every oracle what it is owed, in ascending order, and returns the configuration that it was owed under.
  function _payOracles() internal returns (Config config) {
    HotWord hot = s_hot;
    config = _loadConfig(hot);
    LinkTokenInterface linkToken = s_linkToken;
    uint256 n = config.header().n();
    for (uint256 i = 0; i < n; ++i) {
      _payOracle(linkToken, config, i, hot.latestRoundId());
    }
  }

  /// @dev Pays oracle `index` what it is owed. If that is nothing, nothing at all happens; in particular rounds that were
  /// worth nothing stay unpaid, and are worth something if the price rises later.
  function _payOracle(LinkTokenInterface linkToken, Config config, uint256 index, uint32 latestRoundId) private {
    uint256 amount =
      s_accounts.load(index).owed(latestRoundId, Billing.wrap(config.header().billing()).observationPaymentGjuels());
    if (amount == 0) return;
    // Settled before the token is called: a token that calls back finds nothing to be paid twice.
    s_accounts.store(index, AccountLib.settledAt(latestRoundId));
    address transmitter = config.transmitterAt(index);
    address payee = s_payees[transmitter];
    require(linkToken.transfer(payee, amount), "insufficient funds");
    emit OraclePaid(transmitter, payee, amount, linkToken);
  }

  /// @dev Credits the transmitter of a report.
  /// @param index index of the transmitter
  /// @param juelsPerFeeCoin price of the fee coin; if it is negative, nothing is credited
  /// @param initialGas gas at the start of transmit; only the lower 32 bits count
  function _creditTransmitter(Billing billing, uint256 index, int192 juelsPerFeeCoin, uint256 initialGas) internal {
    if (juelsPerFeeCoin < 0) return;
    unchecked {
      // Nothing here may revert for the sake of a number: the report is good, however wild its prices are. So sums and
      // products wrap, and a payment that wrapped is dropped below.
      uint256 gasCostWei = GasCosts.transmitterGasCostWei(
        uint32(initialGas),
        GasPrices.reimbursementGasPriceGwei(
          tx.gasprice / GWEI, billing.reasonableGasPriceGwei(), billing.maximumGasPriceGwei()
        ),
        msg.data.length * GAS_PER_CALLDATA_BYTE,
        billing.accountingGas(),
        gasleft()
      );
      uint256 gasCostJuels = (gasCostWei * uint256(uint192(juelsPerFeeCoin))) / 1e18;
      Account account = s_accounts.load(index);
      uint96 before = account.paymentJuels();
      uint96 afterwards = uint96(uint256(before) + gasCostJuels + billing.transmissionPaymentGjuels() * GJUELS);
      if (afterwards < before) return;
      s_accounts.store(index, account.withPaymentJuels(afterwards));
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
}
