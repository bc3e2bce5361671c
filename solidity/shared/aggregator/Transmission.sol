// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title What is kept of a round, in one word
/// @dev Layout, from the lowest bit: 192 answer (two's complement), 32 observationsTimestamp, 32 transmissionTimestamp.
/// A round that does not exist is the zero word.
type Transmission is uint256;

using TransmissionLib for Transmission global;

library TransmissionLib {
  uint256 private constant OBSERVATIONS_TIMESTAMP_SHIFT = 192;
  uint256 private constant TRANSMISSION_TIMESTAMP_SHIFT = 224;

  function pack(int192 answer_, uint32 observationsTimestamp_, uint32 transmissionTimestamp_)
    internal
    pure
    returns (Transmission)
  {
    return Transmission.wrap(
      uint256(uint192(answer_)) | (uint256(observationsTimestamp_) << OBSERVATIONS_TIMESTAMP_SHIFT)
        | (uint256(transmissionTimestamp_) << TRANSMISSION_TIMESTAMP_SHIFT)
    );
  }

  function answer(Transmission t) internal pure returns (int192) {
    return int192(uint192(Transmission.unwrap(t)));
  }

  function observationsTimestamp(Transmission t) internal pure returns (uint32) {
    return uint32(Transmission.unwrap(t) >> OBSERVATIONS_TIMESTAMP_SHIFT);
  }

  function transmissionTimestamp(Transmission t) internal pure returns (uint32) {
    return uint32(Transmission.unwrap(t) >> TRANSMISSION_TIMESTAMP_SHIFT);
  }
}
