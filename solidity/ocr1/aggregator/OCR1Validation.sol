// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {ExactGas} from "../../shared/aggregator/ExactGas.sol";
import {AggregatorValidatorInterface} from "../../shared/interfaces/AggregatorValidatorInterface.sol";
import {OCR1FeedInterface} from "../interfaces/OCR1FeedInterface.sol";
import {OCR1State} from "./OCR1State.sol";

/// @title The part of an OCR1 aggregator that shows new answers to a validator
abstract contract OCR1Validation is OCR1FeedInterface, OCR1State {
  struct ValidatorConfig {
    AggregatorValidatorInterface validator;
    uint32 gasLimit;
  }

  ValidatorConfig private s_validatorConfig;

  /// @inheritdoc OCR1FeedInterface
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

  /// @inheritdoc OCR1FeedInterface
  function validatorConfig() external view override returns (AggregatorValidatorInterface validator, uint32 gasLimit) {
    ValidatorConfig memory config = s_validatorConfig;
    return (config.validator, config.gasLimit);
  }

  /// @dev Shows a new answer to the validator. There must be one.
  function _validateAnswer(uint32 roundId, int192 answer) internal {
    ValidatorConfig memory config = s_validatorConfig;
    uint32 previousRoundId;
    unchecked {
      // Round ids wrap.
      previousRoundId = roundId - 1;
    }
    bytes memory data = abi.encodeCall(
      AggregatorValidatorInterface.validate, (previousRoundId, _round(previousRoundId).answer(), roundId, answer)
    );
    ExactGas.call(config.gasLimit, address(config.validator), data);
  }
}
