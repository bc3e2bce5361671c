// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

enum Level {
  Low,
  Middle,
  High,
  Top
}

type Price is uint104;
type Tag is bytes5;
type Owner is address;

/// @notice Static, with arrays in it.
struct Cell {
  Level[3] levels;
  uint256[2][2] grid;
  Tag tag;
}

/// @notice Dynamic in every way.
struct Leaf {
  bytes content;
  Price[] prices;
  Cell[2] cells;
  string[][] words;
}

/// @notice A tree of fixed depth.
struct Tree {
  Leaf[] leaves;
  Leaf[2] pair;
  mapping_[] list;
}

/// @notice A name that Go would not have.
struct mapping_ {
  uint256 key;
  int256 value;
}

/// @notice The hard types in one report.
/// @custom:ocr-report Deep
struct Deep {
  uint8 r;
  uint256 i;
  uint256[] a;
  int136 aLen;
  string len;
  Tree tree;
  Level[] levels;
  Owner[2][][2] owners;
  bytes32[2][3][] words;
  bytes[2][] parts;
  string[2][2] names;
  Price[2][2][] prices;
  Cell[][2] cells;
  bool[1] one;
  function(uint256) external returns (bool) callback;
}

/// @notice The same tree behind an offset.
/// @custom:ocr-report Wrapped tuple
struct Wrapped {
  Tree tree;
  uint16[3][2] fixed_;
  bytes1[] small;
}

/// @notice Only numbers, no fixed layout but one.
/// @custom:ocr-packed Record kind=0x0102
struct Record {
  uint16 kind;
  Price price;
  uint256 total;
  Cell cell;
  Owner owner;
  Level[] levels;
}

interface HardEvents {
  /// @notice Everything at once.
  event Happened(Price indexed price, uint256 indexed id, string indexed name, Tree tree, uint256[] numbers, Level level);
  error Failed(Price price, Leaf leaf, uint256[2] pair);
}

contract Hard is HardEvents {
  /// @custom:ocr-call
  function take(Deep calldata deep, Leaf[2][] calldata leaves, uint256 id) external returns (Tree memory tree, uint256, Price[2] memory) {
    tree = deep.tree;
    if (id == 0) revert Failed(Price.wrap(1), leaves[0][0], [id, id]);
    emit Happened(Price.wrap(2), id, "name", tree, deep.a, Level.Low);
    return (tree, id, [Price.wrap(3), Price.wrap(4)]);
  }

  /// @custom:ocr-call
  function nothing() external pure returns (bool) {
    return true;
  }

  /// @custom:ocr-config-digest Hard
  function digest(uint256 id, Leaf memory leaf, Price[] memory prices) public pure returns (bytes20) {
    return bytes20(keccak256(abi.encode(id, leaf, prices)));
  }
}

contract ExposedHard is Hard {
  function encodeDeep(Deep memory deep) external pure returns (bytes memory) {
    bytes memory whole = abi.encode(deep);
    bytes memory list = new bytes(whole.length - 32);
    for (uint256 i = 0; i < list.length; i++) list[i] = whole[i + 32];
    return list;
  }

  function decodeDeep(bytes memory data) external pure returns (Deep memory) {
    return abi.decode(bytes.concat(bytes32(uint256(32)), data), (Deep));
  }

  function encodeWrapped(Wrapped memory wrapped) external pure returns (bytes memory) {
    return abi.encode(wrapped);
  }

  function decodeWrapped(bytes memory data) external pure returns (Wrapped memory) {
    return abi.decode(data, (Wrapped));
  }

  function encodeRecord(Record memory x) external pure returns (bytes memory data) {
    data = abi.encodePacked(x.kind, x.price, x.total);
    for (uint256 i = 0; i < 3; i++) data = abi.encodePacked(data, x.cell.levels[i]);
    for (uint256 i = 0; i < 4; i++) data = abi.encodePacked(data, x.cell.grid[i / 2][i % 2]);
    data = abi.encodePacked(data, x.cell.tag, x.owner);
    for (uint256 i = 0; i < x.levels.length; i++) data = abi.encodePacked(data, x.levels[i]);
  }
}
