// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @notice The attestation is too short.
error TooShort(uint256 length);

/// @notice Nobody signed.
error Unsigned();

/// @notice Nothing gives this one here, but a contract at an address that a contract calls may.
error Elsewhere(Kind kind);

enum Kind {
  None,
  Some,
  All
}

type Weight is uint16;

/// @notice A secret, encrypted for each oracle.
/// @param point where to begin
struct Secret {
  bytes32 point;
  bytes32 hash;
  bytes16[] encryptions;
}

/// @notice What abi.encode makes of a struct with a struct in it.
/// @param delta nanoseconds
/// @custom:ocr-report Settings tuple
struct Settings {
  int64 delta;
  uint64 alpha;
  uint8[] schedule;
  bytes32[] keys;
  string peers;
  string[] names;
  Secret secret;
}

/// @notice Static, so that there is no offset.
/// @custom:ocr-report Point tuple
struct Point {
  uint128 x;
  int128 y;
}

/// @notice A key with its proof.
/// @custom:ocr-packed
struct Key {
  bytes32 x;
  uint256 y;
  int8 sign;
  bool even;
  Kind kind;
  Weight weight;
  address owner;
  int24[2] pair;
}

/// @notice All keys.
/// @custom:ocr-packed Keys
struct KeyList {
  Key[] keys;
}

/// @notice All addresses.
/// @custom:ocr-packed Addresses
struct Addresses {
  address[] list;
}

/// @notice Who signed, and the signatures.
/// @param mask bit i is oracle i
/// @custom:ocr-packed Attestation version=1 tag=TAG low=-2 high=0xffff mark=MARK wide=WIDE
struct Attestation {
  uint8 version;
  bytes4 tag;
  int16 low;
  uint16 high;
  uint32 mask;
  bytes3 mark;
  uint256 wide;
  bytes32[2][] signatures;
}

/// @notice A message behind a head.
/// @custom:ocr-packed
struct Message {
  uint40 time;
  int136 price;
  bytes content;
}

library Store {
  /// @notice What a key area holds.
  struct Area {
    uint256[32] words;
  }

  /// @notice An event of the library.
  event Stored(uint256 indexed index, Kind kind);

  function put(Area storage area, uint256 i, uint256 word) external {
    area.words[i] = word;
    emit Stored(i, Kind.Some);
  }

  function sum(uint256[32] storage area, uint8 n) external view returns (uint256 total) {
    for (uint256 i = 0; i < n; i++) total += area[i];
  }

  function selectors() external pure returns (bytes4, bytes4) {
    return (Store.put.selector, Store.sum.selector);
  }
}

contract Layouts {
  /// @custom:ocr-constant Tag
  bytes4 internal constant TAG = 0xa1b2c3d4;
  bytes3 internal constant MARK = "ab";
  uint256 internal constant WIDE = uint256(bytes32(uint256(0x0400000000000000000000000000000000000000000000000000000000000001)));

  /// @notice A tag of 32 bytes.
  /// @custom:ocr-constant Domain
  bytes32 internal constant DOMAIN = 0x79537812dfe48a92fc860b8b010e8d6078b5c19e7037c4cf07f7bed69b54fffc;

  /// @notice The first half of a hash.
  /// @custom:ocr-config-digest Half
  function half(address where, uint64 count, address[] memory signers, bytes memory encoded) public pure returns (bytes16) {
    return bytes16(keccak256(abi.encode(where, count, signers, encoded)));
  }

  /// @notice What oracles sign.
  /// @param number of the report
  /// @custom:ocr-hash Report
  function reportHash(bytes32 digest, uint64 number, bytes32 report) public pure returns (bytes32) {
    return keccak256(abi.encode(digest, number, report));
  }

  function check(bytes calldata attestation) external pure {
    if (attestation.length == 0) revert Unsigned();
    if (attestation.length < 4) revert TooShort(attestation.length);
  }
}

