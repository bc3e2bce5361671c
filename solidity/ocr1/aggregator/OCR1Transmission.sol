// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Config} from "../../shared/aggregator/ConfigCode.sol";
import {HotWord} from "../../shared/aggregator/HotWord.sol";
import {OCR1FeedInterface} from "../interfaces/OCR1FeedInterface.sol";
import {OCR1OracleInterface} from "../interfaces/OCR1OracleInterface.sol";
import {OCR1ReportBuffer, OCR1ReportBufferLib} from "../internal/OCR1ReportBuffer.sol";
import {OCR1Round, OCR1RoundLib} from "../internal/OCR1Round.sol";
import {OCR1Signatures} from "../internal/OCR1Signatures.sol";
import {OCR1Configuration} from "./OCR1Configuration.sol";
import {OCR1Rounds} from "./OCR1Rounds.sol";
import {OCR1Validation} from "./OCR1Validation.sol";

/// @title The part of an OCR1 aggregator that takes reports
abstract contract OCR1Transmission is OCR1Configuration, OCR1Rounds, OCR1Validation {
  /// @dev Length of the calldata of transmit apart from report and signatures: selector, four head words and three lengths.
  uint256 private constant TRANSMIT_LENGTH_WITHOUT_DATA = 4 + 32 * 4 + 32 * 3;

  /// @inheritdoc OCR1FeedInterface
  int192 public immutable override minAnswer;

  /// @inheritdoc OCR1FeedInterface
  int192 public immutable override maxAnswer;

  constructor(int192 minAnswer_, int192 maxAnswer_) {
    minAnswer = minAnswer_;
    maxAnswer = maxAnswer_;
  }

  /// @inheritdoc OCR1OracleInterface
  function transmit(bytes calldata _report, bytes32[] calldata _rs, bytes32[] calldata _ss, bytes32 _rawVs)
    external
    override
  {
    uint256 initialGas = gasleft();
    unchecked {
      // The lengths are bounded by the length of the calldata.
      require(
        msg.data.length == TRANSMIT_LENGTH_WITHOUT_DATA + _report.length + 32 * (_rs.length + _ss.length),
        "transmit message too long"
      );
    }
    (OCR1ReportBuffer buffer, bytes32 hash) = OCR1ReportBufferLib.load(_report);
    HotWord hot = s_hot;
    Config config = _loadConfig(hot);
    {
      uint256 context = buffer.rawReportContext();
      require(bytes16(config.digest()) == bytes16(bytes32(context << 88)), "configDigest mismatch");
      require(hot.epochAndRound() < uint40(context), "stale report");
      hot = hot.withEpochAndRound(uint40(context));
    }
    {
      uint256 f = config.header().f();
      require(_rs.length > f, "not enough signatures");
      require(_rs.length <= maxNumOracles, "too many signatures");
      require(_ss.length == _rs.length, "signatures out of registration");
      require(buffer.count() <= maxNumOracles, "num observations out of bounds");
      require(buffer.count() > 2 * f, "too few values to trust median");
    }
    buffer.checkObservers();
    uint256 transmitter = config.transmitterEntry(msg.sender);
    require(transmitter != 0, "unauthorized transmitter");
    OCR1Signatures.verify(config, hash, _offset(_rs), _offset(_ss), _rs.length, _rawVs);
    require(buffer.isSorted(), "observations not sorted");
    unchecked {
      _accept(hot, config, buffer, transmitter - 1, initialGas);
    }
  }

  /// @inheritdoc OCR1OracleInterface
  function latestTransmissionDetails()
    external
    view
    override
    returns (bytes16 configDigest, uint32 epoch, uint8 round, int192 latestAnswer, uint64 latestTimestamp)
  {
    // Not a matter of authorization: it keeps contracts from depending on what is meant for oracles.
    require(msg.sender == tx.origin, "Only callable by EOA"); // solhint-disable-line avoid-tx-origin
    HotWord hot = s_hot;
    OCR1Round latest = _round(hot.latestRoundId());
    return (bytes16(_loadConfig(hot).digest()), hot.epoch(), hot.round(), latest.answer(), latest.timestamp());
  }

  /// @dev Makes a round of a well-formed report that the right oracles signed.
  /// @param hot the hot word with epoch and round of the report
  /// @param transmitterIndex who sent it
  /// @param initialGas gas at the start of transmit
  function _accept(HotWord hot, Config config, OCR1ReportBuffer buffer, uint256 transmitterIndex, uint256 initialGas)
    private
  {
    int192 answer = buffer.median();
    require(minAnswer <= answer && answer <= maxAnswer, "median is out of min-max range");

    // State first, then events and calls.
    uint32 roundId;
    unchecked {
      // Round ids wrap.
      roundId = hot.latestRoundId() + 1;
    }
    s_hot = hot.withLatestRoundId(roundId);
    _recordRound(roundId, OCR1RoundLib.pack(answer, uint64(block.timestamp)));

    buffer.emitNewTransmission(NewTransmission.selector, roundId, answer);
    emit NewRound(roundId, address(0), block.timestamp);
    emit AnswerUpdated(answer, roundId, block.timestamp);

    if (hot.validatorIsSet()) _validateAnswer(roundId, answer);
    _creditOracles(_pricesOf(config), buffer, transmitterIndex, initialGas);
  }

  function _offset(bytes32[] calldata words) private pure returns (uint256 offset) {
    assembly ("memory-safe") {
      offset := words.offset
    }
  }
}
