// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {
  FeedConfig,
  FeedTransmission,
  OCR3BLSFeedFixture,
  OCR3ECDSAFeedFixture,
  OCR3FeedFixture
} from "../helpers/OCR3FeedFixture.sol";

/// @title What calls of the feeds on OCR3 cost
/// @notice Each figure goes to snapshots/ocr3-feed.json, which is committed: a change of gas is a change that somebody reviews.
/// Figures are gas inside the call frame, without the intrinsic cost of a transaction and without refunds. "cold" is a call in
/// a transaction of its own, "warm" one in the same transaction as another. There is no reference: the limits are what
/// cannot be avoided and a little more.
abstract contract FeedGas is OCR3FeedFixture {
  /// @dev vm.cool makes the storage of an account cold, but not the account itself. The first access to the data contract
  /// with the keys costs 2600 in a transaction and 100 here.
  uint256 private constant COLD_ACCOUNT = 2_500;

  /// @dev What each transmission pays for, whatever code does it: the state read and written, the digest of the transmitter
  /// read, a slot for the round, and three events with eight topics and 224 bytes in all.
  uint256 private constant FLOOR = 5_000 + 2_100 + 22_100 + 3 * 375 + 8 * 375 + 8 * 224;

  /// @dev What the code between all that may take.
  uint256 private constant GLUE = 2_500;

  string private constant GROUP = "ocr3-feed";

  function scheme() internal pure virtual returns (string memory);

  /// @dev Whether that many keys are code.
  function keysAreCode(uint256 count) internal pure virtual returns (bool);

  /// @dev What it costs at most to store and to check.
  function setLimit(uint256 count) internal view virtual returns (uint256);
  function verifyLimit(uint256 count) internal view virtual returns (uint256);

  function test_4() public {
    measureAll(4, 1, "");
  }

  function test_16() public {
    measureAll(16, 5, "");
  }

  function test_31() public {
    measureAll(31, 10, "");
  }

  function test_deploy() public {
    bytes memory code = bytes.concat(vm.getCode(artifact()), abi.encode(MIN_ANSWER, MAX_ANSWER, DECIMALS, DESCRIPTION));
    address deployed;
    uint256 used;
    assembly ("memory-safe") {
      used := gas()
      deployed := create(0, add(code, 32), mload(code))
      used := sub(used, gas())
    }
    // Without what CREATE itself costs.
    record(string.concat("deploy ", contractName()), used - 32_000, type(uint256).max);
    record(string.concat("size of ", contractName()), deployed.code.length, 24_576);
  }

  /// @param rules ", " and the name of the EVM's rules, if they are others than usual
  function measureAll(uint256 count, uint8 faulty, string memory rules) internal {
    string memory size = string.concat(", n=", vm.toString(count), " f=", vm.toString(faulty), rules);
    string memory prefix = string.concat(scheme(), " setConfig", size);
    FeedConfig memory c = configOf(count, faulty, 0);
    record(string.concat(prefix, ", first"), measure(address(this), configCall(c), true), setLimit(count));
    c = configOf(count, faulty, 4);
    record(string.concat(prefix, ", again"), measure(address(this), configCall(c), true), setLimit(count));

    (n, f, firstKey) = (count, faulty, 4);
    prefix = string.concat(scheme(), " transmit", size);
    uint256 limit = FLOOR + GLUE + verifyLimit(count);
    bytes memory data = transmitCall(right(1, 1_000));
    assertLe(measureTransmit(data, true), limit, "the first report of a configuration costs what all others cost");
    data = transmitCall(right(2, 1_001));
    record(string.concat(prefix, ", lowest indices, cold"), measureTransmit(data, true), limit);
    data = transmitCall(right(3, 1_002));
    record(string.concat(prefix, ", lowest indices, warm"), measureTransmit(data, false), limit);
  }

  function measureTransmit(bytes memory data, bool cold) private returns (uint256) {
    return measure(transmitter(firstKey), data, cold) + (cold && keysAreCode(n) ? COLD_ACCOUNT : 0);
  }

  function measure(address caller, bytes memory data, bool cold) internal returns (uint256) {
    if (cold) vm.cool(address(feed));
    vm.prank(caller);
    (bool ok,) = address(feed).call(data);
    assertTrue(ok, "the call must succeed");
    return vm.lastCallGas().gasTotalUsed;
  }

  function record(string memory name, uint256 gas, uint256 limit) internal {
    assertLe(gas, limit, string.concat(name, " costs too much"));
    vm.snapshotValue(GROUP, name, gas);
  }
}

contract ECDSAFeedGasTest is FeedGas, OCR3ECDSAFeedFixture {
  function scheme() internal pure override returns (string memory) {
    return "ecdsa";
  }

  function keysAreCode(uint256 count) internal pure override returns (bool) {
    return count > 4;
  }

  function setLimit(uint256 count) internal pure override returns (uint256) {
    return 110_000 + count * 28_000;
  }

  function verifyLimit(uint256 count) internal pure override returns (uint256) {
    return 9_000 + count * 1_150;
  }

  /// @dev The same for both schemes, and measured for one.
  function test_reads() public {
    start(4, 1, 0);
    transmit(right(1, 1_000));
    read("latestAnswer", abi.encodeCall(feed.latestAnswer, ()), 4_600);
    read("latestTimestamp", abi.encodeCall(feed.latestTimestamp, ()), 4_600);
    read("latestRoundData", abi.encodeCall(feed.latestRoundData, ()), 5_000);
    read("getRoundData", abi.encodeCall(feed.getRoundData, (1)), 3_000);
    read("decimals", abi.encodeCall(feed.decimals, ()), 400);
  }

  function read(string memory name, bytes memory data, uint256 limit) private {
    record(name, measure(address(this), data, true), limit);
  }
}

/// @dev Square roots are made by the precompile for modular powers, whose price the Osaka rules raised.
contract BLSFeedGasTest is FeedGas, OCR3BLSFeedFixture {
  /// @dev What a square root costs more by the Osaka rules. There are two for each key, and two for each attestation.
  uint256 private constant SURCHARGE = 4_016 - 1_338;

  bool private isOsaka;

  /// forge-config: default.evm_version = "osaka"
  function test_4_osaka() public {
    measureOsaka(4, 1);
  }

  /// forge-config: default.evm_version = "osaka"
  function test_16_osaka() public {
    measureOsaka(16, 5);
  }

  /// forge-config: default.evm_version = "osaka"
  function test_31_osaka() public {
    measureOsaka(31, 10);
  }

  function measureOsaka(uint256 count, uint8 faulty) private {
    isOsaka = true;
    measureAll(count, faulty, ", Osaka");
  }

  function scheme() internal pure override returns (string memory) {
    return "bls";
  }

  function keysAreCode(uint256) internal pure override returns (bool) {
    return true;
  }

  function setLimit(uint256 count) internal view override returns (uint256) {
    return 185_000 + count * (102_500 + (isOsaka ? 2 * SURCHARGE : 0));
  }

  function verifyLimit(uint256 count) internal view override returns (uint256) {
    return 125_200 + count * 560 + (isOsaka ? 2 * SURCHARGE : 0);
  }
}
