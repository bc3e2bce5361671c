// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {OwnerRole} from "../access/OwnerRole.sol";
import {PayeesInterface} from "../interfaces/PayeesInterface.sol";

/// @title The payees part of an aggregator
abstract contract AggregatorPayees is PayeesInterface, OwnerRole {
  mapping(address transmitter => address payee) internal s_payees;
  mapping(address transmitter => address payee) private s_proposedPayees;

  /// @inheritdoc PayeesInterface
  function setPayees(address[] calldata transmitters, address[] calldata payees) external override onlyOwner {
    require(transmitters.length == payees.length, "transmitters.size != payees.size");
    for (uint256 i = 0; i < transmitters.length; ++i) {
      address transmitter = transmitters[i];
      address payee = payees[i];
      address current = s_payees[transmitter];
      require(current == address(0) || current == payee, "payee already set");
      if (current == payee) continue;
      s_payees[transmitter] = payee;
      emit PayeeshipTransferred(transmitter, current, payee);
    }
  }

  /// @inheritdoc PayeesInterface
  function transferPayeeship(address transmitter, address proposed) external override {
    require(msg.sender == s_payees[transmitter], "only current payee can update");
    require(msg.sender != proposed, "cannot transfer to self");
    if (s_proposedPayees[transmitter] == proposed) return;
    s_proposedPayees[transmitter] = proposed;
    emit PayeeshipTransferRequested(transmitter, msg.sender, proposed);
  }

  /// @inheritdoc PayeesInterface
  function acceptPayeeship(address transmitter) external override {
    require(msg.sender == s_proposedPayees[transmitter], "only proposed payees can accept");
    address previous = s_payees[transmitter];
    s_payees[transmitter] = msg.sender;
    s_proposedPayees[transmitter] = address(0);
    emit PayeeshipTransferred(transmitter, previous, msg.sender);
  }
}
