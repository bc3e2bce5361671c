// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Test} from "forge-std/Test.sol";

/// @notice What the demo contracts of all signature schemes have in common.
interface Demo {
  function setConfig(uint32 configVersion, uint8 n, uint8 f, bytes calldata keys) external;
  function transmit(bytes32 configDigest, uint64 seqNr, bytes calldata report, bytes calldata attestation) external;
}

/// @notice What transmit takes.
struct Transmission {
  bytes32 configDigest;
  uint64 seqNr;
  bytes report;
  bytes attestation;
}

/// @title A verifier with oracles to play with
/// @notice Contracts are deployed from their artifacts, and suites are written against the interface of the demos: a suite runs
/// for the verifier that is inherited and for the one that dispatches to a library.
abstract contract OCR3Fixture is Test {
  uint256 internal constant MAX_ORACLES = 32;

  /// @dev Gas that calls get.
  uint256 internal constant CALL_GAS = 30_000_000;

  address internal transmitter = makeAddr("transmitter");

  Demo internal demo;

  uint8 internal faulty;
  bytes32 internal configDigest;

  function setUp() public virtual {
    demo = Demo(deployDemo());
  }

  /// @dev Deploys the contract under test.
  function deployDemo() internal virtual returns (address);

  function deployed(string memory name, bytes memory args) internal returns (address) {
    return vm.deployCode(string.concat(name, ".sol:", name), args);
  }

  /// @dev The digest of this many oracles' configuration; any value does, as the verifier does not look into it.
  function digestOf(uint256 n, uint8 f) internal pure returns (bytes32) {
    return keccak256(abi.encode("config", n, f));
  }

  /// @dev What oracles sign, written down once more, in the words of the documentation.
  function hashOf(bytes32 digest, uint64 seqNr, bytes memory report) internal pure returns (bytes32) {
    return keccak256(abi.encode(digest, seqNr, keccak256(report)));
  }

  function setConfigData(uint8 n, uint8 f, bytes memory keys) internal pure returns (bytes memory) {
    return abi.encodeCall(Demo.setConfig, (7, n, f, keys));
  }

  function transmitData(Transmission memory t) internal pure returns (bytes memory) {
    return abi.encodeCall(Demo.transmit, (t.configDigest, t.seqNr, t.report, t.attestation));
  }

  /// @dev A call to the demo that must succeed.
  function succeed(bytes memory data) internal {
    vm.prank(transmitter);
    (bool ok, bytes memory ret) = address(demo).call{gas: CALL_GAS}(data);
    if (!ok) {
      assembly ("memory-safe") {
        revert(add(ret, 32), mload(ret))
      }
    }
    assertEq(ret.length, 0, "nothing is returned");
  }

  /// @dev A call to the demo that must revert with an error without arguments.
  function refuse(bytes memory data, bytes4 selector) internal {
    refuse(data, abi.encodePacked(selector));
  }

  /// @dev A call to the demo that must revert with exactly this data.
  function refuse(bytes memory data, bytes memory revertData) internal {
    vm.prank(transmitter);
    (bool ok, bytes memory ret) = address(demo).call{gas: CALL_GAS}(data);
    assertFalse(ok, "should have reverted");
    assertEq(ret, revertData, "revert data");
  }

  function panic(uint256 code) internal pure returns (bytes memory) {
    return abi.encodeWithSignature("Panic(uint256)", code);
  }
}

/// @title What calls of a demo cost
/// @notice Figures are gas inside the call frame, without the intrinsic cost of a transaction and without refunds. "cold" is a
/// call in a transaction of its own, "warm" the same call again in the same transaction.
abstract contract OCR3GasFixture is OCR3Fixture {
  /// @dev vm.cool makes the storage of an account cold, but not the account itself. The first access to another account costs
  /// 2600 in a transaction and 100 here.
  uint256 internal constant COLD_ACCOUNT = 2_500;

  /// @dev Name of the file in snapshots/.
  function group() internal pure virtual returns (string memory);

  function percent(uint256 share, uint256 whole) internal pure returns (uint256) {
    return (whole * share) / 100;
  }

  function measureCold(bytes memory data, uint256 coldAccounts) internal returns (uint256) {
    vm.cool(address(demo));
    return measureWarm(data) + coldAccounts * COLD_ACCOUNT;
  }

  function measureWarm(bytes memory data) internal returns (uint256) {
    succeed(data);
    return vm.lastCallGas().gasTotalUsed;
  }

  function measureDeploy(string memory name, bytes memory args) internal returns (address contractAddress) {
    bytes memory code = bytes.concat(vm.getCode(string.concat(name, ".sol:", name)), args);
    uint256 used;
    assembly ("memory-safe") {
      used := gas()
      contractAddress := create(0, add(code, 32), mload(code))
      used := sub(used, gas())
    }
    // Without what CREATE itself costs.
    record(string.concat("deploy ", name), used - 32_000, type(uint256).max);
    record(string.concat("size of ", name), contractAddress.code.length, 24_576);
  }

  function record(string memory name, uint256 gas, uint256 limit) internal {
    assertLe(gas, limit, string.concat(name, " costs too much"));
    vm.snapshotValue(group(), name, gas);
  }
}
