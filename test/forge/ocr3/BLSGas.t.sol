// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {FIELD_PRIME} from "ocr/ocr3/internal/BN254Field.sol";
import {OCR3BLSFixture} from "../helpers/OCR3BLSFixture.sol";
import {OCR3GasFixture} from "../helpers/OCR3Fixture.sol";

/// @title What key sets and attestations of BLS signatures cost
/// @notice Each figure goes to snapshots/ocr3-bls.json, which is committed: a change of gas is a change that somebody reviews. The
/// limits are shares of what the reference implementation uses for the same call; docs/gas.md has the figures side by side.
///
/// Square roots are made by the precompile for modular powers. Its price was raised by EIP-7883, in the Osaka rules: everything
/// is measured with the old price, that of the reference's figures, and with the new one.
abstract contract BLSGas is OCR3BLSFixture, OCR3GasFixture {
  /// @dev Whether the verifier is inherited, or else a library.
  function isInherited() internal pure virtual returns (bool);

  function group() internal pure override returns (string memory) {
    return "ocr3-bls";
  }

  /// @dev By the old price.
  struct Limits {
    uint256 setConfig;
    uint256 lowest;
    uint256 highest;
  }

  /// @dev What a square root costs by the old price and the new one.
  uint256 private constant OLD_PRICE = 1_338;
  uint256 private constant NEW_PRICE = 4_016;

  function measure(uint256 n, uint8 f, Limits memory limits) internal {
    assertEq(priceOfARoot(), OLD_PRICE, "are these rules before Osaka?");
    measure(n, f, limits, "");
  }

  function measureOsaka(uint256 n, uint8 f, Limits memory limits) internal {
    assertEq(priceOfARoot(), NEW_PRICE, "are these the Osaka rules?");
    // There are two roots for each key, and two for each attestation.
    limits.setConfig += 2 * n * (NEW_PRICE - OLD_PRICE);
    limits.lowest += 2 * (NEW_PRICE - OLD_PRICE);
    limits.highest += 2 * (NEW_PRICE - OLD_PRICE);
    measure(n, f, limits, ", Osaka");
  }

  function measure(uint256 n, uint8 f, Limits memory limits, string memory rules) private {
    string memory prefix = isInherited() ? "bls" : "dynamic bls";
    string memory size = string.concat(", n=", vm.toString(n), " f=", vm.toString(f), rules);
    // Besides the demo: the library. The data contract is new in setConfig, and cold in transmit.
    uint256 cold = isInherited() ? 0 : 1;
    makeOracles(n, f, 0);
    bytes memory data = setConfigData(uint8(n), f, packed(keys));
    record(string.concat(prefix, " setConfig", size, ", first"), measureCold(data, cold), limits.setConfig);
    makeOracles(n, f, 8);
    data = setConfigData(uint8(n), f, packed(keys));
    record(string.concat(prefix, " setConfig", size, ", again"), measureCold(data, cold), limits.setConfig);
    ++cold;
    data = transmitData(transmissionOf(lowest(f)));
    record(string.concat(prefix, " transmit", size, ", lowest indices, cold"), measureCold(data, cold), limits.lowest);
    record(string.concat(prefix, " transmit", size, ", lowest indices, warm"), measureWarm(data), limits.lowest);
    data = transmitData(transmissionOf(highest(n, f)));
    record(string.concat(prefix, " transmit", size, ", highest indices, cold"), measureCold(data, cold), limits.highest);
  }

  /// @dev What the precompile charges for the power that a square root takes.
  function priceOfARoot() private view returns (uint256 price) {
    bytes memory input = abi.encode(32, 32, 32, 2, (FIELD_PRIME - 3) / 4, FIELD_PRIME);
    // With one unit too little, it fails.
    for (price = OLD_PRICE - 1; price < 2 * NEW_PRICE; ++price) {
      (bool ok,) = address(5).staticcall{gas: price}(input);
      if (ok) break;
    }
  }
}

contract BLSGasTest is BLSGas {
  function isInherited() internal pure override returns (bool) {
    return true;
  }

  function deployDemo() internal override returns (address) {
    return deployed("DemoBLSAttestationVerifier", "");
  }

  function test_deploy() public {
    measureDeploy("DemoBLSAttestationVerifier", "");
  }

  function test_4() public {
    measure(4, 1, limits4());
  }

  /// forge-config: default.evm_version = "osaka"
  function test_4_osaka() public {
    measureOsaka(4, 1, limits4());
  }

  function limits4() private pure returns (Limits memory) {
    return Limits(percent(70, 856_511), percent(90, 145_402), percent(90, 145_513));
  }

  function test_16() public {
    measure(16, 5, limits16());
  }

  /// forge-config: default.evm_version = "osaka"
  function test_16_osaka() public {
    measureOsaka(16, 5, limits16());
  }

  function limits16() private pure returns (Limits memory) {
    return Limits(percent(60, 3_355_253), percent(80, 189_215), percent(80, 190_342));
  }

  function test_31() public {
    measure(31, 10, limits31());
  }

  /// forge-config: default.evm_version = "osaka"
  function test_31_osaka() public {
    measureOsaka(31, 10, limits31());
  }

  function limits31() private pure returns (Limits memory) {
    return Limits(percent(55, 6_477_528), percent(70, 244_170), percent(70, 246_567));
  }
}

contract DynamicBLSGasTest is BLSGas {
  function isInherited() internal pure override returns (bool) {
    return false;
  }

  function deployDemo() internal override returns (address) {
    return deployed(
      "DemoDynamicallyDispatchedAttestationVerifier",
      abi.encode(deployed("OCR3DynamicallyDispatchedBLSAttestationVerifierLib", ""))
    );
  }

  function test_deploy() public {
    measureDeploy("OCR3DynamicallyDispatchedBLSAttestationVerifierLib", "");
  }

  function test_4() public {
    measure(4, 1, limits4());
  }

  /// forge-config: default.evm_version = "osaka"
  function test_4_osaka() public {
    measureOsaka(4, 1, limits4());
  }

  function limits4() private pure returns (Limits memory) {
    return Limits(percent(70, 862_453), percent(90, 149_980), percent(90, 150_091));
  }

  function test_16() public {
    measure(16, 5, limits16());
  }

  /// forge-config: default.evm_version = "osaka"
  function test_16_osaka() public {
    measureOsaka(16, 5, limits16());
  }

  function limits16() private pure returns (Limits memory) {
    return Limits(percent(60, 3_366_218), percent(80, 193_792), percent(80, 194_919));
  }

  function test_31() public {
    measure(31, 10, limits31());
  }

  /// forge-config: default.evm_version = "osaka"
  function test_31_osaka() public {
    measureOsaka(31, 10, limits31());
  }

  function limits31() private pure returns (Limits memory) {
    return Limits(percent(55, 6_494_849), percent(70, 248_744), percent(70, 251_141));
  }
}
