// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OCR3ECDSAFixture} from "../helpers/OCR3ECDSAFixture.sol";
import {OCR3GasFixture} from "../helpers/OCR3Fixture.sol";

/// @title What key sets and attestations of secp256k1 signatures cost
/// @notice Each figure goes to snapshots/ocr3.json, which is committed: a change of gas is a change that somebody reviews. The
/// limits are shares of what the reference implementation uses for the same call; docs/gas.md has the figures side by side.
abstract contract ECDSAGas is OCR3ECDSAFixture, OCR3GasFixture {
  /// @dev Whether the verifier is inherited, or else a library.
  function isInherited() internal pure virtual returns (bool);

  /// @dev Makes the account of the library warm, so that the first call is counted like the others.
  function touchLibrary() internal view virtual {}

  function group() internal pure override returns (string memory) {
    return "ocr3";
  }

  function measureAll(uint256 n, uint8 f, uint256 setLimit, uint256 lowLimit, uint256 highLimit) internal {
    string memory prefix = isInherited() ? "ecdsa" : "dynamic ecdsa";
    string memory size = string.concat(", n=", vm.toString(n), " f=", vm.toString(f));
    // Besides the demo: the library. The data contract is new in setConfig, and cold in transmit if there is one.
    uint256 cold = isInherited() ? 0 : 1;
    touchLibrary();
    makeOracles(n, f, "first");
    bytes memory data = setConfigData(uint8(n), f, packed(keys));
    record(string.concat(prefix, " setConfig", size, ", first"), measureCold(data, cold), setLimit);
    makeOracles(n, f, "second");
    data = setConfigData(uint8(n), f, packed(keys));
    record(string.concat(prefix, " setConfig", size, ", again"), measureCold(data, cold), type(uint256).max);
    if (n > 4) ++cold;
    data = transmitData(transmissionOf(lowest(f)));
    record(string.concat(prefix, " transmit", size, ", lowest indices, cold"), measureCold(data, cold), lowLimit);
    record(string.concat(prefix, " transmit", size, ", lowest indices, warm"), measureWarm(data), type(uint256).max);
    data = transmitData(transmissionOf(highest(n, f)));
    record(string.concat(prefix, " transmit", size, ", highest indices, cold"), measureCold(data, cold), highLimit);
  }
}

contract ECDSAGasTest is ECDSAGas {
  function isInherited() internal pure override returns (bool) {
    return true;
  }

  function deployDemo() internal override returns (address) {
    return measureDeploy("DemoECDSAAttestationVerifier", "");
  }

  function test_4() public {
    measureAll(4, 1, percent(60, 113_974), percent(95, 15_298), percent(95, 15_448));
  }

  function test_16() public {
    measureAll(16, 5, percent(45, 386_098), percent(95, 36_802), percent(95, 37_552));
  }

  function test_31() public {
    measureAll(31, 10, percent(35, 726_253), percent(95, 63_682), percent(95, 65_182));
  }
}

contract DynamicECDSAGasTest is ECDSAGas {
  address private lib;

  function isInherited() internal pure override returns (bool) {
    return false;
  }

  function deployDemo() internal override returns (address) {
    lib = measureDeploy("OCR3DynamicallyDispatchedECDSAAttestationVerifierLib", "");
    return measureDeploy("DemoDynamicallyDispatchedAttestationVerifier", abi.encode(lib));
  }

  function touchLibrary() internal view override {
    assertGt(lib.code.length, 0);
  }

  function test_4() public {
    // Storage of the library cannot be shared with the application: one slot more than the inherited verifier needs.
    measureAll(4, 1, percent(80, 118_372), percent(95, 20_217), percent(95, 20_367));
  }

  function test_16() public {
    measureAll(16, 5, percent(45, 391_071), percent(95, 42_380), percent(95, 43_130));
  }

  function test_31() public {
    measureAll(31, 10, percent(35, 732_050), percent(95, 70_085), percent(95, 71_585));
  }
}
