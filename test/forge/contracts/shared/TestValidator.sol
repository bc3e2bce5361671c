// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AggregatorValidatorInterface} from "ocr/shared/interfaces/AggregatorValidatorInterface.sol";

/// @title A validator that records what it sees and uses as much gas as it is told
contract TestValidator is AggregatorValidatorInterface {
  /// @notice What validate was called with, and the gas that it was called with.
  event Validated(
    uint256 previousRoundId, int256 previousAnswer, uint256 currentRoundId, int256 currentAnswer, uint256 initialGas
  );

  /// @notice Latest round that was shown to this validator.
  uint256 public latestRoundId;

  uint32 private s_minGasUse;
  uint256 private s_burn;

  /// @notice Makes validate use at least that much gas.
  function setMinGasUse(uint32 minGasUse) external {
    s_minGasUse = minGasUse;
  }

  /// @inheritdoc AggregatorValidatorInterface
  function validate(uint256 previousRoundId, int256 previousAnswer, uint256 currentRoundId, int256 currentAnswer)
    external
    override
    returns (bool)
  {
    uint256 initialGas = gasleft();
    emit Validated(previousRoundId, previousAnswer, currentRoundId, currentAnswer, initialGas);
    latestRoundId = currentRoundId;
    uint256 minGasUse = s_minGasUse;
    while (initialGas - gasleft() < minGasUse) ++s_burn;
    return true;
  }
}
