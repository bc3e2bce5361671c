// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OCR2Abstract} from "ocr/ocr2/OCR2Abstract.sol";
import {ConfigDigestEVMSimple} from "ocr/ocr2/internal/ConfigDigestEVMSimple.sol";
import {OwnerIsCreator} from "ocr/shared/access/OwnerIsCreator.sol";

/// @title An OCR2 contract without any tricks, to build small examples on
/// @notice It checks who transmits and who signed. What a report means, and in which order reports may come, is left to the
/// deriving contract. Clients follow its Transmitted events.
abstract contract OCR2Base is OCR2Abstract, OwnerIsCreator {
  enum Role {
    None,
    Signer,
    Transmitter
  }

  struct Oracle {
    Role role;
    uint8 index;
  }

  /// @dev Length of the calldata of transmit apart from report and signatures: selector, five head words of which the first
  /// argument takes three, and three lengths.
  uint256 private constant TRANSMIT_LENGTH_WITHOUT_DATA = 4 + 32 * 7 + 32 * 3;

  bytes32 private s_configDigest;
  uint32 private s_configCount;
  uint32 private s_configBlockNumber;
  uint8 private s_f;
  address[] private s_signers;
  address[] private s_transmitters;
  mapping(address account => Oracle oracle) private s_oracles;

  /// @inheritdoc OCR2Abstract
  function setConfig(
    address[] memory signers,
    address[] memory transmitters_,
    uint8 f,
    bytes memory onchainConfig,
    uint64 offchainConfigVersion,
    bytes memory offchainConfig
  ) external override {
    require(signers.length <= maxNumOracles, "too many signers");
    require(f > 0, "f must be positive");
    require(signers.length == transmitters_.length, "oracle addresses out of registration");
    require(signers.length > 3 * uint256(f), "faulty-oracle f too high");
    _requireOwner();

    for (uint256 i = 0; i < s_signers.length; ++i) {
      delete s_oracles[s_signers[i]];
      delete s_oracles[s_transmitters[i]];
    }
    for (uint256 i = 0; i < signers.length; ++i) {
      // Whatever is no signature at all "recovers" to the zero address.
      require(signers[i] != address(0), "signer must not be zero");
      require(s_oracles[signers[i]].role == Role.None, "repeated signer address");
      s_oracles[signers[i]] = Oracle(Role.Signer, uint8(i));
      require(s_oracles[transmitters_[i]].role == Role.None, "repeated transmitter address");
      s_oracles[transmitters_[i]] = Oracle(Role.Transmitter, uint8(i));
    }
    (s_signers, s_transmitters, s_f) = (signers, transmitters_, f);
    ++s_configCount;
    s_configDigest = ConfigDigestEVMSimple.configDigestFromConfigData(
      block.chainid,
      address(this),
      s_configCount,
      signers,
      transmitters_,
      f,
      onchainConfig,
      offchainConfigVersion,
      offchainConfig
    );
    uint32 previousConfigBlockNumber = s_configBlockNumber;
    s_configBlockNumber = uint32(block.number);
    emit ConfigSet(
      previousConfigBlockNumber,
      s_configDigest,
      s_configCount,
      signers,
      transmitters_,
      f,
      onchainConfig,
      offchainConfigVersion,
      offchainConfig
    );
  }

  /// @inheritdoc OCR2Abstract
  function latestConfigDetails()
    external
    view
    override
    returns (uint32 configCount, uint32 blockNumber, bytes32 configDigest)
  {
    return (s_configCount, s_configBlockNumber, s_configDigest);
  }

  /// @inheritdoc OCR2Abstract
  function latestConfigDigestAndEpoch()
    external
    pure
    override
    returns (bool scanLogs, bytes32 configDigest, uint32 epoch)
  {
    return (true, 0, 0);
  }

  /// @notice Transmission addresses of the oracles, by index.
  function transmitters() external view returns (address[] memory) {
    return s_transmitters;
  }

  /// @inheritdoc OCR2Abstract
  function transmit(
    bytes32[3] calldata reportContext,
    bytes calldata report,
    bytes32[] calldata rs,
    bytes32[] calldata ss,
    bytes32 rawVs
  ) external override {
    _report(report);
    emit Transmitted(reportContext[0], uint32(uint256(reportContext[1]) >> 8));
    require(s_configDigest == reportContext[0], "configDigest mismatch");
    require(
      msg.data.length == TRANSMIT_LENGTH_WITHOUT_DATA + report.length + 32 * (rs.length + ss.length),
      "calldata length mismatch"
    );
    require(rs.length == uint256(s_f) + 1, "wrong number of signatures");
    require(rs.length == ss.length, "signatures out of registration");
    require(s_oracles[msg.sender].role == Role.Transmitter, "unauthorized transmitter");
    bytes32 hash = keccak256(abi.encodePacked(keccak256(report), reportContext));
    bool[maxNumOracles] memory signed;
    for (uint256 i = 0; i < rs.length; ++i) {
      Oracle memory oracle = s_oracles[ecrecover(hash, uint8(rawVs[i]) + 27, rs[i], ss[i])];
      require(oracle.role == Role.Signer, "address not authorized to sign");
      require(!signed[oracle.index], "non-unique signature");
      signed[oracle.index] = true;
    }
  }

  /// @dev Does what a report says. It runs before anything else is known of the report; whatever it does is undone if the
  /// report turns out not to be that of the oracles.
  function _report(bytes calldata report) internal virtual;
}
