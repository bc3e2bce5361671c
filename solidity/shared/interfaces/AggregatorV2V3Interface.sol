// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {AggregatorInterface} from "./AggregatorInterface.sol";
import {AggregatorV3Interface} from "./AggregatorV3Interface.sol";

/// @title Both interfaces for readers of a feed
interface AggregatorV2V3Interface is AggregatorInterface, AggregatorV3Interface {}