contract ExposedLayouts is Layouts {
  function encodeSettings(Settings memory s) external pure returns (bytes memory) {
    return abi.encode(s);
  }

  function decodeSettings(bytes memory data) external pure returns (Settings memory) {
    return abi.decode(data, (Settings));
  }

  function encodePoint(uint128 x, int128 y) external pure returns (bytes memory) {
    return abi.encode(x, y);
  }

  function decodePoint(bytes memory data) external pure returns (uint128 x, int128 y) {
    return abi.decode(data, (uint128, int128));
  }

  function encodeKey(Key memory k) public pure returns (bytes memory) {
    return abi.encodePacked(
      abi.encodePacked(k.x, k.y, k.sign, k.even, k.kind, k.weight, k.owner), k.pair[0], k.pair[1]
    );
  }

  function decodeKey(bytes memory data) public pure returns (Key memory k) {
    require(data.length == 95, "key length");
    k.x = bytes32(_word(data, 0));
    k.y = _word(data, 32);
    k.sign = int8(uint8(data[64]));
    require(uint8(data[65]) < 2, "bool");
    k.even = uint8(data[65]) == 1;
    require(uint8(data[66]) < 3, "kind");
    k.kind = Kind(uint8(data[66]));
    k.weight = Weight.wrap(uint16(_word(data, 67) >> 240));
    k.owner = address(uint160(_word(data, 69) >> 96));
    k.pair[0] = int24(uint24(_word(data, 89) >> 232));
    k.pair[1] = int24(uint24(_word(data, 92) >> 232));
  }

  function encodeKeys(Key[] memory keys) external pure returns (bytes memory data) {
    for (uint256 i = 0; i < keys.length; i++) data = bytes.concat(data, encodeKey(keys[i]));
  }

  function decodeKeys(bytes memory data) external pure returns (Key[] memory keys) {
    require(data.length % 95 == 0, "keys length");
    keys = new Key[](data.length / 95);
    for (uint256 i = 0; i < keys.length; i++) keys[i] = decodeKey(_part(data, 95 * i, 95));
  }

  function encodeAddresses(Addresses memory a) external pure returns (bytes memory data) {
    for (uint256 i = 0; i < a.list.length; i++) data = bytes.concat(data, bytes20(a.list[i]));
  }

  function decodeAddresses(bytes memory data) external pure returns (Addresses memory a) {
    require(data.length % 20 == 0, "addresses length");
    a.list = new address[](data.length / 20);
    for (uint256 i = 0; i < a.list.length; i++) a.list[i] = address(uint160(_word(data, 20 * i) >> 96));
  }

  function encodeAttestation(Attestation memory a) external pure returns (bytes memory data) {
    data = abi.encodePacked(a.version, a.tag, a.low, a.high, a.mask, a.mark, a.wide);
    for (uint256 i = 0; i < a.signatures.length; i++) {
      data = bytes.concat(data, a.signatures[i][0], a.signatures[i][1]);
    }
  }

  function decodeAttestation(bytes memory data) external pure returns (Attestation memory a) {
    require(data.length >= 48 && data.length % 64 == 48, "attestation length");
    a.version = uint8(data[0]);
    a.tag = bytes4(bytes32(_word(data, 1)));
    a.low = int16(uint16(_word(data, 5) >> 240));
    a.high = uint16(_word(data, 7) >> 240);
    a.mask = uint32(_word(data, 9) >> 224);
    a.mark = bytes3(bytes32(_word(data, 13)));
    a.wide = _word(data, 16);
    require(a.version == 1 && a.tag == TAG && a.low == -2 && a.high == 0xffff && a.mark == MARK && a.wide == WIDE, "fixed");
    a.signatures = new bytes32[2][](data.length / 64);
    for (uint256 i = 0; i < a.signatures.length; i++) {
      a.signatures[i] = [bytes32(_word(data, 48 + 64 * i)), bytes32(_word(data, 80 + 64 * i))];
    }
  }

  function encodeMessage(uint40 time, int136 price, bytes memory content) external pure returns (bytes memory) {
    return abi.encodePacked(time, price, content);
  }

  function decodeMessage(bytes memory data) external pure returns (uint40 time, int136 price, bytes memory content) {
    require(data.length >= 22, "message length");
    time = uint40(_word(data, 0) >> 216);
    price = int136(uint136(_word(data, 5) >> 120));
    content = _part(data, 22, data.length - 22);
  }

  function _word(bytes memory data, uint256 from) private pure returns (uint256 w) {
    for (uint256 i = 0; i < 32; i++) {
      w = (w << 8) | (from + i < data.length ? uint256(uint8(data[from + i])) : 0);
    }
  }

  function _part(bytes memory data, uint256 from, uint256 length) private pure returns (bytes memory part) {
    part = new bytes(length);
    for (uint256 i = 0; i < length; i++) part[i] = data[from + i];
  }
}
