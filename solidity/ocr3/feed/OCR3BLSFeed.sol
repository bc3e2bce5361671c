// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OwnerIsCreator} from "../../shared/access/OwnerIsCreator.sol";
import {TypeAndVersionInterface} from "../../shared/interfaces/TypeAndVersionInterface.sol";
import {OCR3BLSAttestationVerifier} from "../OCR3BLSAttestationVerifier.sol";
import {OCR3BLSAttestationVerifierLib} from "../OCR3BLSAttestationVerifierLib.sol";
import {OCR3Feed} from "./OCR3Feed.sol";
import {OCR3FeedInterface} from "./OCR3FeedInterface.sol";

/// @title A feed on OCR3 whose oracles attest with BLS signatures over BN254
/// @notice For the forms of keys and attestations see OCR3BLSAttestationVerifierLib; for all else OCR3Feed.
contract OCR3BLSFeed is OwnerIsCreator, OCR3BLSAttestationVerifier, OCR3Feed {
  /// @param minAnswer_ lowest answer to accept
  /// @param maxAnswer_ highest answer to accept
  /// @param decimals_ number of decimals of an answer
  /// @param description_ what the feed answers, for people
  constructor(int192 minAnswer_, int192 maxAnswer_, uint8 decimals_, string memory description_)
    OCR3Feed(minAnswer_, maxAnswer_, decimals_, description_)
  {}

  /// @inheritdoc TypeAndVersionInterface
  function typeAndVersion() external pure override returns (string memory) {
    return "OCR3BLSFeed 1.0.0";
  }

  /// @inheritdoc OCR3FeedInterface
  function attestationScheme() external pure override returns (string memory) {
    return "bls";
  }

  /// @inheritdoc OCR3FeedInterface
  function keyLength() external pure override returns (uint256) {
    return OCR3BLSAttestationVerifierLib.KEY_LENGTH;
  }
}
