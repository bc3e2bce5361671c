// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {AggregatorValidatorInterface} from "../../shared/interfaces/AggregatorValidatorInterface.sol";
import {OCR2FeedInterface} from "../interfaces/OCR2FeedInterface.sol";
import {AggregatorState} from "./AggregatorState.sol";

/// @title The part of an aggregator that shows new answers to a validator
abstract contract AggregatorValidation is OCR2FeedInterface, AggregatorState {
  struct ValidatorConfig {
    AggregatorValidatorInterface validator;
    uint32 gasLimit;
  }

  ValidatorConfig private s_validatorConfig;

  /// @inheritdoc OCR2FeedInterface
  function setValidatorConfig(AggregatorValidatorInterface newValidator, uint32 newGasLimit)
    external
    override
    onlyOwner
  {
    ValidatorConfig memory previous = s_validatorConfig;
    if (address(previous.validator) == address(newValidator) && previous.gasLimit == newGasLimit) return;
    s_validatorConfig = ValidatorConfig(newValidator, newGasLimit);
    // The hot word tells whether there is a validator, so that the common case, none, costs no SLOAD to find out.
    s_hot = s_hot.withValidator(address(newValidator) != address(0));
    emit ValidatorConfigSet(previous.validator, previous.gasLimit, newValidator, newGasLimit);
  }

  /// @inheritdoc OCR2FeedInterface
  function getValidatorConfig()
    external
    view
    override
    returns (AggregatorValidatorInterface validator, uint32 gasLimit)
  {
    ValidatorConfig memory config = s_validatorConfig;
    return (config.validator, config.gasLimit);
  }

  /// @dev Shows a new answer to the validator. There must be one.
  function _validateAnswer(uint32 roundId, int192 answer) internal {
    ValidatorConfig memory config = s_validatorConfig;
    uint32 previousRoundId = roundId - 1;
    bytes memory data = abi.encodeCall(
      AggregatorValidatorInterface.validate, (previousRoundId, _transmission(previousRoundId).answer(), roundId, answer)
    );
    _callWithExactGas(config.gasLimit, address(config.validator), data);
  }

  /// @dev Calls `target` with exactly `gasAmount` gas, or reverts if there is not enough. A transmitter cannot choose the gas
  /// of a transmission so that the validator runs out of it while the report goes through. Success and results are
  /// ignored, and results are not copied: the callee cannot make this contract pay for them.
  function _callWithExactGas(uint256 gasAmount, address target, bytes memory data) private {
    bool enough;
    assembly ("memory-safe") {
      // What the call itself costs, generously, and then one part in 64 that the EVM holds back.
      let g := gas()
      if iszero(lt(g, 5000)) {
        g := sub(g, 5000)
        if gt(sub(g, div(g, 64)), gasAmount) {
          enough := 1
          pop(call(gasAmount, target, 0, add(data, 32), mload(data), 0, 0))
        }
      }
    }
    require(enough, "insufficient gas");
  }
}
