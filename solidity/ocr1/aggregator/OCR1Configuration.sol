// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Config, ConfigHeader, ConfigLib} from "../../shared/aggregator/ConfigCode.sol";
import {HotWord} from "../../shared/aggregator/HotWord.sol";
import {OCR1OracleInterface} from "../interfaces/OCR1OracleInterface.sol";
import {ConfigDigestOCR1} from "../internal/ConfigDigestOCR1.sol";
import {OCR1Billing} from "./OCR1Billing.sol";

/// @title The configuration part of an OCR1 aggregator
abstract contract OCR1Configuration is OCR1OracleInterface, OCR1Billing {
  /// @dev Most oracles that one configuration may have.
  /// @custom:ocr-constant MaxNumOracles
  uint256 internal constant maxNumOracles = 31;

  /// @inheritdoc OCR1OracleInterface
  function setConfig(
    address[] memory _signers,
    address[] memory _transmitters,
    uint8 _threshold,
    uint64 _encodedConfigVersion,
    bytes memory _encoded
  ) external override {
    require(_signers.length <= maxNumOracles, "too many signers");
    require(_threshold > 0, "threshold must be positive");
    require(_signers.length == _transmitters.length, "oracle addresses out of registration");
    require(_signers.length > 3 * uint256(_threshold), "faulty-oracle threshold too high");
    // Last of all. Clients know this order.
    _requireOwner();

    // Old oracles are paid for what they did before the new ones are known.
    ConfigHeader old = _payOraclesFromTheLast().header();
    (Config config, uint256 length) = _makeConfig(old, _signers, _transmitters, _threshold);

    bytes memory encoded = ConfigDigestOCR1.encode(
      address(this), config.header().configCount(), _signers, _transmitters, _threshold, _encodedConfigVersion, _encoded
    );
    config.setDigest(ConfigDigestOCR1.digestOf(encoded));
    _enforce(config, length);
    _emitConfigSet(encoded, old.blockNumber());
  }

  /// @inheritdoc OCR1OracleInterface
  function latestConfigDetails()
    external
    view
    override
    returns (uint32 configCount, uint32 blockNumber, bytes16 configDigest)
  {
    Config config = _loadConfig(s_hot);
    ConfigHeader header = config.header();
    return (header.configCount(), header.blockNumber(), bytes16(config.digest()));
  }

  /// @inheritdoc OCR1OracleInterface
  function transmitters() external view override returns (address[] memory) {
    return _loadConfig(s_hot).transmitters();
  }

  /// @dev The next configuration, complete but for its digest.
  function _makeConfig(ConfigHeader old, address[] memory newSigners, address[] memory newTransmitters, uint8 threshold)
    private
    view
    returns (Config config, uint256 length)
  {
    uint256 n = newSigners.length;
    uint32 configCount;
    unchecked {
      // Counts wrap.
      configCount = old.configCount() + 1;
    }
    (config, length) = ConfigLib.make(n, threshold, configCount, uint32(block.number), old.billing());
    for (uint256 i = 0; i < n; ++i) {
      (address signer, address transmitter) = (newSigners[i], newTransmitters[i]);
      // Whatever is no signature at all "recovers" to the zero address: as a signer, it would sign everything.
      require(signer != address(0), "signer must not be zero");
      // Signers and transmitters have one name space: payments can be asked for by either.
      require(config.transmitterEntry(signer) == 0 && config.insertSigner(i, signer), "repeated signer address");
      require(s_payees[transmitter] != address(0), "payee must be set");
      require(
        config.signerEntry(transmitter) == 0 && config.insertTransmitter(i, transmitter), "repeated transmitter address"
      );
    }
  }

  /// @dev Stores a configuration and lets it begin: no report accepted under it, nothing owed to its oracles for
  /// transmissions. Counts of observations stay: what was worth something has been paid.
  function _enforce(Config config, uint256 length) private {
    s_reimbursements.settleAll(config.header().n());
    HotWord hot = s_hot;
    s_hot = hot.withEpochAndRound(0).withConfig(config.store(length), length);
  }

  /// @dev Emits ConfigSet. Its fields are those that the digest is made of, but for the first one: where the encoding has the
  /// contract, the event has the previous block number. So the encoding is turned into the event instead of encoding
  /// everything again. It cannot be used afterwards.
  function _emitConfigSet(bytes memory encoded, uint256 previousConfigBlockNumber) private {
    bytes32 topic = ConfigSet.selector;
    assembly ("memory-safe") {
      let data := add(encoded, 32)
      mstore(data, previousConfigBlockNumber)
      log1(data, mload(encoded), topic)
    }
  }
}
