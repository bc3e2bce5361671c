// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {AccessControllerInterface} from "../../shared/interfaces/AccessControllerInterface.sol";
import {LinkTokenInterface} from "../../shared/interfaces/LinkTokenInterface.sol";

/// @title How an OCR1 feed pays its oracles
/// @notice Oracles are paid in LINK, in two ways: a fixed reward for each observation of theirs that is in a report, and
/// for whoever transmits a report a fixed reward and the cost of its gas besides. Amounts are in juels, 1e-18 LINK, where
/// nothing else is said; prices are in 1e-9 LINK ("LINK gwei"), gas prices in gwei.
interface OCR1BillingInterface {
  /// @notice The prices changed; the parameters are those of setBilling.
  event BillingSet(
    uint32 maximumGasPrice,
    uint32 reasonableGasPrice,
    uint32 microLinkPerEth,
    uint32 linkGweiPerObservation,
    uint32 linkGweiPerTransmission
  );

  /// @notice The contract that says who, besides the owner, may change prices and withdraw funds, changed.
  event BillingAccessControllerSet(AccessControllerInterface old, AccessControllerInterface current);

  /// @notice An oracle was paid.
  /// @param transmitter the oracle
  /// @param payee who got the money
  /// @param amount how much
  /// @param linkToken the token that it was paid in
  event OraclePaid(
    address indexed transmitter, address indexed payee, uint256 amount, LinkTokenInterface indexed linkToken
  );

  /// @notice Oracles are paid in another token from now on.
  event LinkTokenSet(LinkTokenInterface indexed _oldLinkToken, LinkTokenInterface indexed _newLinkToken);

  /// @notice Pays all oracles what they are owed at the current prices, then changes the prices. Owner, and whoever the
  /// billing access controller admits.
  /// @param maximumGasPrice highest gas price that is reimbursed, in gwei
  /// @param reasonableGasPrice gas price, in gwei, below which a transmitter also gets half of what it saved
  /// @param microLinkPerEth price of one ETH, in 1e-6 LINK
  /// @param linkGweiPerObservation reward of an oracle for an observation, in 1e-9 LINK
  /// @param linkGweiPerTransmission reward of the transmitter of a report, in 1e-9 LINK
  function setBilling(
    uint32 maximumGasPrice,
    uint32 reasonableGasPrice,
    uint32 microLinkPerEth,
    uint32 linkGweiPerObservation,
    uint32 linkGweiPerTransmission
  ) external;

  /// @notice The current prices, as given to setBilling.
  function getBilling()
    external
    view
    returns (
      uint32 maximumGasPrice,
      uint32 reasonableGasPrice,
      uint32 microLinkPerEth,
      uint32 linkGweiPerObservation,
      uint32 linkGweiPerTransmission
    );

  /// @notice Changes who, besides the owner, may change prices and withdraw funds. Owner only.
  function setBillingAccessController(AccessControllerInterface _billingAccessController) external;

  /// @notice Who says who, besides the owner, may change prices and withdraw funds.
  function billingAccessController() external view returns (AccessControllerInterface);

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
  /// @param amount how much; less is paid out if less is free
  function withdrawFunds(address recipient, uint256 amount) external;

  /// @notice What an oracle is owed; 0 for an account that is no oracle.
  /// @param signerOrTransmitter either of the two addresses of the oracle
  function owedPayment(address signerOrTransmitter) external view returns (uint256);

  /// @notice Observations for which an oracle has not been paid yet; 0 for an account that is no oracle.
  /// @param signerOrTransmitter either of the two addresses of the oracle
  /// @return at most 65534: it is counted no further
  function oracleObservationCount(address signerOrTransmitter) external view returns (uint16);

  /// @notice Funds minus everything that is owed; negative if more is owed than there is.
  function linkAvailableForPayment() external view returns (int256 availableBalance);
}
