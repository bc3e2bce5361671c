// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title Who gets the money that an oracle earned
/// @notice The owner names the first payee of a transmitter. From then on only the payee itself can pass the role on, in
/// two steps: the owner of the feed cannot take money away from somebody who earned it.
interface PayeesInterface {
  /// @notice `current` offers to make `proposed` the payee of `transmitter`.
  event PayeeshipTransferRequested(address indexed transmitter, address indexed current, address indexed proposed);

  /// @notice `current` is the payee of `transmitter` in place of `previous`.
  event PayeeshipTransferred(address indexed transmitter, address indexed previous, address indexed current);

  /// @notice Names the payees of transmitters that have none. Owner only.
  /// @param transmitters the transmitters, in the configuration or not
  /// @param payees their payees, in the same order; naming the payee that there already is does nothing
  function setPayees(address[] calldata transmitters, address[] calldata payees) external;

  /// @notice Offers the role to somebody else. Payee only.
  /// @param transmitter whose payee is to change
  /// @param proposed who may accept
  function transferPayeeship(address transmitter, address proposed) external;

  /// @notice Makes the caller the payee. Only who was proposed can call this.
  /// @param transmitter whose payee is to change
  function acceptPayeeship(address transmitter) external;
}
