// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OCR2Abstract} from "../OCR2Abstract.sol";
import {OCR2FeedInterface} from "../interfaces/OCR2FeedInterface.sol";
import {Config} from "../../shared/aggregator/ConfigCode.sol";
import {HotWord} from "../../shared/aggregator/HotWord.sol";
import {Billing} from "../internal/Billing.sol";
import {ReportBuffer, ReportBufferLib} from "../internal/ReportBuffer.sol";
import {Signatures} from "../internal/Signatures.sol";
import {Transmission, TransmissionLib} from "../../shared/aggregator/Transmission.sol";
import {AggregatorConfiguration} from "./AggregatorConfiguration.sol";
import {AggregatorRounds} from "./AggregatorRounds.sol";
import {AggregatorValidation} from "./AggregatorValidation.sol";

/// @title The part of an aggregator that takes reports
abstract contract AggregatorTransmission is AggregatorConfiguration, AggregatorRounds, AggregatorValidation {
  /// @dev Length of the calldata of transmit apart from report and signatures: selector, five head words of which the first
  /// argument takes three, and three lengths.
  uint256 private constant TRANSMIT_LENGTH_WITHOUT_DATA = 4 + 32 * 7 + 32 * 3;

  /// @inheritdoc OCR2Abstract
  function transmit(
    bytes32[3] calldata reportContext,
    bytes calldata report,
    bytes32[] calldata rs,
    bytes32[] calldata ss,
    bytes32 rawVs
  ) external override {
    uint256 initialGas = gasleft();
    HotWord hot = s_hot;
    {
      uint40 epochAndRound = uint40(uint256(reportContext[1]));
      require(hot.epochAndRound() < epochAndRound, "stale report");
      hot = hot.withEpochAndRound(epochAndRound);
    }
    Config config = _loadConfig(hot);
    uint256 transmitter = config.transmitterEntry(msg.sender);
    require(transmitter != 0, "unauthorized transmitter");
    require(config.digest() == reportContext[0], "configDigest mismatch");
    unchecked {
      // The lengths are bounded by the length of the calldata.
      require(
        msg.data.length == TRANSMIT_LENGTH_WITHOUT_DATA + report.length + 32 * (rs.length + ss.length),
        "calldata length mismatch"
      );
      require(rs.length == uint256(config.header().f()) + 1, "wrong number of signatures");
    }
    require(rs.length == ss.length, "signatures out of registration");

    (ReportBuffer buffer, bytes32 hash) = ReportBufferLib.load(report);
    hash = Signatures.hashOf(hash, reportContext);
    Signatures.verify(config, hash, _offset(rs), _offset(ss), rs.length, rawVs);
    buffer.check(report);
    unchecked {
      _accept(hot, config, buffer, transmitter - 1, initialGas);
    }
  }

  /// @inheritdoc OCR2FeedInterface
  function latestTransmissionDetails()
    external
    view
    override
    returns (bytes32 configDigest, uint32 epoch, uint8 round, int192 latestAnswer_, uint64 latestTimestamp_)
  {
    // Not a matter of authorization: it keeps contracts from depending on what is meant for oracles.
    require(msg.sender == tx.origin, "Only callable by EOA"); // solhint-disable-line avoid-tx-origin
    HotWord hot = s_hot;
    Transmission transmission = _transmission(hot.latestRoundId());
    return
      (_loadConfig(hot).digest(), hot.epoch(), hot.round(), transmission.answer(), transmission.transmissionTimestamp());
  }

  /// @dev Makes a round of a well-formed report that the right oracles signed.
  /// @param hot the hot word with epoch and round of the report
  /// @param transmitterIndex who sent it
  /// @param initialGas gas at the start of transmit
  function _accept(HotWord hot, Config config, ReportBuffer buffer, uint256 transmitterIndex, uint256 initialGas)
    private
  {
    require(buffer.count() <= maxNumOracles, "num observations out of bounds");
    require(buffer.count() > config.header().f(), "too few values to trust median");
    int192 answer = buffer.median();
    require(minAnswer <= answer && answer <= maxAnswer, "median is out of min-max range");

    // State first, then events and calls.
    uint32 roundId = hot.latestRoundId() + 1;
    s_hot = hot.withLatestRoundId(roundId);
    uint32 observationsTimestamp = buffer.observationsTimestamp();
    _recordTransmission(roundId, TransmissionLib.pack(answer, observationsTimestamp, uint32(block.timestamp)));

    int192 juelsPerFeeCoin = buffer.juelsPerFeeCoin();
    buffer.emitNewTransmission(NewTransmission.selector, roundId, answer, config.digest(), hot.epochAndRound());
    emit NewRound(roundId, address(0), observationsTimestamp);
    emit AnswerUpdated(answer, roundId, block.timestamp);

    if (hot.validatorIsSet()) _validateAnswer(roundId, answer);
    _creditTransmitter(Billing.wrap(config.header().billing()), transmitterIndex, juelsPerFeeCoin, initialGas);
  }

  function _offset(bytes32[] calldata words) private pure returns (uint256 offset) {
    assembly ("memory-safe") {
      offset := words.offset
    }
  }
}
