// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OwnerIsCreator} from "../shared/access/OwnerIsCreator.sol";
import {AccessControllerInterface} from "../shared/interfaces/AccessControllerInterface.sol";
import {LinkTokenInterface} from "../shared/interfaces/LinkTokenInterface.sol";
import {TypeAndVersionInterface} from "../shared/interfaces/TypeAndVersionInterface.sol";
import {AggregatorConfiguration} from "./aggregator/AggregatorConfiguration.sol";
import {AggregatorRequests} from "./aggregator/AggregatorRequests.sol";
import {AggregatorRounds} from "./aggregator/AggregatorRounds.sol";
import {AggregatorTransmission} from "./aggregator/AggregatorTransmission.sol";

/// @title A feed that OCR2 oracles report to
/// @notice Oracles observe a value, agree offchain on a report with the observations of a quorum, sign it, and one of them
/// transmits it here. The answer is the median of the observations: as long as no more than f oracles are faulty, it lies
/// between two observations of honest ones.
contract OCR2Aggregator is AggregatorTransmission, AggregatorRequests, OwnerIsCreator {
  /// @param link token that oracles are paid in
  /// @param minAnswer_ lowest answer to accept
  /// @param maxAnswer_ highest answer to accept
  /// @param billingAccessController who says who, besides the owner, may change prices; zero for nobody
  /// @param requesterAccessController who says who, besides the owner, may request rounds; zero for nobody
  /// @param decimals_ number of decimals of an answer
  /// @param description_ what the feed answers, for people
  constructor(
    LinkTokenInterface link,
    int192 minAnswer_,
    int192 maxAnswer_,
    AccessControllerInterface billingAccessController,
    AccessControllerInterface requesterAccessController,
    uint8 decimals_,
    string memory description_
  ) AggregatorConfiguration(minAnswer_, maxAnswer_) AggregatorRounds(decimals_, description_) {
    _setLinkToken(link);
    _setBillingAccessController(billingAccessController);
    _setRequesterAccessController(requesterAccessController);
  }

  /// @inheritdoc TypeAndVersionInterface
  function typeAndVersion() external pure virtual override returns (string memory) {
    return "OCR2Aggregator 1.0.0";
  }
}
