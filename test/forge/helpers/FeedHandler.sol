// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {MedianReport, MedianReportLib} from "ocr/ocr2/MedianReport.sol";
import {BillingModel} from "./BillingModel.sol";
import {OCR2Fixture, Transmit} from "./OCR2Fixture.sol";

/// @title Everything that may happen to a feed, in any order
/// @notice Each action is a call that somebody may make, with arguments made of random numbers. The handler keeps its own
/// account of what should be: a billing model, every round, every configuration. The invariants compare.
contract FeedHandler is OCR2Fixture {
  struct Round {
    int192 answer;
    uint32 observedAt;
    uint256 transmittedAt;
  }

  struct Configuration {
    bytes32 digest;
    uint256 blockNumber;
  }

  BillingModel public model;
  Round[] public rounds;
  Configuration[] public configurations;

  /// @dev Epoch and round of the latest report under the current configuration, as one number.
  uint256 public lastEpochAndRound;

  /// @dev All LINK that went into the feed, and all that the owner took out.
  uint256 public funded;
  uint256 public withdrawn;
  /// @dev All LINK that was paid to oracles, by the model.
  uint256 public paid;

  /// @dev Set by an action that saw something that must not be.
  string public violation;

  /// @dev All payees there have ever been.
  address[] private s_allPayees;
  uint256 private s_generation;

  function setUp() public override {
    super.setUp();
    model = new BillingModel();
    vm.prank(owner);
    link.transfer(address(aggregator), 1e24);
    funded = 1e24;
    setBilling(500, 300);
    setConfig(4, 1);
  }

  // ---------------------------------------------------------------- actions

  function transmit(uint256 sender, uint8 advance, uint256 count, uint256 seed, int192 juels) public {
    vm.warp(block.timestamp + (seed % 100));
    vm.roll(block.number + (seed % 3));
    MedianReport memory report = reportOf(bound(count, uint256(faulty) + 1, 31));
    uint256 middle = report.observations.length / 2;
    report.observations[middle] = int192(int256(bound(seed, uint192(MIN_ANSWER), uint192(MAX_ANSWER))));
    report.juelsPerFeeCoin = juels;
    uint256 epochAndRound = lastEpochAndRound + 1 + advance;
    Transmit memory t = signed(
      contextOf(uint32(epochAndRound >> 8), uint8(epochAndRound)), MedianReportLib.encode(report), uint256(faulty) + 1
    );
    address transmitter = transmitters[sender % transmitters.length];
    uint256 funds = link.balanceOf(address(aggregator));
    transmitAs(transmitter, t);
    if (link.balanceOf(address(aggregator)) != funds) violation = "transmit moved LINK";
    model.reported(transmitter, 0, juels);
    rounds.push(Round(report.observations[middle], report.observationsTimestamp, block.timestamp));
    lastEpochAndRound = epochAndRound;
    // The same report again must not pass.
    refused(transmitter, transmitData(t));
  }

  /// @notice A report that something is wrong with. It must be refused, and nothing may have changed then.
  function transmitWrongly(uint256 what, uint256 seed) public {
    uint256 epochAndRound = lastEpochAndRound + 1;
    bytes32[3] memory context = contextOf(uint32(epochAndRound >> 8), uint8(epochAndRound));
    MedianReport memory report = reportOf(uint256(faulty) + 1);
    address from = transmitters[seed % transmitters.length];
    what %= 7;
    if (what == 0) context[0] = bytes32(seed);
    if (what == 1) context[1] = bytes32(lastEpochAndRound);
    if (what == 2) report.observations[report.observations.length / 2] = MAX_ANSWER + 1;
    if (what == 3) from = stranger;
    if (what == 4) report = reportOf(faulty);
    Transmit memory t = signed(context, MedianReportLib.encode(report), uint256(faulty) + 1);
    if (what == 5) signInto(t, 0, signerKeys[1]);
    if (what == 6) t.rs[seed % t.rs.length] ^= bytes32(uint256(1));
    refused(from, transmitData(t));
  }

  function setConfig(uint256 n, uint256 f) public {
    n = bound(n, 4, 31);
    ++s_generation;
    makeOracles(n, uint8(bound(f, 1, (n - 1) / 3)), vm.toString(s_generation));
    for (uint256 i = 0; i < n; ++i) {
      s_allPayees.push(payees[i]);
    }
    vm.prank(owner);
    aggregator.setPayees(transmitters, payees);
    vm.roll(block.number + 1);
    if (unfunded()) {
      // A configuration that cannot be paid for is refused; take one that can.
      refused(owner, setConfigData());
      fund(model.totalOwed());
    }
    configure();
    paid += model.configured(transmitters);
    configurations.push(Configuration(digest(), block.number));
    lastEpochAndRound = 0;
  }

  function setBilling(uint32 observation, uint32 transmission) public {
    observation %= 1e6;
    transmission %= 1e6;
    if (unfunded()) fund(model.totalOwed());
    callAs(owner, abi.encodeCall(aggregator.setBilling, (0, 0, observation, transmission, 3000)));
    paid += model.priced(observation, transmission);
  }

  function withdrawPayment(uint256 who) public {
    who %= transmitters.length;
    if (unfunded()) fund(model.totalOwed());
    callAs(payees[who], abi.encodeCall(aggregator.withdrawPayment, (transmitters[who])));
    paid += model.paid(transmitters[who]);
  }

  function withdrawFunds(uint256 amount) public {
    bytes memory data = abi.encodeCall(aggregator.withdrawFunds, (stranger, amount));
    if (unfunded()) {
      refused(owner, data);
      return;
    }
    uint256 free = link.balanceOf(address(aggregator)) - model.totalOwed();
    callAs(owner, data);
    withdrawn += amount < free ? amount : free;
  }

  function fund(uint256 amount) public {
    amount = bound(amount, 0, 1e24);
    vm.prank(owner);
    link.transfer(address(aggregator), amount);
    funded += amount;
  }

  /// @notice A payee that nobody has authorized, or an owner that is none, tries to get at something.
  function intrude(uint256 what) public {
    what %= 6;
    if (what == 0) refused(stranger, setConfigData());
    if (what == 1) refused(stranger, abi.encodeCall(aggregator.setBilling, (1, 1, 1, 1, 1)));
    if (what == 2) refused(stranger, abi.encodeCall(aggregator.withdrawFunds, (stranger, 1)));
    if (what == 3) refused(stranger, abi.encodeCall(aggregator.withdrawPayment, (transmitters[0])));
    if (what == 4) refused(stranger, abi.encodeCall(aggregator.acceptPayeeship, (transmitters[0])));
    if (what == 5) refused(stranger, abi.encodeCall(aggregator.acceptOwnership, ()));
  }

  // ---------------------------------------------------------------- views for the invariants

  function feed() external view returns (address) {
    return address(aggregator);
  }

  function balance() external view returns (uint256) {
    return link.balanceOf(address(aggregator));
  }

  function paidToPayees() external view returns (uint256 total) {
    for (uint256 i = 0; i < s_allPayees.length; ++i) {
      total += link.balanceOf(s_allPayees[i]);
    }
  }

  function oracles() external view returns (address[] memory) {
    return transmitters;
  }

  function roundCount() external view returns (uint256) {
    return rounds.length;
  }

  function configurationCount() external view returns (uint256) {
    return configurations.length;
  }

  // ----------------------------------------------------------------

  function unfunded() private view returns (bool) {
    return link.balanceOf(address(aggregator)) < model.totalOwed();
  }

  /// @dev A call that must fail and leave no trace.
  function refused(address from, bytes memory data) private {
    bytes32 before = fingerprint();
    (bool ok,) = tryAs(from, data);
    if (ok) violation = string.concat("accepted what must be refused: ", vm.toString(data));
    if (fingerprint() != before) violation = "a call that was refused left a trace";
  }

  /// @dev Hash of everything that can be seen of the feed.
  function fingerprint() private returns (bytes32) {
    vm.startPrank(stranger, stranger);
    bytes memory seen = abi.encode(
      see(abi.encodeCall(aggregator.latestTransmissionDetails, ())),
      see(abi.encodeCall(aggregator.latestConfigDetails, ())),
      see(abi.encodeCall(aggregator.latestRoundData, ())),
      see(abi.encodeCall(aggregator.getBilling, ())),
      see(abi.encodeCall(aggregator.getTransmitters, ())),
      see(abi.encodeCall(aggregator.linkAvailableForPayment, ())),
      see(abi.encodeCall(aggregator.owner, ())),
      vm.getNonce(address(aggregator))
    );
    vm.stopPrank();
    return keccak256(seen);
  }

  function see(bytes memory data) private returns (bytes memory ret) {
    (, ret) = address(aggregator).call(data);
  }
}
