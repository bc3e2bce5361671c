// SPDX-License-Identifier: MIT
pragma solidity ^0.8.26;

import {OCR2Abstract} from "ocrkit/ocr2/OCR2Abstract.sol";
import {ConfigDigestEVMSimple} from "ocrkit/ocr2/internal/ConfigDigestEVMSimple.sol";
import {OwnerIsCreator} from "ocrkit/shared/access/OwnerIsCreator.sol";

/// @title What every OCR2 feed does, whatever it reports
/// @notice Keeps the configuration, and takes reports that f+1 oracles of it have signed. What a report says is for the contract
/// that inherits from this one. You seldom have to change anything here.
abstract contract OCR2Feed is OCR2Abstract, OwnerIsCreator {
  /// @dev Length of the calldata of transmit without report and signatures: selector, head, three lengths.
  uint256 private constant TRANSMIT_LENGTH = 4 + 32 * 7 + 32 * 3;

  /// @dev What is read with each report, in one slot.
  struct State {
    uint40 epochAndRound; // of the latest report
    uint32 configCount;
    uint32 configBlock;
    uint8 f;
  }

  State private s_state;
  bytes32 private s_configDigest;
  address[] private s_signers;
  address[] private s_transmitters;
  // Place in the list above, counted from 1.
  mapping(address signer => uint256 index) private s_signerIndex;
  mapping(address transmitter => uint256 index) private s_transmitterIndex;

  /// @dev Decodes a report that enough oracles have signed and does what it says. Reverts if it is not to be accepted.
  function _accept(bytes calldata encoded) internal virtual;

  /// @inheritdoc OCR2Abstract
  function setConfig(
    address[] memory signers,
    address[] memory transmitters,
    uint8 f,
    bytes memory onchainConfig,
    uint64 offchainConfigVersion,
    bytes memory offchainConfig
  ) external override onlyOwner {
    require(signers.length <= maxNumOracles, "too many oracles");
    require(signers.length == transmitters.length, "oracle length mismatch");
    require(3 * uint256(f) < signers.length, "faulty-oracle f too high");
    require(f > 0, "f must be positive");
    require(onchainConfig.length == 0, "onchainConfig must be empty");
    _replaceOracles(signers, transmitters);

    State memory state = s_state;
    uint32 previousConfigBlock = state.configBlock;
    uint32 configCount = state.configCount + 1;
    bytes32 configDigest = ConfigDigestEVMSimple.configDigestFromConfigData(
      block.chainid,
      address(this),
      configCount,
      signers,
      transmitters,
      f,
      onchainConfig,
      offchainConfigVersion,
      offchainConfig
    );
    s_configDigest = configDigest;
    s_state = State({epochAndRound: 0, configCount: configCount, configBlock: uint32(block.number), f: f});
    emit ConfigSet(
      previousConfigBlock,
      configDigest,
      configCount,
      signers,
      transmitters,
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
    return (s_state.configCount, s_state.configBlock, s_configDigest);
  }

  /// @inheritdoc OCR2Abstract
  function latestConfigDigestAndEpoch()
    external
    view
    override
    returns (bool scanLogs, bytes32 configDigest, uint32 epoch)
  {
    return (false, s_configDigest, uint32(s_state.epochAndRound >> 8));
  }

  /// @notice Who may transmit, in the order of the oracles.
  function getTransmitters() external view returns (address[] memory) {
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
    State memory state = s_state;
    uint40 epochAndRound = uint40(uint256(reportContext[1]));
    require(state.epochAndRound < epochAndRound, "stale report");
    require(s_transmitterIndex[msg.sender] != 0, "unauthorized transmitter");
    require(reportContext[0] == s_configDigest, "configDigest mismatch");
    // Bytes that no signature covers could be appended to the calldata, and paid for by somebody.
    require(
      msg.data.length == TRANSMIT_LENGTH + _padded(report.length) + 32 * (rs.length + ss.length),
      "calldata length mismatch"
    );
    require(rs.length == uint256(state.f) + 1, "wrong number of signatures");
    require(rs.length == ss.length, "signatures out of registration");

    bytes32 signed = keccak256(abi.encodePacked(keccak256(report), reportContext));
    uint256 seen = 0; // bit i stands for signer i
    for (uint256 i = 0; i < rs.length; ++i) {
      uint256 index = s_signerIndex[ecrecover(signed, uint8(rawVs[i]) + 27, rs[i], ss[i])];
      require(index != 0, "signature error");
      require(seen & (1 << index) == 0, "duplicate signer");
      seen |= 1 << index;
    }

    s_state.epochAndRound = epochAndRound;
    _accept(report);
  }

  /// @dev Forgets the oracles of before and knows these from now on.
  function _replaceOracles(address[] memory signers, address[] memory transmitters) private {
    for (uint256 i = 0; i < s_signers.length; ++i) {
      delete s_signerIndex[s_signers[i]];
      delete s_transmitterIndex[s_transmitters[i]];
    }
    for (uint256 i = 0; i < signers.length; ++i) {
      // What is no signature at all "recovers" to zero: as a signer, zero would sign everything.
      require(signers[i] != address(0), "signer must not be zero");
      require(s_signerIndex[signers[i]] == 0, "repeated signer address");
      require(s_transmitterIndex[transmitters[i]] == 0, "repeated transmitter address");
      s_signerIndex[signers[i]] = i + 1;
      s_transmitterIndex[transmitters[i]] = i + 1;
    }
    s_signers = signers;
    s_transmitters = transmitters;
  }

  function _padded(uint256 length) private pure returns (uint256) {
    return (length + 31) & ~uint256(31);
  }
}
