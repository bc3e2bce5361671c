// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OnchainConfig, OnchainConfigLib} from "../../ocr2/OnchainConfig.sol";
import {OwnerRole} from "../../shared/access/OwnerRole.sol";
import {Transmission, TransmissionLib} from "../../shared/aggregator/Transmission.sol";
import {AggregatorInterface} from "../../shared/interfaces/AggregatorInterface.sol";
import {AggregatorV3Interface} from "../../shared/interfaces/AggregatorV3Interface.sol";
import {OCR3AttestationVerifierBase} from "../OCR3AttestationVerifierBase.sol";
import {FeedConfigDigest} from "./FeedConfigDigest.sol";
import {FeedReport, FeedReportLib} from "./FeedReport.sol";
import {
  AnswerOutOfRange,
  ConfigDigestMismatch,
  InvalidAnswerRange,
  InvalidNumberOfFaultyOracles,
  InvalidOnchainConfig,
  InvalidTransmitter,
  StaleReport,
  TooManyOracles,
  UnauthorizedTransmitter
} from "./OCR3FeedErrors.sol";
import {OCR3FeedInterface} from "./OCR3FeedInterface.sol";

/// @title A feed that OCR3 oracles report to
/// @notice Oracles observe a value, agree offchain on the median of their observations, attest to it, and one of them
/// transmits it here. The signature scheme is that of the verifier which a concrete contract joins with this one; everything
/// that OCR3AttestationVerifierBase asks of an application is done here, and nothing of it depends on the scheme.
///
/// Each report makes a round. Rounds are numbered from 1, without gaps, across configurations, and all of them stay readable:
/// consumers of an OCR2 feed can read from this one instead. There are no payments, no requests for rounds and no validator.
///
/// @dev A transmission reads two slots, the state and the digest of its sender, besides the keys; it writes two, the state
/// and the new round.
abstract contract OCR3Feed is OCR3FeedInterface, OCR3AttestationVerifierBase, OwnerRole {
  /// @dev Most oracles that one configuration may have. The verifiers would take one more; offchain, 31 is the limit of all
  /// protocols.
  /// @custom:ocr-constant FeedMaxNumOracles
  uint256 internal constant MAX_ORACLES = 31;

  /// @dev What a transmission needs to know and to remember, in one slot.
  /// @param latestSeqNr sequence number of the report accepted last under the configuration in force, 0 if none
  /// @param latestRoundId number of reports ever accepted
  /// @param configCount number of configurations ever set
  /// @param configBlockNumber block of the latest ConfigSet
  /// @param n number of oracles; the keys of the verifier belong to it
  /// @param f number of faulty oracles to survive
  struct State {
    uint64 latestSeqNr;
    uint32 latestRoundId;
    uint32 configCount;
    uint32 configBlockNumber;
    uint8 n;
    uint8 f;
  }

  /// @inheritdoc AggregatorV3Interface
  uint256 public constant override version = 1;

  /// @inheritdoc AggregatorV3Interface
  uint8 public immutable override decimals;

  /// @inheritdoc OCR3FeedInterface
  int192 public immutable override minAnswer;

  /// @inheritdoc OCR3FeedInterface
  int192 public immutable override maxAnswer;

  /// @inheritdoc AggregatorV3Interface
  string public override description;

  State private s_state;
  bytes32 private s_configDigest;

  /// @dev For each configuration, by its number, the digest under the address of each transmitter. So one read tells whether
  /// an account may transmit and what digest is in force, and no configuration leaves anything behind that has to be cleared.
  mapping(uint32 configCount => mapping(address transmitter => bytes32 configDigest)) private s_digestOf;

  mapping(uint32 roundId => Transmission) private s_transmissions;

  /// @param minAnswer_ lowest answer to accept
  /// @param maxAnswer_ highest answer to accept
  /// @param decimals_ number of decimals of an answer
  /// @param description_ what the feed answers, for people
  constructor(int192 minAnswer_, int192 maxAnswer_, uint8 decimals_, string memory description_) {
    if (minAnswer_ > maxAnswer_) revert InvalidAnswerRange(minAnswer_, maxAnswer_);
    minAnswer = minAnswer_;
    maxAnswer = maxAnswer_;
    decimals = decimals_;
    description = description_;
  }

  // ---------------------------------------------------------------------------------------------------- configuration

  /// @inheritdoc OCR3FeedInterface
  function setConfig(
    bytes calldata keys,
    address[] memory transmitters,
    uint8 f,
    bytes memory onchainConfig,
    uint64 offchainConfigVersion,
    bytes memory offchainConfig
  ) external override onlyOwner {
    uint256 n = transmitters.length;
    if (n > MAX_ORACLES) revert TooManyOracles(n);
    if (f == 0 || 3 * uint256(f) >= n) revert InvalidNumberOfFaultyOracles(n, f);
    _requireOwnBounds(onchainConfig);

    State memory state = s_state;
    uint32 previousConfigBlockNumber = state.configBlockNumber;
    state.latestSeqNr = 0;
    state.configCount += 1;
    state.configBlockNumber = uint32(block.number);
    (state.n, state.f) = (uint8(n), f);
    s_state = state;
    // Reverts unless there are n keys.
    _setVerificationKeys(uint8(n), keys);

    // The count makes the digests of equal configurations differ, chain and address those of equal feeds.
    bytes32 configDigest = FeedConfigDigest.configDigestFromConfigData(
      block.chainid,
      address(this),
      state.configCount,
      keys,
      transmitters,
      f,
      onchainConfig,
      offchainConfigVersion,
      offchainConfig
    );
    s_configDigest = configDigest;
    _admit(transmitters, state.configCount, configDigest);
    emit ConfigSet(
      previousConfigBlockNumber,
      configDigest,
      state.configCount,
      keys,
      transmitters,
      f,
      onchainConfig,
      offchainConfigVersion,
      offchainConfig
    );
  }

  /// @inheritdoc OCR3FeedInterface
  function latestConfigDetails()
    external
    view
    override
    returns (uint32 configCount, uint32 blockNumber, bytes32 configDigest)
  {
    return (s_state.configCount, s_state.configBlockNumber, s_configDigest);
  }

  /// @inheritdoc OCR3FeedInterface
  function isTransmitter(address account) external view override returns (bool) {
    return s_digestOf[s_state.configCount][account] != 0;
  }

  /// @dev Reverts unless the onchain configuration states the bounds that this feed has: oracles read them there.
  function _requireOwnBounds(bytes memory onchainConfig) private view {
    bytes memory own = OnchainConfigLib.encode(OnchainConfig(OnchainConfigLib.VERSION, minAnswer, maxAnswer));
    if (keccak256(onchainConfig) != keccak256(own)) revert InvalidOnchainConfig();
  }

  /// @dev Lets the transmitters of a new configuration in.
  function _admit(address[] memory transmitters, uint32 configCount, bytes32 configDigest) private {
    mapping(address => bytes32) storage digestOf = s_digestOf[configCount];
    for (uint256 i = 0; i < transmitters.length; ++i) {
      address transmitter = transmitters[i];
      if (transmitter == address(0) || digestOf[transmitter] != 0) revert InvalidTransmitter(transmitter);
      digestOf[transmitter] = configDigest;
    }
  }

  // ----------------------------------------------------------------------------------------------------- transmission

  /// @inheritdoc OCR3FeedInterface
  function transmit(bytes32 configDigest, uint64 seqNr, bytes calldata report, bytes calldata attestation)
    external
    override
  {
    State memory state = s_state;
    bytes32 inForce = s_digestOf[state.configCount][msg.sender];
    if (inForce == 0) revert UnauthorizedTransmitter(msg.sender);
    if (configDigest != inForce) revert ConfigDigestMismatch(inForce, configDigest);
    if (seqNr <= state.latestSeqNr) revert StaleReport(state.latestSeqNr, seqNr);
    _verifyAttestation(configDigest, seqNr, state.n, state.f, report, attestation);

    // One honest oracle at least stands behind the report from here on.
    FeedReport memory r = FeedReportLib.decode(report);
    if (r.answer < minAnswer || maxAnswer < r.answer) revert AnswerOutOfRange(r.answer);

    uint32 roundId = state.latestRoundId + 1;
    (s_state.latestSeqNr, s_state.latestRoundId) = (seqNr, roundId);
    s_transmissions[roundId] = TransmissionLib.pack(r.answer, r.observationsTimestamp, uint32(block.timestamp));

    emit NewTransmission(roundId, r.answer, msg.sender, r.observationsTimestamp, configDigest, seqNr);
    emit NewRound(roundId, address(0), r.observationsTimestamp);
    emit AnswerUpdated(r.answer, roundId, block.timestamp);
  }

  /// @inheritdoc OCR3FeedInterface
  function latestTransmissionDetails()
    external
    view
    override
    returns (
      bytes32 configDigest,
      uint64 seqNr,
      int192 answer,
      uint32 observationsTimestamp,
      uint32 transmissionTimestamp
    )
  {
    Transmission t = s_transmissions[s_state.latestRoundId];
    return (s_configDigest, s_state.latestSeqNr, t.answer(), t.observationsTimestamp(), t.transmissionTimestamp());
  }

  // ---------------------------------------------------------------------------------------------------------- answers

  /// @inheritdoc AggregatorInterface
  function latestAnswer() external view override returns (int256) {
    return s_transmissions[s_state.latestRoundId].answer();
  }

  /// @inheritdoc AggregatorInterface
  function latestTimestamp() external view override returns (uint256) {
    return s_transmissions[s_state.latestRoundId].transmissionTimestamp();
  }

  /// @inheritdoc AggregatorInterface
  function latestRound() external view override returns (uint256) {
    return s_state.latestRoundId;
  }

  /// @inheritdoc AggregatorInterface
  function getAnswer(uint256 roundId) external view override returns (int256) {
    if (roundId > type(uint32).max) return 0;
    return s_transmissions[uint32(roundId)].answer();
  }

  /// @inheritdoc AggregatorInterface
  function getTimestamp(uint256 roundId) external view override returns (uint256) {
    if (roundId > type(uint32).max) return 0;
    return s_transmissions[uint32(roundId)].transmissionTimestamp();
  }

  /// @inheritdoc AggregatorV3Interface
  function getRoundData(uint80 _roundId)
    external
    view
    override
    returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
  {
    if (_roundId > type(uint32).max) return (0, 0, 0, 0, 0);
    return _roundData(uint32(_roundId));
  }

  /// @inheritdoc AggregatorV3Interface
  function latestRoundData()
    external
    view
    override
    returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
  {
    return _roundData(s_state.latestRoundId);
  }

  function _roundData(uint32 id) private view returns (uint80, int256, uint256, uint256, uint80) {
    Transmission t = s_transmissions[id];
    return (id, t.answer(), t.observationsTimestamp(), t.transmissionTimestamp(), id);
  }
}
