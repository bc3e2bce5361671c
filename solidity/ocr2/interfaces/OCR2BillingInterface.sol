// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {AccessControllerInterface} from "../../shared/interfaces/AccessControllerInterface.sol";
import {LinkTokenInterface} from "../../shared/interfaces/LinkTokenInterface.sol";

/// @title How a feed pays its oracles
/// @notice Oracles are paid in LINK, in two ways: each of them a fixed reward for every round, and whoever transmits a
/// report a fixed reward and the cost of its gas besides. Amounts are in juels, 1e-18 LINK; a Gjuel is 1e-9 LINK.
interface OCR2BillingInterface {
  /// @notice The prices changed; the parameters are those of setBilling.
  event BillingSet(
    uint32 maximumGasPriceGwei,
    uint32 reasonableGasPriceGwei,
    uint32 observationPaymentGjuels,
    uint32 transmissionPaymentGjuels,
    uint24 accountingGas
  );

  /// @notice The contract that says who, besides the owner, may change prices and withdraw funds, changed.
  event BillingAccessControllerSet(AccessControllerInterface old, AccessControllerInterface current);

  /// @notice An oracle was paid.
  /// @param transmitter the oracle
  /// @param payee who got the money
  /// @param amount how much, in juels
  /// @param linkToken the token that it was paid in
  event OraclePaid(
    address indexed transmitter, address indexed payee, uint256 amount, LinkTokenInterface indexed linkToken
  );

  /// @notice Oracles are paid in another token from now on.
  event LinkTokenSet(LinkTokenInterface indexed oldLinkToken, LinkTokenInterface indexed newLinkToken);

  /// @notice Pays all oracles what they are owed at the current prices, then changes the prices. Owner, and whoever the
  /// billing access controller admits.
  /// @param maximumGasPriceGwei highest gas price that is reimbursed
  /// @param reasonableGasPriceGwei gas price below which a transmitter also gets half of what it saved
  /// @param observationPaymentGjuels reward of each oracle for each round
  /// @param transmissionPaymentGjuels reward of the transmitter of a round
  /// @param accountingGas gas that a transmission uses after its gas was measured
  function setBilling(
    uint32 maximumGasPriceGwei,
    uint32 reasonableGasPriceGwei,
    uint32 observationPaymentGjuels,
    uint32 transmissionPaymentGjuels,
    uint24 accountingGas
  ) external;

  /// @notice The current prices, as given to setBilling.
  function getBilling()
    external
    view
    returns (
      uint32 maximumGasPriceGwei,
      uint32 reasonableGasPriceGwei,
      uint32 observationPaymentGjuels,
      uint32 transmissionPaymentGjuels,
      uint24 accountingGas
    );

  /// @notice Changes who, besides the owner, may change prices and withdraw funds. Owner only.
  function setBillingAccessController(AccessControllerInterface _billingAccessController) external;

  /// @notice Who says who, besides the owner, may change prices and withdraw funds.
  function getBillingAccessController() external view returns (AccessControllerInterface);

  /// @notice Changes the token that oracles are paid in. Owner only. All oracles are paid in the old token first, and what
  /// is left of it goes to `recipient`. Nothing happens if the token is the same.
  /// @param linkToken the new token, a contract
  /// @param recipient who gets what is left of the old token
  function setLinkToken(LinkTokenInterface linkToken, address recipient) external;

  /// @notice The token that oracles are paid in.
  function getLinkToken() external view returns (LinkTokenInterface linkToken);

  /// @notice Pays one oracle what it is owed. Its payee only.
  /// @param transmitter the oracle
  function withdrawPayment(address transmitter) external;

  /// @notice Takes out funds that are not owed to the oracles. Owner, and whoever the billing access controller admits.
  /// @param recipient who gets the funds
  /// @param amount how much, in juels; less is paid out if less is free
  function withdrawFunds(address recipient, uint256 amount) external;

  /// @notice What an oracle is owed, in juels; 0 for an account that is not a transmitter.
  function owedPayment(address transmitterAddress) external view returns (uint256);

  /// @notice Rounds for which an oracle has not been paid yet; 0 for an account that is not a transmitter.
  function oracleObservationCount(address transmitterAddress) external view returns (uint32);

  /// @notice Funds minus everything that is owed, in juels; negative if more is owed than there is.
  function linkAvailableForPayment() external view returns (int256 availableBalance);
}
