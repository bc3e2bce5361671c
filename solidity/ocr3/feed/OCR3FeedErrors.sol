// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title Why a feed on OCR3 refuses a configuration or a report
/// @notice What is wrong with keys and attestations is said by the errors of OCR3AttestationErrors.sol.

/// @notice The lowest answer that a feed accepts is above the highest.
/// @param minAnswer the lowest
/// @param maxAnswer the highest
error InvalidAnswerRange(int192 minAnswer, int192 maxAnswer);

/// @notice There are more oracles than a configuration may have.
/// @param n number of oracles
error TooManyOracles(uint256 n);

/// @notice f is zero, or not less than a third of the oracles.
/// @param n number of oracles
/// @param f number of faulty oracles to survive
error InvalidNumberOfFaultyOracles(uint256 n, uint8 f);

/// @notice The onchain configuration does not state the bounds of answers that this feed has.
error InvalidOnchainConfig();

/// @notice A transmitter is the zero address, or is in the list twice.
/// @param transmitter the address
error InvalidTransmitter(address transmitter);

/// @notice The caller is no transmitter of the configuration in force.
/// @param caller who called
error UnauthorizedTransmitter(address caller);

/// @notice The report was made under another configuration than the one in force.
/// @param inForce digest of the configuration in force
/// @param reported digest of the report's configuration
error ConfigDigestMismatch(bytes32 inForce, bytes32 reported);

/// @notice A report of this sequence number or a higher one was accepted before.
/// @param latestSeqNr sequence number of the report accepted last
/// @param seqNr sequence number of the report
error StaleReport(uint64 latestSeqNr, uint64 seqNr);

/// @notice The report, although the oracles attest to it, is not as long as a FeedReport.
/// @param length bytes of the report
error InvalidReportLength(uint256 length);

/// @notice The answer, although the oracles attest to it, is below minAnswer or above maxAnswer.
/// @param answer the answer
error AnswerOutOfRange(int192 answer);
