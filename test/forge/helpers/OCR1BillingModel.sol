// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title What an OCR1 feed owes, the straightforward way
/// @notice The rules of payment with one variable per quantity: what the aggregator packs into lanes and halves of words is
/// added up here one by one. Tests compare the two.
contract OCR1BillingModel {
  uint256 public constant MAX_COUNT = 65534;

  /// @dev Unpaid observations of each index that an observer can have, whether there is such an oracle or not.
  uint256[31] public counts;

  /// @dev What each oracle earned by transmitting, in juels.
  uint256[31] public reimbursements;

  /// @dev Number of oracles.
  uint256 public n;

  uint256 public linkGweiPerObservation;
  uint256 public linkGweiPerTransmission;

  /// @notice A report was accepted.
  /// @param observers whose observations are in it, one byte each
  /// @param transmitter who sent it
  /// @param reimbursement cost of its gas, in juels
  function reported(bytes memory observers, uint256 transmitter, uint256 reimbursement) public {
    for (uint256 i = 0; i < observers.length; ++i) {
      uint256 observer = uint8(observers[i]);
      if (counts[observer] < MAX_COUNT) ++counts[observer];
    }
    reimbursements[transmitter] += reimbursement + linkGweiPerTransmission * 1e9;
  }

  /// @notice What an oracle is owed, in juels.
  function owed(uint256 oracle) public view returns (uint256) {
    return counts[oracle] * linkGweiPerObservation * 1e9 + reimbursements[oracle];
  }

  /// @notice What all oracles are owed.
  function owedToOracles() public view returns (uint256 sum) {
    for (uint256 i = 0; i < n; ++i) {
      sum += owed(i);
    }
  }

  /// @notice What the feed keeps back: also for indices that no oracle has now, for one may have it next.
  function due() public view returns (uint256 sum) {
    sum = owedToOracles();
    for (uint256 i = n; i < 31; ++i) {
      sum += counts[i] * linkGweiPerObservation * 1e9;
    }
  }

  /// @notice An oracle is paid. If that is nothing, its observations stay as they are.
  function paid(uint256 oracle) public returns (uint256 amount) {
    amount = owed(oracle);
    if (amount == 0) return 0;
    counts[oracle] = 0;
    reimbursements[oracle] = 0;
  }

  function paidAll() public returns (uint256 amount) {
    for (uint256 i = 0; i < n; ++i) {
      amount += paid(i);
    }
  }

  /// @notice The prices change. Everybody is paid at the old ones.
  function priced(uint256 observation, uint256 transmission) public returns (uint256 amount) {
    amount = paidAll();
    linkGweiPerObservation = observation;
    linkGweiPerTransmission = transmission;
  }

  /// @notice The oracles change. The old ones are paid; the new ones inherit counts that were worth nothing.
  function configured(uint256 oracles) public returns (uint256 amount) {
    amount = paidAll();
    n = oracles;
  }

  function setCount(uint256 oracle, uint256 count) public {
    counts[oracle] = count;
  }

  function setReimbursement(uint256 oracle, uint256 amount) public {
    reimbursements[oracle] = amount;
  }
}
