// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

// What the bytes are that oracles and contract exchange.
import {EncodedConfig} from "../EncodedConfig.sol";
import {Report, ReportContext} from "../Report.sol";

/// @title What an OCR1 feed offers to its oracles
interface OCR1OracleInterface {
  /// @notice A new configuration is in force.
  /// @dev This event is how oracles learn their configuration. They compute its digest themselves.
  /// @param previousConfigBlockNumber block of the event before this one, 0 if this is the first: events form a chain
  /// that can be walked back without searching
  /// @param configCount how many configurations there have been, this one included
  /// @param signers onchain public key of each oracle, as the address that its signatures recover to
  /// @param transmitters address of each oracle that it sends transactions from
  /// @param threshold number of faulty oracles that the protocol must survive
  /// @param encodedConfigVersion says how to read encoded
  /// @param encoded what only the oracles read of the configuration, see EncodedConfig
  event ConfigSet(
    uint32 previousConfigBlockNumber,
    uint64 configCount,
    address[] signers,
    address[] transmitters,
    uint8 threshold,
    uint64 encodedConfigVersion,
    bytes encoded
  );

  /// @notice A report was accepted and is a round now.
  /// @param aggregatorRoundId id of the round
  /// @param answer median of the observations
  /// @param transmitter who sent the report
  /// @param observations what the oracles observed, in the order of the report
  /// @param observers byte i is the index of the oracle that made observation i
  /// @param rawReportContext what the report belongs to, see ReportContext
  event NewTransmission(
    uint32 indexed aggregatorRoundId,
    int192 answer,
    address transmitter,
    int192[] observations,
    bytes observers,
    bytes32 rawReportContext
  );

  /// @notice Puts a new configuration in force. Owner only.
  /// @param _signers onchain public key of each oracle, as the address that its signatures recover to
  /// @param _transmitters address of each oracle that it sends transactions from, in the same order; each must have a
  /// payee. No address may be there twice, not even once as a signer and once as a transmitter.
  /// @param _threshold number of faulty oracles that the protocol must survive; positive, and less than a third of the
  /// oracles
  /// @param _encodedConfigVersion says how to read _encoded
  /// @param _encoded what only the oracles read of the configuration, see EncodedConfig
  /// @custom:ocr-set-config
  function setConfig(
    address[] memory _signers,
    address[] memory _transmitters,
    uint8 _threshold,
    uint64 _encodedConfigVersion,
    bytes memory _encoded
  ) external;

  /// @notice Which configuration is in force.
  /// @return configCount how many configurations there have been
  /// @return blockNumber block of the latest ConfigSet
  /// @return configDigest identifies the configuration
  function latestConfigDetails() external view returns (uint32 configCount, uint32 blockNumber, bytes16 configDigest);

  /// @notice Transmission addresses of the oracles, by index.
  function transmitters() external view returns (address[] memory);

  /// @notice Hands a report to the contract.
  /// @param _report the report, see Report
  /// @param _rs the r half of each signature; a signature is over keccak256(_report). More than f + 1 signatures are as good
  /// as f + 1.
  /// @param _ss the s half of each signature, in the same order
  /// @param _rawVs byte i is the recovery id, 0 or 1, of signature i
  /// @custom:ocr-transmit
  function transmit(bytes calldata _report, bytes32[] calldata _rs, bytes32[] calldata _ss, bytes32 _rawVs) external;

  /// @notice Everything about the latest report. For offchain clients only: contracts cannot call this.
  /// @return configDigest configuration that is in force
  /// @return epoch epoch of the latest report under it, 0 if none
  /// @return round its round
  /// @return latestAnswer latest answer, of this or an earlier configuration
  /// @return latestTimestamp block timestamp of its transmission, in seconds
  function latestTransmissionDetails()
    external
    view
    returns (bytes16 configDigest, uint32 epoch, uint8 round, int192 latestAnswer, uint64 latestTimestamp);
}
