// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OnchainConfig, OnchainConfigLib} from "ocr/ocr2/OnchainConfig.sol";
import {OCR3Attestations} from "ocr/ocr3/OCR3Attestations.sol";
import {BLSAttestation, BLSKey, BLSKeys, ECDSAAttestation, ECDSAKeys, OCR3Encodings} from "ocr/ocr3/OCR3Encodings.sol";
import {FeedConfigDigest} from "ocr/ocr3/feed/FeedConfigDigest.sol";
import {FeedReport, FeedReportLib} from "ocr/ocr3/feed/FeedReport.sol";

/// @title What is internal to the verifiers and feeds, to call
/// @notice The proofs in gen/ocr3 run the codecs of Go against these.
contract ExposedOCR3 {
  function exposedReportHash(bytes32 configDigest, uint64 seqNr, bytes32 hashOfReport) external pure returns (bytes32) {
    return OCR3Attestations.reportHash(configDigest, seqNr, hashOfReport);
  }

  function exposedEncodeECDSAAttestation(ECDSAAttestation memory a) external pure returns (bytes memory) {
    return OCR3Encodings.encode(a);
  }

  function exposedDecodeECDSAAttestation(bytes memory data) external pure returns (ECDSAAttestation memory) {
    return OCR3Encodings.decodeECDSAAttestation(data);
  }

  function exposedEncodeECDSAKeys(ECDSAKeys memory k) external pure returns (bytes memory) {
    return OCR3Encodings.encode(k);
  }

  function exposedDecodeECDSAKeys(bytes memory data) external pure returns (ECDSAKeys memory) {
    return OCR3Encodings.decodeECDSAKeys(data);
  }

  function exposedEncodeBLSAttestation(BLSAttestation memory a) external pure returns (bytes memory) {
    return OCR3Encodings.encode(a);
  }

  function exposedDecodeBLSAttestation(bytes memory data) external pure returns (BLSAttestation memory) {
    return OCR3Encodings.decodeBLSAttestation(data);
  }

  function exposedEncodeBLSKey(BLSKey memory k) external pure returns (bytes memory) {
    return OCR3Encodings.encode(k);
  }

  function exposedDecodeBLSKey(bytes memory data) external pure returns (BLSKey memory) {
    return OCR3Encodings.decodeBLSKey(data);
  }

  function exposedEncodeBLSKeys(BLSKeys memory k) external pure returns (bytes memory) {
    return OCR3Encodings.encode(k);
  }

  function exposedDecodeBLSKeys(bytes memory data) external pure returns (BLSKeys memory) {
    return OCR3Encodings.decodeBLSKeys(data);
  }

  function exposedEncodeFeedReport(FeedReport memory report) external pure returns (bytes memory) {
    return FeedReportLib.encode(report);
  }

  function exposedDecodeFeedReport(bytes calldata data) external pure returns (FeedReport memory) {
    return FeedReportLib.decode(data);
  }

  function exposedEncodeOnchainConfig(OnchainConfig memory config) external pure returns (bytes memory) {
    return OnchainConfigLib.encode(config);
  }

  function exposedDecodeOnchainConfig(bytes memory data) external pure returns (OnchainConfig memory) {
    return OnchainConfigLib.decode(data);
  }

  function exposedConfigDigestFromConfigData(
    uint256 chainId,
    address contractAddress,
    uint64 configCount,
    bytes memory keys,
    address[] memory transmitters,
    uint8 f,
    bytes memory onchainConfig,
    uint64 offchainConfigVersion,
    bytes memory offchainConfig
  ) external pure returns (bytes32) {
    return FeedConfigDigest.configDigestFromConfigData(
      chainId, contractAddress, configCount, keys, transmitters, f, onchainConfig, offchainConfigVersion, offchainConfig
    );
  }
}
