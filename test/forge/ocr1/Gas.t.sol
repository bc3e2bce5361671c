// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OCR1Fixture} from "../helpers/OCR1Fixture.sol";

/// @title What calls of the OCR1 contracts cost
/// @notice Each figure goes to snapshots/ocr1.json, which is committed: a change of gas is a change that somebody reviews.
/// Figures are gas inside the call frame, without the intrinsic cost of a transaction and without refunds. "cold" is a call
/// in a transaction of its own, "warm" the same call again in the same transaction.
///
/// The limits are shares of what the reference implementation of the protocol uses for the same call; docs/gas.md has the
/// figures side by side.
contract OCR1GasTest is OCR1Fixture {
  /// @dev vm.cool makes the storage of an account cold, but not the account itself. The first access to the data contract of
  /// a configuration costs 2600 in a transaction and 100 here.
  uint256 private constant COLD_ACCOUNT = 2_500;

  string private constant GROUP = "ocr1";

  function setUp() public override {
    super.setUp();
    vm.txGasPrice(50 gwei);
  }

  function test_transmit_4() public {
    measureTransmit(4, 1, 3, type(uint256).max);
    measureTransmit(4, 1, 4, percent(80, 103_526));
  }

  function test_transmit_16() public {
    measureTransmit(16, 5, 11, type(uint256).max);
    measureTransmit(16, 5, 16, percent(75, 144_447));
  }

  function test_transmit_31() public {
    measureTransmit(31, 10, 21, type(uint256).max);
    measureTransmit(31, 10, 31, percent(70, 198_401));
  }

  function test_setConfig_4() public {
    measureSetConfig(4, 1, percent(60, 475_581));
  }

  function test_setConfig_16() public {
    measureSetConfig(16, 5, percent(45, 1_599_253));
  }

  function test_setConfig_31() public {
    measureSetConfig(31, 10, percent(40, 3_003_893));
  }

  function test_reads() public {
    start(4, 1);
    transmitNext();
    measureRead("latestAnswer", abi.encodeCall(aggregator.latestAnswer, ()), 4_597);
    measureRead("latestTimestamp", abi.encodeCall(aggregator.latestTimestamp, ()), 4_591);
    measureRead("latestRoundData", abi.encodeCall(aggregator.latestRoundData, ()), 4_844);
    measureRead("getRoundData", abi.encodeCall(aggregator.getRoundData, (1)), 2_863);
    measureRead("decimals", abi.encodeCall(aggregator.decimals, ()), 320);
  }

  function test_setBilling() public {
    makeOracles(4, 1, "first");
    bytes memory data = abi.encodeCall(aggregator.setBilling, (2000, 100, 500e6, 500, 300));
    // Cold accounts: the old data contract, and the controller is not asked.
    record("setBilling, unconfigured", COLD_ACCOUNT + measure(owner, data), type(uint256).max);
    namePayees();
    configure();
    record("setBilling, n=4, nothing owed", COLD_ACCOUNT + measure(owner, data), type(uint256).max);
  }

  function test_deploy() public {
    measureDeploy("OffchainAggregator", 5_061_121);
    measureDeploy("AccessControlledOffchainAggregator", type(uint256).max);
  }

  // ----------------------------------------------------------------

  function percent(uint256 share, uint256 whole) private pure returns (uint256) {
    return (whole * share) / 100;
  }

  function measureTransmit(uint256 n, uint8 f, uint256 observations, uint256 limit) private {
    string memory name = string.concat(
      "transmit, n=", vm.toString(n), " f=", vm.toString(f), ", ", vm.toString(observations), " observations"
    );
    if (signers.length == 0) start(n, f);
    // The first report of a feed and the first of a transmitter are like all others: no slot is created for them.
    bytes memory data = transmitData(nextTransmit(reportOf(observations)));
    record(string.concat(name, ", cold"), COLD_ACCOUNT + measure(transmitters[n - 1], data), limit);
    data = transmitData(nextTransmit(reportOf(observations)));
    record(string.concat(name, ", warm"), measureWarm(transmitters[n - 1], data), limit);
  }

  function measureSetConfig(uint256 n, uint8 f, uint256 limit) private {
    string memory name = string.concat("setConfig, n=", vm.toString(n), " f=", vm.toString(f));
    makeOracles(n, f, "first");
    bytes memory payeesData = abi.encodeCall(aggregator.setPayees, (transmitters, payees));
    record(string.concat("setPayees, n=", vm.toString(n)), measure(owner, payeesData), type(uint256).max);
    vm.prank(owner);
    link.transfer(address(aggregator), 1e24);
    bytes memory data = setConfigData();
    record(string.concat(name, ", first"), COLD_ACCOUNT + measure(owner, data), limit);
    transmitNext();
    // Cold accounts: the old data contract and the token.
    record(string.concat(name, ", again, all owed"), 2 * COLD_ACCOUNT + measure(owner, data), type(uint256).max);
    record(string.concat(name, ", again, nothing owed"), COLD_ACCOUNT + measure(owner, data), type(uint256).max);
  }

  function measureRead(string memory name, bytes memory data, uint256 limit) private {
    record(name, measure(stranger, data), limit);
  }

  function measureDeploy(string memory name, uint256 limit) private {
    bytes memory code = bytes.concat(vm.getCode(string.concat(name, ".sol:", name)), constructorArgs());
    address deployed;
    uint256 used;
    assembly ("memory-safe") {
      used := gas()
      deployed := create(0, add(code, 32), mload(code))
      used := sub(used, gas())
    }
    // Without what CREATE itself costs.
    record(string.concat("deploy ", name), used - 32_000, limit);
    record(string.concat("size of ", name), deployed.code.length, 24_576);
  }

  /// @dev Gas of a call that finds everything cold.
  function measure(address from, bytes memory data) private returns (uint256) {
    vm.cool(address(aggregator));
    vm.cool(address(link));
    return measureWarm(from, data);
  }

  function measureWarm(address from, bytes memory data) private returns (uint256) {
    callAs(from, data);
    return vm.lastCallGas().gasTotalUsed;
  }

  function record(string memory name, uint256 gas, uint256 limit) private {
    assertLe(gas, limit, string.concat(name, " costs too much"));
    vm.snapshotValue(GROUP, name, gas);
  }
}
