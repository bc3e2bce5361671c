// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import "ocr/ocr3/OCR3AttestationErrors.sol";
import {ExposedECDSAVerifier} from "../contracts/ocr3/ExposedECDSAVerifier.sol";
import {OCR3ECDSAFixture} from "../helpers/OCR3ECDSAFixture.sol";
import {OCR3ECDSAModel} from "../helpers/OCR3ECDSAModel.sol";

/// @title Applications that verify with another n than they set the keys with
/// @notice They are told not to. If they do, an oracle without a key has not signed, and nothing else goes wrong.
contract ECDSAMisuseTest is OCR3ECDSAFixture {
  ExposedECDSAVerifier private verifier;

  function deployDemo() internal override returns (address) {
    verifier = new ExposedECDSAVerifier();
    return address(verifier);
  }

  function test_oraclesWithoutKeysHaveNotSigned() public {
    for (uint256 n = 0; n <= 6; ++n) {
      makeOracles(n, 0, "few");
      verifier.setKeys(uint8(n), packed(keys));
      for (uint256 i = n; i < MAX_ORACLES; ++i) {
        // ecrecover gives zero for this, and there is no key.
        bytes memory attestation = bytes.concat(bytes4(uint32(1 << i)), new bytes(64));
        vm.expectRevert(InvalidAttestationNumberOfSignatures.selector);
        verifier.verify(uint8(MAX_ORACLES), 0, bytes32(uint256(1)), attestation);
      }
    }
  }

  /// @dev Keys that were there before do not come back.
  function test_oldKeysAreGone() public {
    uint8[5] memory sizes = [31, 4, 3, 1, 0];
    for (uint256 s = 0; s < sizes.length; ++s) {
      makeOracles(32, 0, "old");
      verifier.setKeys(32, packed(keys));
      verifier.setKeys(4, packed(first(4)));
      verifier.setKeys(sizes[s], packed(first(sizes[s])));
      bytes32 hash = keccak256("report");
      for (uint256 i = 0; i < MAX_ORACLES; ++i) {
        bytes memory attestation = attestationOf(1 << i, hash);
        if (i >= sizes[s]) vm.expectRevert(InvalidAttestationNumberOfSignatures.selector);
        verifier.verify(uint8(MAX_ORACLES), 0, hash, attestation);
      }
    }
  }

  function testFuzz_isAsInTheModel(uint256 count, uint256 n, uint256 f, uint32 signers, uint32 mask) public {
    count = bound(count, 0, 9);
    n = bound(n, 0, 255);
    makeOracles(count, 0, "any");
    verifier.setKeys(uint8(count), packed(keys));
    bytes32 hash = keccak256("report");
    signers = uint32(bound(signers, 0, 2 ** count - 1));
    mask = mask % 2 == 0 ? signers : mask >> (mask % 32);
    bytes memory attestation = bytes.concat(bytes4(mask), signatures(signers, hash));
    f = attestation.length > 4 ? (attestation.length - 4) / 64 - 1 : bound(f, 0, 255);
    bytes memory want = OCR3ECDSAModel.verify(keys, n > 32 ? 32 : n, f, hash, attestation, "");
    (bool ok, bytes memory got) =
      address(verifier).call(abi.encodeCall(verifier.verify, (uint8(n), uint8(f), hash, attestation)));
    assertEq(ok, want.length == 0);
    assertEq(got, want);
  }

  /// @dev ecrecover returns nothing for what is no signature. Then what was in the place of its output must not count as the signer.
  function test_scratchSpaceSignsNothing() public {
    makeOracles(4, 0, "few");
    verifier.setKeys(4, packed(keys));
    for (uint256 i = 0; i < 4; ++i) {
      bytes memory attestation = bytes.concat(bytes4(uint32(1 << i)), new bytes(64));
      vm.expectRevert(InvalidAttestationNumberOfSignatures.selector);
      verifier.verifyAfter(keys[i], 4, 0, keccak256("report"), attestation);
    }
  }

  function test_leavesItsNeighbourAlone() public {
    for (uint256 n = 0; n <= 6; ++n) {
      makeOracles(n, 0, "few");
      verifier.setKeys(uint8(n), packed(keys));
      assertEq(verifier.neighbour(), type(uint88).max);
      assertEq(uint256(vm.load(address(verifier), bytes32(uint256(2)))) >> 168, type(uint88).max, "in one slot");
    }
  }

  /// @dev What was in memory does not get into storage.
  function test_storesKeysOnly() public {
    for (uint256 n = 0; n <= 4; ++n) {
      setUp();
      makeOracles(n, 0, "few");
      verifier.setKeys(uint8(n), packed(keys));
      bytes memory stored = bytes.concat(
        vm.load(address(verifier), 0),
        bytes16(uint128(uint256(vm.load(address(verifier), bytes32(uint256(2)))))),
        vm.load(address(verifier), bytes32(uint256(1)))
      );
      assertEq(stored, bytes.concat(packed(keys), new bytes(80 - 20 * n)));
    }
  }

  function testFuzz_reportsAreHashed(bytes32 digest, uint64 seqNr, bytes memory report) public {
    makeOracles(1, 0, "one");
    verifier.setKeys(1, packed(keys));
    verifier.verifyReport(digest, seqNr, 1, 0, report, attestationOf(1, hashOf(digest, seqNr, report)));
  }

  function first(uint256 n) private view returns (address[] memory list) {
    list = new address[](n);
    for (uint256 i = 0; i < n; ++i) {
      list[i] = keys[i];
    }
  }
}
