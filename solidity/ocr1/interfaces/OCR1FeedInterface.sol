// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {AccessControllerInterface} from "../../shared/interfaces/AccessControllerInterface.sol";
import {AggregatorValidatorInterface} from "../../shared/interfaces/AggregatorValidatorInterface.sol";

/// @title What an OCR1 feed offers besides its oracles, its answers and its payments
interface OCR1FeedInterface {
  /// @notice Somebody wants a new round now. Oracles that see this propose one although nothing else calls for it.
  /// @param requester who asks
  /// @param configDigest configuration that is in force
  /// @param epoch epoch of the latest report
  /// @param round its round
  event RoundRequested(address indexed requester, bytes16 configDigest, uint32 epoch, uint8 round);

  /// @notice The contract that says who, besides the owner, may request rounds, changed.
  event RequesterAccessControllerSet(AccessControllerInterface old, AccessControllerInterface current);

  /// @notice Who validates new answers, or with how much gas, changed.
  event ValidatorConfigSet(
    AggregatorValidatorInterface indexed previousValidator,
    uint32 previousGasLimit,
    AggregatorValidatorInterface indexed currentValidator,
    uint32 currentGasLimit
  );

  /// @notice Lowest answer that the contract accepts.
  function minAnswer() external view returns (int192);

  /// @notice Highest answer that the contract accepts.
  function maxAnswer() external view returns (int192);

  /// @notice Asks the oracles for a round. Owner, and whoever the requester access controller admits.
  /// @return id of the round that comes next; not necessarily one that this request caused
  function requestNewRound() external returns (uint80);

  /// @notice Changes who, besides the owner, may request rounds. Owner only.
  function setRequesterAccessController(AccessControllerInterface _requesterAccessController) external;

  /// @notice Who says who, besides the owner, may request rounds.
  function requesterAccessController() external view returns (AccessControllerInterface);

  /// @notice Changes who is called with every new answer. Owner only.
  /// @param newValidator who to call; zero for nobody
  /// @param newGasLimit gas that the call gets. A transmitter must bring that much on top.
  function setValidatorConfig(AggregatorValidatorInterface newValidator, uint32 newGasLimit) external;

  /// @notice Who is called with every new answer, and with how much gas.
  function validatorConfig() external view returns (AggregatorValidatorInterface validator, uint32 gasLimit);
}
