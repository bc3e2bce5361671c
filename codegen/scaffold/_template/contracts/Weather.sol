// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OCR2Feed} from "./OCR2Feed.sol";

/// @notice What the oracles report. Yours to change: run `make` afterwards, and the Go that does not know what to do with a new
/// field does not compile.
/// @param observedAt when it was observed, in seconds since 1970
/// @param temperature in thousandths of a degree Celsius
/// @param humidity in thousandths of a percent
/// @custom:ocr-report
struct Report {
  uint32 observedAt;
  int32 temperature;
  uint32 humidity;
}

/// @title The feed Weather
/// @notice Oracles agree offchain on a Report, enough of them sign it, and one of them brings it here.
contract Weather is OCR2Feed {
  /// @dev Highest humidity there is.
  /// @custom:ocr-constant
  uint32 internal constant maxHumidity = 100_000;

  Report private s_latest;

  /// @notice There is a new report.
  event Reported(uint32 observedAt, int32 temperature, uint32 humidity);

  /// @notice The report's humidity cannot be.
  error HumidityOutOfRange(uint32 humidity);

  /// @notice The latest report; all zero if there is none yet.
  function latestReport() external view returns (Report memory) {
    return s_latest;
  }

  /// @notice Name and version of this contract.
  function typeAndVersion() external pure override returns (string memory) {
    return "OCR2Feed 1.0.0";
  }

  /// @inheritdoc OCR2Feed
  function _accept(bytes calldata encoded) internal override {
    Report memory report = abi.decode(encoded, (Report));
    require(report.observedAt > s_latest.observedAt, "older than the latest report");
    require(report.humidity <= maxHumidity, HumidityOutOfRange(report.humidity));
    s_latest = report;
    emit Reported(report.observedAt, report.temperature, report.humidity);
  }
}
