// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OCR2Abstract} from "../OCR2Abstract.sol";
import {OnchainConfig, OnchainConfigLib} from "../OnchainConfig.sol";
import {OCR2FeedInterface} from "../interfaces/OCR2FeedInterface.sol";
import {ConfigDigestEVMSimple} from "../internal/ConfigDigestEVMSimple.sol";
import {Config, ConfigHeader, ConfigLib} from "../../shared/aggregator/ConfigCode.sol";
import {HotWord} from "../../shared/aggregator/HotWord.sol";
import {AggregatorBilling} from "./AggregatorBilling.sol";

/// @title The configuration part of an aggregator
abstract contract AggregatorConfiguration is OCR2Abstract, OCR2FeedInterface, AggregatorBilling {
  /// @inheritdoc OCR2FeedInterface
  int192 public immutable override minAnswer;

  /// @inheritdoc OCR2FeedInterface
  int192 public immutable override maxAnswer;

  constructor(int192 minAnswer_, int192 maxAnswer_) {
    minAnswer = minAnswer_;
    maxAnswer = maxAnswer_;
  }

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
    // In eight bits, with overflow check: clients know Panic(0x11) as the answer to an absurd f.
    require(3 * f < signers.length, "faulty-oracle f too high");
    require(f > 0, "f must be positive");
    // The bounds of a feed never change, so there is only one onchainConfig that it accepts.
    bytes memory expected = OnchainConfigLib.encode(OnchainConfig(OnchainConfigLib.VERSION, minAnswer, maxAnswer));
    require(keccak256(onchainConfig) == keccak256(expected), "invalid onchainConfig");

    // Old oracles are paid for what they did before the new ones are known.
    ConfigHeader old = _payOracles().header();
    (Config config, uint256 length) = _makeConfig(old, signers, transmitters, f);

    bytes memory encoded = ConfigDigestEVMSimple.encode(
      block.chainid,
      address(this),
      config.header().configCount(),
      signers,
      transmitters,
      f,
      onchainConfig,
      offchainConfigVersion,
      offchainConfig
    );
    config.setDigest(ConfigDigestEVMSimple.digestOf(encoded));
    _enforce(config, length);
    _emitConfigSet(encoded, old.blockNumber(), config.digest());
  }

  /// @inheritdoc OCR2Abstract
  function latestConfigDetails()
    external
    view
    override
    returns (uint32 configCount, uint32 blockNumber, bytes32 configDigest)
  {
    Config config = _loadConfig(s_hot);
    ConfigHeader header = config.header();
    return (header.configCount(), header.blockNumber(), config.digest());
  }

  /// @inheritdoc OCR2Abstract
  function latestConfigDigestAndEpoch()
    external
    view
    override
    returns (bool scanLogs, bytes32 configDigest, uint32 epoch)
  {
    HotWord hot = s_hot;
    return (false, _loadConfig(hot).digest(), hot.epoch());
  }

  /// @inheritdoc OCR2FeedInterface
  function getTransmitters() external view override returns (address[] memory) {
    return _loadConfig(s_hot).transmitters();
  }

  /// @dev The next configuration, complete but for its digest.
  function _makeConfig(ConfigHeader old, address[] memory signers, address[] memory transmitters, uint8 f)
    private
    view
    returns (Config config, uint256 length)
  {
    uint256 n = signers.length;
    (config, length) = ConfigLib.make(n, f, old.configCount() + 1, uint32(block.number), old.billing());
    for (uint256 i = 0; i < n; ++i) {
      address signer = signers[i];
      // Whatever is no signature at all "recovers" to the zero address: as a signer, it would sign everything.
      require(signer != address(0), "signer must not be zero");
      require(config.insertSigner(i, signer), "repeated signer address");
      require(config.insertTransmitter(i, transmitters[i]), "repeated transmitter address");
    }
  }

  /// @dev Stores a configuration and lets it begin: no report accepted under it, nothing owed to its oracles.
  function _enforce(Config config, uint256 length) private {
    HotWord hot = s_hot;
    s_accounts.settleAll(config.header().n(), hot.latestRoundId());
    s_hot = hot.withEpochAndRound(0).withConfig(config.store(length), length);
  }

  /// @dev Emits ConfigSet. Its fields are those that the digest is made of, but for the first two: where the encoding has
  /// chain id and contract, the event has the previous block number and the digest. So the encoding is turned into
  /// the event instead of encoding everything again. It cannot be used afterwards.
  function _emitConfigSet(bytes memory encoded, uint256 previousConfigBlockNumber, bytes32 configDigest) private {
    bytes32 topic = ConfigSet.selector;
    assembly ("memory-safe") {
      let data := add(encoded, 32)
      mstore(data, previousConfigBlockNumber)
      mstore(add(data, 32), configDigest)
      log1(data, mload(encoded), topic)
    }
  }
}
