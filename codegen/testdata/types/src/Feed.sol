// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @notice What kind of weather it is.
enum Sky {
  Clear,
  Clouds,
  Rain
}

/// @notice Hundredths of a degree.
type Temperature is int24;

/// @notice A place that is measured at.
/// @param name what people call it
/// @param at degrees of latitude and longitude, times a million
struct Station {
  string name;
  int40[2] at;
  address keeper;
}

/// @notice Two numbers that belong together.
struct Pair {
  uint64 first;
  bool second;
}

/// @notice What the stations measured: one field of every sort.
/// @param time seconds since 1970
/// @custom:ocr-report WeatherReport
struct WeatherReport {
  uint40 time;
  Sky sky;
  Temperature low;
  bytes4 region;
  Station[] stations;
  Pair pair;
  Pair[] pairs;
  Pair[2] corners;
  uint256[3] totals;
  string[2] notes;
  bytes[] attachments;
  uint16[2][] grid;
  int256[][] series;
  bool final_;
}

/// @notice Fixed size, so that its encoding is too.
/// @custom:ocr-report TickReport
struct TickReport {
  uint32 time;
  int192 price;
}

/// @notice What the contract reads of its configuration.
/// @custom:ocr-onchain-config Limits version=LAYOUT
struct Limits {
  uint8 version;
  int24 lowest;
  uint96 budget;
  bool strict;
  address keeper;
  bytes3 tag;
  Sky worst;
}

interface Errors {
  /// @notice A station sent nonsense.
  /// @param index which
  error BadStation(uint256 index, string name, Pair pair);
  /// @notice Nothing to do.
  error Idle();
}

contract Feed is Errors {
  /// @notice Most stations of a report.
  /// @custom:ocr-constant MaxStations
  uint256 internal constant MAX_STATIONS = 0x10;

  /// @custom:ocr-constant
  int16 internal constant coldest = -30_000;

  uint8 internal constant LAYOUT = 3;

  /// @custom:ocr-digest-prefix WeatherPrefix
  uint24 internal constant PREFIX = 0x00beef;

  /// @notice A report came in.
  event Reported(uint40 indexed time, Sky indexed sky, address indexed by, Temperature low, Station[] stations, bytes4 region);

  /// @notice Takes a report.
  /// @custom:ocr-call
  function report(WeatherReport calldata r, bytes32[] calldata signatures) external {
    require(r.stations.length <= MAX_STATIONS, "too many stations");
    require(signatures.length > 0, "signatures != enough");
    if (r.time == 0) revert Idle();
    for (uint256 i = 0; i < r.stations.length; i++) {
      if (r.stations[i].keeper == address(0)) revert BadStation(i, r.stations[i].name, r.pair);
    }
    emit Reported(r.time, r.sky, msg.sender, r.low, r.stations, r.region);
  }

  /// @notice Digest of a configuration.
  /// @custom:ocr-config-digest Weather
  function digest(uint256 chainId, Station[] memory stations, bytes memory limits) public pure returns (bytes32) {
    uint256 hash = uint256(keccak256(abi.encode(chainId, stations, limits)));
    return bytes32((uint256(PREFIX) << 232) | ((hash << 24) >> 24));
  }
}

contract ExposedFeed is Feed {
  function encodeWeather(WeatherReport memory r) external pure returns (bytes memory) {
    bytes memory withOffset = abi.encode(r);
    bytes memory list = new bytes(withOffset.length - 32);
    for (uint256 i = 0; i < list.length; i++) list[i] = withOffset[i + 32];
    return list;
  }

  function decodeWeather(bytes memory data) external pure returns (WeatherReport memory) {
    return abi.decode(bytes.concat(bytes32(uint256(32)), data), (WeatherReport));
  }

  function encodeTick(uint32 time, int192 price) external pure returns (bytes memory) {
    return abi.encode(time, price);
  }

  function decodeTick(bytes memory data) external pure returns (uint32 time, int192 price) {
    return abi.decode(data, (uint32, int192));
  }

  function encodeLimits(Limits memory l) external pure returns (bytes memory) {
    return abi.encodePacked(l.version, l.lowest, l.budget, l.strict, l.keeper, l.tag, l.worst);
  }
}
