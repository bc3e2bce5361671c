// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {AccessControllerInterface} from "../../shared/interfaces/AccessControllerInterface.sol";
import {AggregatorValidatorInterface} from "../../shared/interfaces/AggregatorValidatorInterface.sol";

/// @title What a median feed offers besides its configuration, its answers and its payments
interface OCR2FeedInterface {
  /// @notice A report was accepted and is a round now.
  /// @param aggregatorRoundId id of the round
  /// @param answer median of the observations
  /// @param transmitter who sent the report
  /// @param observationsTimestamp when the observations were made, in seconds
  /// @param observations what the oracles observed, in the order of the report
  /// @param observers byte i is the index of the oracle that made observation i
  /// @param juelsPerFeeCoin price of one whole unit of the chain's fee coin, in juels
  /// @param configDigest configuration that the report is bound to
  /// @param epochAndRound epoch and, in the lowest byte, round of the report
  event NewTransmission(
    uint32 indexed aggregatorRoundId,
    int192 answer,
    address transmitter,
    uint32 observationsTimestamp,
    int192[] observations,
    bytes observers,
    int192 juelsPerFeeCoin,
    bytes32 configDigest,
    uint40 epochAndRound
  );

  /// @notice Somebody wants a new round now. Oracles that see this propose one although nothing else calls for it.
  /// @param requester who asks
  /// @param configDigest configuration that is in force
  /// @param epoch epoch of the latest report
  /// @param round its round
  event RoundRequested(address indexed requester, bytes32 configDigest, uint32 epoch, uint8 round);

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

  /// @notice Transmission addresses of the oracles, by index.
  function getTransmitters() external view returns (address[] memory);

  /// @notice Everything about the latest report. For offchain clients only: contracts cannot call this.
  /// @return configDigest configuration that is in force
  /// @return epoch epoch of the latest report under it, 0 if none
  /// @return round its round
  /// @return latestAnswer_ latest answer, of this or an earlier configuration
  /// @return latestTimestamp_ block timestamp of its transmission, in seconds
  function latestTransmissionDetails()
    external
    view
    returns (bytes32 configDigest, uint32 epoch, uint8 round, int192 latestAnswer_, uint64 latestTimestamp_);

  /// @notice Asks the oracles for a round. Owner, and whoever the requester access controller admits.
  /// @return id of the round that comes next; not necessarily one that this request caused
  function requestNewRound() external returns (uint80);

  /// @notice Changes who, besides the owner, may request rounds. Owner only.
  function setRequesterAccessController(AccessControllerInterface requesterAccessController) external;

  /// @notice Who says who, besides the owner, may request rounds.
  function getRequesterAccessController() external view returns (AccessControllerInterface);

  /// @notice Changes who is called with every new answer. Owner only.
  /// @param newValidator who to call; zero for nobody
  /// @param newGasLimit gas that the call gets. A transmitter must bring that much on top.
  function setValidatorConfig(AggregatorValidatorInterface newValidator, uint32 newGasLimit) external;

  /// @notice Who is called with every new answer, and with how much gas.
  function getValidatorConfig() external view returns (AggregatorValidatorInterface validator, uint32 gasLimit);
}
