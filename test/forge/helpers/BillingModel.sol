// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title What a feed owes its oracles, the straightforward way
/// @notice The rules of payment with one variable per quantity: what the aggregator packs, postpones and settles in bulk is
/// added up here when it is earned. Tests compare the two.
contract BillingModel {
  struct Oracle {
    uint256 rounds; // unpaid rounds
    uint256 payment; // juels earned by transmitting
  }

  mapping(address transmitter => Oracle oracle) private s_oracles;
  address[] private s_transmitters;

  uint256 public observationPaymentGjuels;
  uint256 public transmissionPaymentGjuels;

  /// @notice A report was accepted. Everybody earns a round, whoever sent it is paid for that.
  /// @param reimbursementJuels cost of its gas
  function reported(address transmitter, uint256 reimbursementJuels, int256 juelsPerFeeCoin) external {
    for (uint256 i = 0; i < s_transmitters.length; ++i) {
      s_oracles[s_transmitters[i]].rounds += 1;
    }
    if (juelsPerFeeCoin < 0) return;
    s_oracles[transmitter].payment += reimbursementJuels + transmissionPaymentGjuels * 1e9;
  }

  function owed(address transmitter) public view returns (uint256) {
    Oracle storage oracle = s_oracles[transmitter];
    return oracle.rounds * observationPaymentGjuels * 1e9 + oracle.payment;
  }

  function totalOwed() public view returns (uint256 total) {
    for (uint256 i = 0; i < s_transmitters.length; ++i) {
      total += owed(s_transmitters[i]);
    }
  }

  /// @notice An oracle is paid. If that is nothing, its rounds stay as they are.
  function paid(address transmitter) public returns (uint256 amount) {
    amount = owed(transmitter);
    if (amount != 0) delete s_oracles[transmitter];
  }

  function paidAll() public returns (uint256 amount) {
    for (uint256 i = 0; i < s_transmitters.length; ++i) {
      amount += paid(s_transmitters[i]);
    }
  }

  /// @notice The prices change. Everybody is paid at the old ones.
  function priced(uint256 observationPayment, uint256 transmissionPayment) external returns (uint256 amount) {
    amount = paidAll();
    observationPaymentGjuels = observationPayment;
    transmissionPaymentGjuels = transmissionPayment;
  }

  /// @notice The oracles change. The old ones are paid, the new ones begin with nothing.
  function configured(address[] memory transmitters) external returns (uint256 amount) {
    amount = paidAll();
    for (uint256 i = 0; i < s_transmitters.length; ++i) {
      delete s_oracles[s_transmitters[i]];
    }
    s_transmitters = transmitters;
  }

  function roundsOf(address transmitter) external view returns (uint256) {
    return s_oracles[transmitter].rounds;
  }
}
