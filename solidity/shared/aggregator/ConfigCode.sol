// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title A configuration as the code of a contract
/// @notice setConfig writes what transmit needs to know into the code of a small data contract. To read n oracles from
/// storage costs a cold SLOAD (2,100 gas) for each word, to write them a slot creation (22,100) each. As code, all of it
/// is read for one cold account access (2,600) plus 3 gas a word, and written for 200 gas a byte.
///
/// @dev The code is a STOP byte, so that a call to it does nothing, then this:
///
///   offset            bytes   what
///     0                32     config digest; zero before the first configuration
///    32                32     ConfigHeader
///    64                 T     signer table
///    64 + T             T     transmitter table
///    64 + 2T          20n     signers, by index
///    64 + 2T + 20n    20n     transmitters, by index
///
/// Both tables find the index of an address without a search through the list: open addressing with linear probing, the
/// low bits of the address are the hash, an entry is the index plus one, and 0 is a free entry. T is the smallest power
/// of two that is at least 2n (and at least 4), so at least half of a table is free, most addresses are found at the
/// first probe, and a probe for a stranger ends.
///
/// The data contract is made by CREATE and its address is kept in the hot word. Nothing is ever derived from the nonce of
/// this contract, and a reorganisation of the chain that undoes a setConfig undoes the pointer together with the code.
/// The code cannot be destroyed: it has no instruction but STOP.
type Config is uint256;

using ConfigLib for Config global;

/// @dev Layout, from the lowest bit: 8 n, 8 f, 8 table mask (T - 1), 32 configCount, 32 blockNumber of the ConfigSet
/// event, 168 billing (the prices, packed as the family of the aggregator does it)
type ConfigHeader is uint256;

using ConfigHeaderLib for ConfigHeader global;

library ConfigHeaderLib {
  uint256 private constant F_SHIFT = 8;
  uint256 private constant TABLE_MASK_SHIFT = 16;
  uint256 private constant CONFIG_COUNT_SHIFT = 24;
  uint256 private constant BLOCK_NUMBER_SHIFT = 56;
  uint256 private constant BILLING_SHIFT = 88;

  function pack(uint256 n_, uint8 f_, uint256 tableMask_, uint32 configCount_, uint32 blockNumber_, uint256 billing_)
    internal
    pure
    returns (ConfigHeader)
  {
    return ConfigHeader.wrap(
      n_ | (uint256(f_) << F_SHIFT) | (tableMask_ << TABLE_MASK_SHIFT) | (uint256(configCount_) << CONFIG_COUNT_SHIFT)
        | (uint256(blockNumber_) << BLOCK_NUMBER_SHIFT) | (billing_ << BILLING_SHIFT)
    );
  }

  function n(ConfigHeader h) internal pure returns (uint256) {
    return uint8(ConfigHeader.unwrap(h));
  }

  function f(ConfigHeader h) internal pure returns (uint8) {
    return uint8(ConfigHeader.unwrap(h) >> F_SHIFT);
  }

  function tableMask(ConfigHeader h) internal pure returns (uint256) {
    return uint8(ConfigHeader.unwrap(h) >> TABLE_MASK_SHIFT);
  }

  function configCount(ConfigHeader h) internal pure returns (uint32) {
    return uint32(ConfigHeader.unwrap(h) >> CONFIG_COUNT_SHIFT);
  }

  function blockNumber(ConfigHeader h) internal pure returns (uint32) {
    return uint32(ConfigHeader.unwrap(h) >> BLOCK_NUMBER_SHIFT);
  }

  function billing(ConfigHeader h) internal pure returns (uint256) {
    return ConfigHeader.unwrap(h) >> BILLING_SHIFT;
  }

  function withBilling(ConfigHeader h, uint256 billing_) internal pure returns (ConfigHeader) {
    uint256 rest = ConfigHeader.unwrap(h) & ((1 << BILLING_SHIFT) - 1);
    return ConfigHeader.wrap(rest | (billing_ << BILLING_SHIFT));
  }
}

