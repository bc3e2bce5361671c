// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {
  OCR3DynamicallyDispatchedAttestationVerifierSelectorInterface
} from "ocr/ocr3/OCR3DynamicallyDispatchedAttestationVerifierSelectorInterface.sol";
import {PlainApplication} from "../contracts/ocr3/PlainApplication.sol";
import {PlainECDSAVerifierLib} from "../contracts/ocr3/PlainECDSAVerifierLib.sol";
import {OCR3ECDSAFixture} from "../helpers/OCR3ECDSAFixture.sol";
import {Transmission} from "../helpers/OCR3Fixture.sol";
import {ECDSASuite} from "./ECDSA.t.sol";

string constant LIBRARY = "OCR3DynamicallyDispatchedECDSAAttestationVerifierLib";
string constant DEMO = "DemoDynamicallyDispatchedAttestationVerifier";

/// @title The ECDSA scheme as a library, called by our verifier
contract DynamicECDSATest is ECDSASuite {
  address private lib;

  function deployDemo() internal override returns (address) {
    lib = deployed(LIBRARY, "");
    return deployed(DEMO, abi.encode(lib));
  }

  function test_selectors() public view {
    (bytes4 set, bytes4 verify) = OCR3DynamicallyDispatchedAttestationVerifierSelectorInterface(lib).getSelectors();
    assertEq(set, bytes4(0x49e333a6));
    assertEq(verify, bytes4(0x5cc513a6));
    assertEq(OCR3DynamicallyDispatchedAttestationVerifierSelectorInterface.getSelectors.selector, bytes4(0x4b503f0b));
  }

  function test_needsALibrary() public {
    bytes memory code = vm.getCode(string.concat(DEMO, ".sol:", DEMO));
    assertEq(create(bytes.concat(code, abi.encode(makeAddr("nobody")))), address(0));
    assertEq(create(bytes.concat(code, abi.encode(address(this)))), address(0));
    assertNotEq(create(bytes.concat(code, abi.encode(lib))), address(0));
  }

  function test_aLibraryThatIsGoneAcceptsNothing() public {
    start(4, 1);
    Transmission memory t = transmissionOf(3);
    succeed(transmitData(t));
    vm.etch(lib, "");
    refuse(transmitData(t), new bytes(0));
    refuse(setConfigData(4, 1, packed(keys)), new bytes(0));
  }

  /// @dev The first slot behind the 128 that belong to the library.
  function test_reservesAKeyArea() public {
    start(4, 1);
    uint256 slot = uint256(vm.load(address(demo), bytes32(uint256(128))));
    assertEq(slot, (uint256(1) << 40) | (uint256(4) << 32) | 7);
  }

  function create(bytes memory code) private returns (address result) {
    assembly ("memory-safe") {
      result := create(0, add(code, 32), mload(code))
    }
  }
}

/// @title The ECDSA scheme as a library, called by somebody else's application
contract DynamicECDSAForeignApplicationTest is ECDSASuite {
  function deployDemo() internal override returns (address) {
    return address(new PlainApplication(deployed(LIBRARY, "")));
  }
}

/// @title Our verifier with somebody else's library
contract DynamicECDSAForeignLibraryTest is OCR3ECDSAFixture {
  function deployDemo() internal override returns (address) {
    return deployed(DEMO, abi.encode(deployed("PlainECDSAVerifierLib", "")));
  }

  function test_works() public {
    start(31, 10);
    for (uint256 i = 0; i < 31; ++i) {
      assertEq(vm.load(address(demo), bytes32(i)), bytes32(uint256(uint160(keys[i]))));
    }
    succeed(transmitData(transmissionOf(lowest(10))));
    succeed(transmitData(transmissionOf(highest(31, 10))));
    Transmission memory t = transmissionOf(lowest(10));
    t.seqNr++;
    refuse(transmitData(t), abi.encodeWithSignature("Error(string)", "signature"));
    refuse(setConfigData(3, 1, packed(keys)), abi.encodeWithSignature("Error(string)", "keys"));
  }
}
