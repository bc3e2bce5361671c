// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

library A {
  /// @custom:ocr-report PriceReport
  struct PriceReport {
    uint32 time;
  }
}

library B {
  /// @custom:ocr-report PriceReport
  struct PriceReport {
    uint64 time;
  }
}

contract Feed {
  /// @custom:ocr-constant MaxOracles
  uint256 internal constant a = 31;

  /// @custom:ocr-constant MaxOracles
  uint256 internal constant b = 32;

  function take(A.PriceReport calldata, B.PriceReport calldata) external pure returns (uint256) {
    return a + b;
  }
}
