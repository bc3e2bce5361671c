// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

contract Feed {
  /// @custom:ocr-onchain-config Limits version=256 colour=1
  struct Limits {
    uint8 version;
    uint8 lowest;
  }

  /// @custom:ocr-packed Names
  struct Names {
    string name;
    bool known;
  }

  /// @custom:ocr-packed Lists
  struct Lists {
    uint8[][] lists;
  }

  /// @custom:ocr-packed Fixed colour=1 low=-129 tag=TAG
  struct Fixed {
    int8 low;
    bytes2 tag;
  }

  /// @custom:ocr-packed Colour colour=1 hue
  struct Colour {
    int8 low;
  }

  /// @custom:ocr-packed Grey colour=1 low=LOW
  struct Shade {
    int8 low;
  }

  int8 internal constant LOW = -128;
  bytes3 internal constant TAG = 0x010203;

  function take(Limits calldata, Names calldata, Lists calldata, Fixed calldata, Colour calldata, Shade calldata) external {}
}
