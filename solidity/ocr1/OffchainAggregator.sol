// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;
pragma abicoder v1;

import {AccessControllerInterface} from "../shared/interfaces/AccessControllerInterface.sol";
import {LinkTokenInterface} from "../shared/interfaces/LinkTokenInterface.sol";
import {TypeAndVersionInterface} from "../shared/interfaces/TypeAndVersionInterface.sol";
import {Owned} from "./Owned.sol";
import {OCR1Billing} from "./aggregator/OCR1Billing.sol";
import {OCR1Requests} from "./aggregator/OCR1Requests.sol";
import {OCR1Rounds} from "./aggregator/OCR1Rounds.sol";
import {OCR1Transmission} from "./aggregator/OCR1Transmission.sol";

/// @title A feed that OCR1 oracles report to
/// @notice Oracles observe a value, agree offchain on a report with the observations of a quorum, sign it, and one of them
/// transmits it here. The answer is the median of the observations: as long as no more than a third of the oracles is
/// faulty, it lies between two observations of honest ones.
contract OffchainAggregator is OCR1Transmission, OCR1Requests, Owned, TypeAndVersionInterface {
  /// @param maximumGasPrice highest gas price that is reimbursed, in gwei
  /// @param reasonableGasPrice gas price, in gwei, below which a transmitter also gets half of what it saved
  /// @param microLinkPerEth price of one ETH, in 1e-6 LINK
  /// @param linkGweiPerObservation reward of an oracle for an observation, in 1e-9 LINK
  /// @param linkGweiPerTransmission reward of the transmitter of a report, in 1e-9 LINK
  /// @param link token that oracles are paid in
  /// @param minAnswer_ lowest answer to accept
  /// @param maxAnswer_ highest answer to accept
  /// @param billingAccessController_ who says who, besides the owner, may change prices; zero for nobody
  /// @param requesterAccessController_ who says who, besides the owner, may request rounds; zero for nobody
  /// @param decimals_ number of decimals of an answer
  /// @param description_ what the feed answers, for people
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
    AccessControllerInterface requesterAccessController_,
    uint8 decimals_,
    string memory description_
  )
    OCR1Billing(maximumGasPrice, reasonableGasPrice, microLinkPerEth, linkGweiPerObservation, linkGweiPerTransmission)
    OCR1Transmission(minAnswer_, maxAnswer_)
    OCR1Rounds(decimals_, description_)
  {
    _setLinkToken(link);
    _setBillingAccessController(billingAccessController_);
    _setRequesterAccessController(requesterAccessController_);
  }

  /// @inheritdoc TypeAndVersionInterface
  function typeAndVersion() external pure virtual override returns (string memory) {
    return "OffchainAggregator 4.0.0";
  }
}