/// @dev A Config value is the memory address of a copy of the layout above.
library ConfigLib {
  uint256 private constant HEADER_OFFSET = 32;
  uint256 private constant TABLES_OFFSET = 64;

  /// @dev Length of a configuration without oracles: digest, header and two empty tables of four bytes.
  uint256 internal constant EMPTY_LENGTH = 72;

  /// @dev Creation code that returns what follows it: PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY,
  /// RETURNDATASIZE, RETURN. RETURNDATASIZE is a cheap zero here. The length is in the two bytes after the first.
  uint256 private constant CREATION_CODE = 0x61000080600a3d393df3;
  uint256 private constant CREATION_CODE_LENGTH = 10;
  uint256 private constant CREATION_CODE_LENGTH_SHIFT = 56;

  /// @dev The copy of a configuration that has no code yet: EXTCODECOPY gives zeros where there is no code, and that is an
  /// empty configuration of the right form.
  function load(address pointer, uint256 length) internal view returns (Config config) {
    assembly ("memory-safe") {
      // A word before it, for store(), and a word after it: reads of table bytes and list entries take whole words.
      config := add(mload(0x40), 32)
      mstore(0x40, and(add(add(config, length), 63), not(31)))
      extcodecopy(pointer, config, 1, length)
    }
  }

  function digest(Config config) internal pure returns (bytes32 value) {
    assembly ("memory-safe") {
      value := mload(config)
    }
  }

  function header(Config config) internal pure returns (ConfigHeader value) {
    assembly ("memory-safe") {
      value := mload(add(config, HEADER_OFFSET))
    }
  }

  function setDigest(Config config, bytes32 value) internal pure {
    assembly ("memory-safe") {
      mstore(config, value)
    }
  }

  function setHeader(Config config, ConfigHeader value) internal pure {
    assembly ("memory-safe") {
      mstore(add(config, HEADER_OFFSET), value)
    }
  }

  /// @dev Where the signer table begins, and 20 bytes before the signer list: entry e of the table is at
  /// list + 20 * e, because entries count from one.
  function signerTable(Config config) internal pure returns (uint256 table, uint256 list) {
    unchecked {
      table = Config.unwrap(config) + TABLES_OFFSET;
      list = table + 2 * (config.header().tableMask() + 1) - 20;
    }
  }

  /// @dev The same of the transmitters.
  function transmitterTable(Config config) internal pure returns (uint256 table, uint256 list) {
    unchecked {
      ConfigHeader h = config.header();
      uint256 size = h.tableMask() + 1;
      table = Config.unwrap(config) + TABLES_OFFSET + size;
      list = table + size + 20 * h.n() - 20;
    }
  }

  /// @dev Index plus one of a signer; 0 if `account` is none.
  function signerEntry(Config config, address account) internal pure returns (uint256 entry) {
    uint256 mask = config.header().tableMask();
    (uint256 table, uint256 list) = signerTable(config);
    assembly ("memory-safe") {
      account := shr(96, shl(96, account))
      for {
        let slot := account
      } 1 {
        slot := add(slot, 1)
      } {
        entry := byte(0, mload(add(table, and(slot, mask))))
        if iszero(entry) {
          break
        }
        if eq(shr(96, mload(add(list, mul(entry, 20)))), account) {
          break
        }
      }
    }
  }

  /// @dev The same of a transmitter. Spelled out again, because transmit uses it.
  function transmitterEntry(Config config, address account) internal pure returns (uint256 entry) {
    uint256 mask = config.header().tableMask();
    (uint256 table, uint256 list) = transmitterTable(config);
    assembly ("memory-safe") {
      account := shr(96, shl(96, account))
      for {
        let slot := account
      } 1 {
        slot := add(slot, 1)
      } {
        entry := byte(0, mload(add(table, and(slot, mask))))
        if iszero(entry) {
          break
        }
        if eq(shr(96, mload(add(list, mul(entry, 20)))), account) {
          break
        }
      }
    }
  }

  function transmitterAt(Config config, uint256 index) internal pure returns (address account) {
    (, uint256 list) = transmitterTable(config);
    assembly ("memory-safe") {
      account := shr(96, mload(add(list, mul(add(index, 1), 20))))
    }
  }

  function transmitters(Config config) internal pure returns (address[] memory accounts) {
    accounts = new address[](config.header().n());
    for (uint256 i = 0; i < accounts.length; ++i) {
      accounts[i] = config.transmitterAt(i);
    }
  }

  /// @dev A configuration without digest and with n oracles that are yet to be inserted.
  function make(uint256 n, uint8 f, uint32 configCount, uint32 blockNumber, uint256 billing)
    internal
    pure
    returns (Config config, uint256 length)
  {
    uint256 tableSize = 4;
    while (tableSize < 2 * n) tableSize *= 2;
    length = TABLES_OFFSET + 2 * tableSize + 40 * n;
    bytes memory buffer = new bytes(length + 64);
    assembly ("memory-safe") {
      config := add(buffer, 64)
    }
    config.setHeader(ConfigHeaderLib.pack(n, f, tableSize - 1, configCount, blockNumber, billing));
  }

  /// @dev Makes `account` the signer of oracle `index`. Returns false if it is the signer of another one already.
  function insertSigner(Config config, uint256 index, address account) internal pure returns (bool inserted) {
    (uint256 table, uint256 list) = signerTable(config);
    return _insert(table, list, config.header().tableMask(), index, account);
  }

  /// @dev Makes `account` the transmitter of oracle `index`. Returns false if it is the transmitter of another one already.
  function insertTransmitter(Config config, uint256 index, address account) internal pure returns (bool inserted) {
    (uint256 table, uint256 list) = transmitterTable(config);
    return _insert(table, list, config.header().tableMask(), index, account);
  }

  /// @dev Puts oracle `index` into its list and its table. Returns false if `account` is in the table already.
  function _insert(uint256 table, uint256 list, uint256 tableMask, uint256 index, address account)
    private
    pure
    returns (bool inserted)
  {
    assembly ("memory-safe") {
      account := shr(96, shl(96, account))
      let slot := and(account, tableMask)
      let entry := byte(0, mload(add(table, slot)))
      for {} entry {} {
        if eq(shr(96, mload(add(list, mul(entry, 20)))), account) {
          break
        }
        slot := and(add(slot, 1), tableMask)
        entry := byte(0, mload(add(table, slot)))
      }
      if iszero(entry) {
        inserted := 1
        entry := add(index, 1)
        mstore8(add(table, slot), entry)
        // A word is written where 20 bytes belong: keep the 12 bytes behind them, the other list may have begun there.
        let place := add(list, mul(entry, 20))
        mstore(place, or(shl(96, account), and(mload(place), 0xffffffffffffffffffffffff)))
      }
    }
  }

  /// @dev Writes a configuration into the code of a new data contract. The word of memory before it, which make() and load()
  /// leave free for this, takes the creation code for the time of the call.
  function store(Config config, uint256 length) internal returns (address pointer) {
    assembly ("memory-safe") {
      // In front of the data: creation code, STOP. One word holds both, right-aligned against the data.
      let word := mload(sub(config, 32))
      let code := or(CREATION_CODE, shl(CREATION_CODE_LENGTH_SHIFT, add(length, 1)))
      mstore(sub(config, 32), shl(8, code))
      pointer := create(0, sub(config, add(CREATION_CODE_LENGTH, 1)), add(length, add(CREATION_CODE_LENGTH, 1)))
      mstore(sub(config, 32), word)
    }
    require(pointer != address(0), "config not stored");
  }
}
