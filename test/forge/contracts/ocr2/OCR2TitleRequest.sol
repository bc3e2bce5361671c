// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TypeAndVersionInterface} from "ocr/shared/interfaces/TypeAndVersionInterface.sol";
import {OCR2Base} from "./OCR2Base.sol";

/// @title Asks oracles for the titles of web pages
/// @notice An example of a contract that is no feed: each report answers one request. A report is the ABI encoding of
/// (bytes32 requestId, string title) as an argument list.
contract OCR2TitleRequest is OCR2Base {
  /// @notice Somebody wants to know the title of a page.
  event TitleRequest(bytes32 requestId, string url);

  /// @notice The oracles found the title.
  event TitleFulfillment(bytes32 requestId, string title);

  /// @notice Whether a request was answered.
  mapping(bytes32 requestId => bool answered) public fulfilled;

  uint256 private s_requests;

  /// @dev There is something to do from the beginning.
  constructor() {
    request("https://example.com");
    request("https://example.org");
  }

  /// @notice Asks for the title of the page at `url`.
  function request(string memory url) public {
    emit TitleRequest(keccak256(abi.encode(block.chainid, address(this), s_requests++)), url);
  }

  /// @inheritdoc TypeAndVersionInterface
  function typeAndVersion() external pure override returns (string memory) {
    return "OCR2TitleRequest 1.0.0-alpha";
  }

  /// @inheritdoc OCR2Base
  function _report(bytes calldata report) internal override {
    (bytes32 requestId, string memory title) = abi.decode(report, (bytes32, string));
    require(!fulfilled[requestId], "already fulfilled");
    fulfilled[requestId] = true;
    emit TitleFulfillment(requestId, title);
  }
}
