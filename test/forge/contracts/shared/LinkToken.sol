// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What transferAndCall calls on a contract that receives tokens.
interface ERC677Receiver {
  /// @param sender who sent the tokens
  /// @param value how many
  /// @param data what the sender added
  function onTokenTransfer(address sender, uint256 value, bytes calldata data) external;
}

/// @title A token that behaves like LINK, for tests and development networks
/// @notice An ERC-20 with approvals that can be raised and lowered, and the ERC-677 transferAndCall. The whole supply, a
/// billion with 18 decimals, belongs to whoever deploys it.
contract LinkToken {
  string public constant name = "ChainLink Token";
  string public constant symbol = "LINK";
  uint8 public constant decimals = 18;
  uint256 public constant totalSupply = 1e27;

  mapping(address owner => uint256 balance) public balanceOf;
  mapping(address owner => mapping(address spender => uint256 remaining)) public allowance;

  event Transfer(address indexed from, address indexed to, uint256 value);
  event Transfer(address indexed from, address indexed to, uint256 value, bytes data);
  event Approval(address indexed owner, address indexed spender, uint256 value);

  constructor() {
    balanceOf[msg.sender] = totalSupply;
    emit Transfer(address(0), msg.sender, totalSupply);
  }

  function transfer(address to, uint256 value) external returns (bool success) {
    _transfer(msg.sender, to, value);
    return true;
  }

  function transferFrom(address from, address to, uint256 value) external returns (bool success) {
    allowance[from][msg.sender] -= value;
    _transfer(from, to, value);
    return true;
  }

  function transferAndCall(address to, uint256 value, bytes calldata data) external returns (bool success) {
    _transfer(msg.sender, to, value);
    emit Transfer(msg.sender, to, value, data);
    if (to.code.length != 0) ERC677Receiver(to).onTokenTransfer(msg.sender, value, data);
    return true;
  }

  function approve(address spender, uint256 value) external returns (bool success) {
    return _approve(spender, value);
  }

  function increaseApproval(address spender, uint256 addedValue) external returns (bool success) {
    return _approve(spender, allowance[msg.sender][spender] + addedValue);
  }

  /// @notice Lowers an approval, to zero if it is lower than `subtractedValue`.
  function decreaseApproval(address spender, uint256 subtractedValue) external returns (bool success) {
    uint256 old = allowance[msg.sender][spender];
    return _approve(spender, subtractedValue < old ? old - subtractedValue : 0);
  }

  function _approve(address spender, uint256 value) private returns (bool) {
    allowance[msg.sender][spender] = value;
    emit Approval(msg.sender, spender, value);
    return true;
  }

  function _transfer(address from, address to, uint256 value) private {
    require(to != address(0) && to != address(this), "invalid recipient");
    balanceOf[from] -= value;
    balanceOf[to] += value;
    emit Transfer(from, to, value);
  }
}
