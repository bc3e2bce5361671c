// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {TypeAndVersionInterface} from "../shared/interfaces/TypeAndVersionInterface.sol";

/// @title What every OCR2 contract offers to its oracles
/// @notice Offchain code that knows nothing about a contract but that it speaks OCR2 binds to this: it finds the
/// configuration, watches it change, and transmits reports.
abstract contract OCR2Abstract is TypeAndVersionInterface {
  /// @dev Most oracles that one configuration may have. Offchain the same bound keeps an oracle's index in one byte and
  /// the signature indices of a report in one word.
  /// @custom:ocr-constant MaxNumOracles
  uint256 internal constant maxNumOracles = 31;

  /// @notice A new configuration is in force.
  /// @dev This event is how oracles learn their configuration.
  /// @param previousConfigBlockNumber block of the event before this one, 0 if this is the first: events form a chain
  /// that can be walked back without searching
  /// @param configDigest identifies the configuration; every report is bound to it
  /// @param configCount how many configurations there have been, this one included
  /// @param signers onchain public key of each oracle, as the address that its signatures recover to
  /// @param transmitters address of each oracle that it sends transactions from
  /// @param f number of faulty oracles that the protocol must survive
  /// @param onchainConfig what the contract itself reads of the configuration
  /// @param offchainConfigVersion says how to read offchainConfig
  /// @param offchainConfig what only the oracles read of the configuration
  event ConfigSet(
    uint32 previousConfigBlockNumber,
    bytes32 configDigest,
    uint64 configCount,
    address[] signers,
    address[] transmitters,
    uint8 f,
    bytes onchainConfig,
    uint64 offchainConfigVersion,
    bytes offchainConfig
  );

  /// @notice A report was accepted.
  /// @dev Emitted only by contracts whose latestConfigDigestAndEpoch tells clients to scan the logs.
  /// @param configDigest configuration that the report is bound to
  /// @param epoch epoch of the report
  event Transmitted(bytes32 configDigest, uint32 epoch);

  /// @notice Puts a new configuration in force. Owner only.
  /// @param signers onchain public key of each oracle, as the address that its signatures recover to
  /// @param transmitters address of each oracle that it sends transactions from, in the same order
  /// @param f number of faulty oracles that the protocol must survive; positive, and less than a third of the oracles
  /// @param onchainConfig what the contract itself reads of the configuration
  /// @param offchainConfigVersion says how to read offchainConfig
  /// @param offchainConfig what only the oracles read of the configuration
  /// @custom:ocr-set-config
  function setConfig(
    address[] memory signers,
    address[] memory transmitters,
    uint8 f,
    bytes memory onchainConfig,
    uint64 offchainConfigVersion,
    bytes memory offchainConfig
  ) external virtual;

  /// @notice Which configuration is in force.
  /// @return configCount how many configurations there have been
  /// @return blockNumber block of the latest ConfigSet
  /// @return configDigest identifies the configuration
  function latestConfigDetails()
    external
    view
    virtual
    returns (uint32 configCount, uint32 blockNumber, bytes32 configDigest);

  /// @notice Configuration and epoch of the latest accepted report, for the oracles' transmission schedules.
  /// @return scanLogs if true, the other two mean nothing and the client looks for Transmitted logs instead
  /// @return configDigest configuration that is in force
  /// @return epoch epoch of the latest report accepted under it, 0 if none
  function latestConfigDigestAndEpoch()
    external
    view
    virtual
    returns (bool scanLogs, bytes32 configDigest, uint32 epoch);

  /// @notice Hands a report to the contract.
  /// @param reportContext three words: config digest; 27 bytes of padding, epoch as uint32, round as uint8; extra hash
  /// @param report the report, in the layout that the concrete contract asks for
  /// @param rs the r half of each signature; a signature is over keccak256(keccak256(report) || reportContext)
  /// @param ss the s half of each signature, in the same order
  /// @param rawVs byte i is the recovery id, 0 or 1, of signature i
  /// @custom:ocr-transmit
  function transmit(
    bytes32[3] calldata reportContext,
    bytes calldata report,
    bytes32[] calldata rs,
    bytes32[] calldata ss,
    bytes32 rawVs
  ) external virtual;
}
