// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {AggregatorV2V3Interface} from "../../shared/interfaces/AggregatorV2V3Interface.sol";
import {TypeAndVersionInterface} from "../../shared/interfaces/TypeAndVersionInterface.sol";

/// @title What a feed on OCR3 offers to its owner, its oracles and its readers
/// @notice The same for all signature schemes: a client that knows this ABI can work with each of them. The contract says itself
/// which scheme it has.
interface OCR3FeedInterface is AggregatorV2V3Interface, TypeAndVersionInterface {
  /// @notice A new configuration is in force.
  /// @dev This event is how oracles learn their configuration.
  /// @param previousConfigBlockNumber block of the event before this one, 0 if this is the first: events form a chain
  /// that can be walked back without searching
  /// @param configDigest identifies the configuration; every report is bound to it
  /// @param configCount how many configurations there have been, this one included
  /// @param keys keys that the oracles sign with, by index, one behind the other; each has keyLength() bytes
  /// @param transmitters address of each oracle that it sends transactions from, by index
  /// @param f number of faulty oracles that the protocol must survive
  /// @param onchainConfig what the contract itself reads of the configuration
  /// @param offchainConfigVersion says how to read offchainConfig
  /// @param offchainConfig what only the oracles read of the configuration
  event ConfigSet(
    uint32 previousConfigBlockNumber,
    bytes32 configDigest,
    uint64 configCount,
    bytes keys,
    address[] transmitters,
    uint8 f,
    bytes onchainConfig,
    uint64 offchainConfigVersion,
    bytes offchainConfig
  );

  /// @notice A report was accepted and is a round now.
  /// @param aggregatorRoundId id of the round
  /// @param answer answer of the report
  /// @param transmitter who sent the report
  /// @param observationsTimestamp when the observations were made, in seconds
  /// @param configDigest configuration that the report is bound to
  /// @param seqNr sequence number of the report in that configuration
  event NewTransmission(
    uint32 indexed aggregatorRoundId,
    int192 answer,
    address transmitter,
    uint32 observationsTimestamp,
    bytes32 configDigest,
    uint64 seqNr
  );

  /// @notice Puts a new configuration in force. Owner only. Reports of the one before are worth nothing from here on.
  /// @param keys keys that the oracles sign with, by index, one behind the other; each has keyLength() bytes
  /// @param transmitters address of each oracle that it sends transactions from, by index, all different; their number is the
  /// number of oracles, 31 at most
  /// @param f number of faulty oracles that the protocol must survive; positive, and less than a third of the oracles
  /// @param onchainConfig the bounds of answers as an OnchainConfig; since they never change, there is only one that is accepted
  /// @param offchainConfigVersion says how to read offchainConfig
  /// @param offchainConfig what only the oracles read of the configuration
  /// @custom:ocr-set-config
  function setConfig(
    bytes calldata keys,
    address[] calldata transmitters,
    uint8 f,
    bytes calldata onchainConfig,
    uint64 offchainConfigVersion,
    bytes calldata offchainConfig
  ) external;

  /// @notice Hands a report to the contract. Transmitters only.
  /// @param configDigest configuration that the report was made under: the one in force
  /// @param seqNr sequence number of the report's round, higher than that of the report accepted last
  /// @param report a FeedReport
  /// @param attestation signatures of f + 1 oracles, in the form of the scheme
  /// @custom:ocr-transmit
  function transmit(bytes32 configDigest, uint64 seqNr, bytes calldata report, bytes calldata attestation) external;

  /// @notice Which configuration is in force.
  /// @return configCount how many configurations there have been
  /// @return blockNumber block of the latest ConfigSet
  /// @return configDigest identifies the configuration; zero if there is none yet
  function latestConfigDetails() external view returns (uint32 configCount, uint32 blockNumber, bytes32 configDigest);

  /// @notice Everything about the latest report.
  /// @return configDigest configuration that is in force
  /// @return seqNr sequence number of the latest report accepted under it, 0 if none
  /// @return answer latest answer, of this or an earlier configuration, 0 if none
  /// @return observationsTimestamp when its observations were made, in seconds
  /// @return transmissionTimestamp block timestamp of its transmission, in seconds
  function latestTransmissionDetails()
    external
    view
    returns (
      bytes32 configDigest,
      uint64 seqNr,
      int192 answer,
      uint32 observationsTimestamp,
      uint32 transmissionTimestamp
    );

  /// @notice Whether an account may transmit reports of the configuration in force.
  function isTransmitter(address account) external view returns (bool);

  /// @notice Lowest answer that the contract accepts.
  function minAnswer() external view returns (int192);

  /// @notice Highest answer that the contract accepts.
  function maxAnswer() external view returns (int192);

  /// @notice Signature scheme of the attestations: "ecdsa" (secp256k1) or "bls" (BN254).
  function attestationScheme() external pure returns (string memory);

  /// @notice Length in bytes of a key of that scheme.
  function keyLength() external pure returns (uint256);
}
