// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Report, ReportLib} from "ocr/ocr1/Report.sol";
import {OCR1BillingModel} from "./OCR1BillingModel.sol";
import {OCR1Fixture, OCR1Transmit} from "./OCR1Fixture.sol";

/// @title Everything that may happen to an OCR1 feed, in any order
/// @notice Each action is a call that somebody may make, with arguments made of random numbers. The handler keeps its own
/// account of what should be: a billing model, every round, every configuration. The invariants compare.
contract OCR1Handler is OCR1Fixture {
  struct Round {
    int192 answer;
    uint256 transmittedAt;
  }

  struct Configuration {
    bytes16 digest;
    uint256 blockNumber;
  }

  OCR1BillingModel public model;
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
    model = new OCR1BillingModel();
    // The prices of the constructor, but nothing for gas: the handler does not know it.
    callAs(owner, abi.encodeCall(aggregator.setBilling, (0, 0, 0, 500, 300)));
    model.priced(500, 300);
    fund(1e24);
    setConfig(4, 1);
  }

  // ---------------------------------------------------------------- actions

  function transmit(uint256 sender, uint8 advance, uint256 count, uint256 signatures, uint256 seed) public {
    vm.warp(block.timestamp + (seed % 100));
    vm.roll(block.number + (seed % 3));
    Report memory report = reportOf(bound(count, 2 * uint256(faulty) + 1, 31));
    int192 median = int192(int256(bound(seed, uint192(MIN_ANSWER), uint192(MAX_ANSWER) - 31)));
    uint256 k = report.observations.length;
    bytes memory observers = new bytes(k);
    for (uint256 i = 0; i < k; ++i) {
      report.observations[i] = i < k / 2 ? int192(int256(i)) - 50 : median + int192(int256(i - k / 2));
      // Any indices that an oracle can have.
      observers[i] = bytes1(uint8((i + (seed >> 16)) % 31));
    }
    report.rawObservers = bytes32(observers);
    uint256 epochAndRound = lastEpochAndRound + 1 + advance;
    report.rawReportContext = contextOf(uint32(epochAndRound >> 8), uint8(epochAndRound));
    OCR1Transmit memory t = signed(ReportLib.encode(report), bound(signatures, uint256(faulty) + 1, signers.length));
    sender %= transmitters.length;
    uint256 funds = link.balanceOf(address(aggregator));
    transmitAs(transmitters[sender], t);
    if (link.balanceOf(address(aggregator)) != funds) violation = "transmit moved LINK";
    model.reported(observers, sender, 0);
    rounds.push(Round(median, block.timestamp));
    lastEpochAndRound = epochAndRound;
    // The same report again must not pass.
    refused(transmitters[sender], transmitData(t));
  }

  /// @notice A report that something is wrong with. It must be refused, and nothing may have changed then.
  function transmitWrongly(uint256 what, uint256 seed) public {
    uint256 epochAndRound = lastEpochAndRound + 1;
    what %= 10;
    if (what == 1) epochAndRound = lastEpochAndRound;
    uint256 least = 2 * uint256(faulty) + 1;
    Report memory report = reportOf(what == 4 ? least - 1 : least);
    report.rawReportContext = contextOf(uint32(epochAndRound >> 8), uint8(epochAndRound));
    address from = transmitters[seed % transmitters.length];
    if (what == 0) report.rawReportContext ^= bytes32(uint256(1) << (40 + (seed % 128)));
    if (what == 2) report.observations[0] = report.observations[1] + 1;
    if (what == 3) from = stranger;
    // Observer 0 becomes observer 1 a second time, or one that there cannot be.
    if (what == 7) report.rawObservers |= bytes32((seed % 2 == 0 ? 1 : 31 + (seed % 225)) << 248);
    OCR1Transmit memory t = signed(ReportLib.encode(report), uint256(faulty) + (what == 8 ? 0 : 1));
    if (what == 5) signInto(t, 0, signerKeys[1]);
    if (what == 6) t.rs[seed % t.rs.length] ^= bytes32(uint256(1));
    if (what == 9) from = signers[seed % signers.length];
    refused(from, transmitData(t));
  }

  function setConfig(uint256 n, uint256 f) public {
    n = bound(n, 4, 31);
    ++s_generation;
    makeOracles(n, uint8(bound(f, 1, (n - 1) / 3)), vm.toString(s_generation));
    for (uint256 i = 0; i < n; ++i) {
      s_allPayees.push(payees[i]);
    }
    // Without payees it is refused.
    refused(owner, setConfigData());
    namePayees();
    vm.roll(block.number + 1);
    if (link.balanceOf(address(aggregator)) < model.owedToOracles()) {
      // A configuration that cannot be paid for is refused; take one that can.
      refused(owner, setConfigData());
      fund(model.due());
    }
    configure();
    paid += model.configured(n);
    configurations.push(Configuration(digest(), block.number));
    lastEpochAndRound = 0;
  }

  function setBilling(uint32 observation, uint32 transmission) public {
    // Prices of nothing are worth a try.
    observation = observation % 4 == 0 ? 0 : observation % 1e6;
    transmission = transmission % 4 == 0 ? 0 : transmission % 1e6;
    if (unfunded()) fund(model.due());
    callAs(owner, abi.encodeCall(aggregator.setBilling, (0, 0, 0, observation, transmission)));
    paid += model.priced(observation, transmission);
  }

  function withdrawPayment(uint256 who) public {
    who %= transmitters.length;
    if (unfunded()) fund(model.due());
    callAs(payees[who], abi.encodeCall(aggregator.withdrawPayment, (transmitters[who])));
    paid += model.paid(who);
  }

  function withdrawFunds(uint256 amount) public {
    bytes memory data = abi.encodeCall(aggregator.withdrawFunds, (stranger, amount));
    if (unfunded()) {
      refused(owner, data);
      return;
    }
    uint256 free = link.balanceOf(address(aggregator)) - model.due();
    callAs(owner, data);
    withdrawn += amount < free ? amount : free;
    if (link.balanceOf(address(aggregator)) < model.due()) violation = "owners can take what is owed";
  }

  function fund(uint256 amount) public {
    amount = bound(amount, 0, 1e24);
    vm.prank(owner);
    link.transfer(address(aggregator), amount);
    funded += amount;
  }

  /// @notice A payee that nobody has authorized, or an owner that is none, tries to get at something.
  function intrude(uint256 what) public {
    what %= 9;
    if (what == 0) refused(stranger, setConfigData());
    if (what == 1) refused(stranger, abi.encodeCall(aggregator.setBilling, (1, 1, 1, 1, 1)));
    if (what == 2) refused(stranger, abi.encodeCall(aggregator.withdrawFunds, (stranger, 1)));
    if (what == 3) refused(stranger, abi.encodeCall(aggregator.withdrawPayment, (transmitters[0])));
    if (what == 4) refused(stranger, abi.encodeCall(aggregator.acceptPayeeship, (transmitters[0])));
    if (what == 5) refused(stranger, abi.encodeCall(aggregator.acceptOwnership, ()));
    if (what == 6) refused(stranger, abi.encodeCall(aggregator.setLinkToken, (link, stranger)));
    if (what == 7) {
      refused(owner, abi.encodeCall(aggregator.setPayees, (transmitters, new address[](transmitters.length))));
    }
    if (what == 8) refused(owner, abi.encodeCall(aggregator.transferPayeeship, (transmitters[0], owner)));
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

  /// @notice The digest of the latest configuration, computed of what it was made of.
  function expectedDigest() external view returns (bytes16) {
    return bytes16(
      keccak256(
        abi.encode(
          address(aggregator),
          uint64(configurations.length),
          signers,
          transmitters,
          faulty,
          ENCODED_CONFIG_VERSION,
          encodedConfig()
        )
      )
    );
  }

  // ----------------------------------------------------------------

  /// @dev Whether less is there than is owed, counting what belongs to indices without oracle. To pay all oracles may take less.
  function unfunded() private view returns (bool) {
    return link.balanceOf(address(aggregator)) < model.due();
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
      see(abi.encodeCall(aggregator.transmitters, ())),
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
