// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @notice The part of an OCR1 configuration that only the oracles read. On the wire, as the `encoded` argument of setConfig,
/// it is the ABI encoding of this struct as one tuple. Durations are in nanoseconds.
/// @param deltaProgress time without progress after which oracles move on to the next epoch
/// @param deltaResend time after which an oracle repeats its newest NEWEPOCH message
/// @param deltaRound time between the starts of two rounds of a leader
/// @param deltaGrace time that a leader waits for late observations
/// @param deltaC time after which a report is due even if nothing changed
/// @param alphaPPB relative change of the answer, in parts per billion, that makes a report due
/// @param deltaStage time between two stages of transmission
/// @param rMax number of rounds in an epoch
/// @param s number of oracles that transmit in each stage
/// @param offchainPublicKeys key of each oracle for its messages to other oracles
/// @param peerIDs network identity of each oracle, joined with commas
/// @param sharedSecretEncryptions the secret that all oracles share
/// @custom:ocr-report EncodedConfig tuple
struct EncodedConfig {
  int64 deltaProgress;
  int64 deltaResend;
  int64 deltaRound;
  int64 deltaGrace;
  int64 deltaC;
  uint64 alphaPPB;
  int64 deltaStage;
  uint8 rMax;
  uint8[] s;
  bytes32[] offchainPublicKeys;
  string peerIDs;
  SharedSecretEncryptions sharedSecretEncryptions;
}

/// @notice A secret, encrypted for each oracle.
/// @param diffieHellmanPoint public key that the keys of the encryptions are derived with
/// @param sharedSecretHash hash of the secret, by which an oracle knows that it decrypted the right one
/// @param encryptions the secret encrypted for each oracle
struct SharedSecretEncryptions {
  bytes32 diffieHellmanPoint;
  bytes32 sharedSecretHash;
  bytes16[] encryptions;
}

/// @title The codec of EncodedConfig
library EncodedConfigLib {
  function encode(EncodedConfig memory config) internal pure returns (bytes memory) {
    return abi.encode(config);
  }

  /// @dev Reverts on whatever is not the encoding of a configuration. Trailing bytes are left alone.
  function decode(bytes memory encoded) internal pure returns (EncodedConfig memory) {
    return abi.decode(encoded, (EncodedConfig));
  }
}
