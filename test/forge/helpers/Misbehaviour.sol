// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @notice A validator that never agrees.
contract RevertingValidator {
  fallback() external {
    revert("no");
  }
}

/// @notice A validator that uses all gas that it gets.
contract BurningValidator {
  fallback() external {
    assembly ("memory-safe") {
      invalid()
    }
  }
}

/// @notice A token that says no instead of reverting, whenever it is told to.
contract RefusingToken {
  mapping(address account => uint256 balance) public balanceOf;
  bool public refuses;

  function mint(address to, uint256 amount) external {
    balanceOf[to] += amount;
  }

  function setRefuses(bool refuses_) external {
    refuses = refuses_;
  }

  function transfer(address to, uint256 amount) external returns (bool) {
    if (refuses || balanceOf[msg.sender] < amount) return false;
    balanceOf[msg.sender] -= amount;
    balanceOf[to] += amount;
    return true;
  }
}

/// @notice A token that calls back while it transfers: it tries to have the same payment made twice.
contract ReenteringToken {
  mapping(address account => uint256 balance) public balanceOf;
  address private s_target;
  bytes private s_call;

  function mint(address to, uint256 amount) external {
    balanceOf[to] += amount;
  }

  function reenter(address target, bytes calldata data) external {
    s_target = target;
    s_call = data;
  }

  function transfer(address to, uint256 amount) external returns (bool) {
    balanceOf[msg.sender] -= amount;
    balanceOf[to] += amount;
    if (s_target != address(0)) {
      (bool ok, bytes memory ret) = s_target.call(s_call);
      if (!ok) {
        assembly ("memory-safe") {
          revert(add(ret, 32), mload(ret))
        }
      }
    }
    return true;
  }
}
