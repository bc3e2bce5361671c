package bn254bls

import (
	"bytes"
	"flag"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// The forge tests of the verifier make signatures themselves, by the precompiles for G1. For G2 there are none,
// so public keys come from here.

var update = flag.Bool("update", false, "write the keys for the forge tests anew")

const (
	fixturePath = "../../../test/forge/helpers/OCR3BLSKeys.sol"
	fixtureKeys = 40
	fixtureText = "ocrkit BLS test key"
)

func fixtureSecret(t *testing.T, i int) *SecretKey {
	t.Helper()
	// keccak256(abi.encodePacked(text, i)) % order
	seed := crypto.Keccak256([]byte(fixtureText), common.BigToHash(big.NewInt(int64(i))).Bytes())
	var b [SecretKeySize]byte
	secret := new(big.Int).SetBytes(seed)
	secret.Mod(secret, fr.Modulus()).FillBytes(b[:])
	return must(SecretKeyFromBytes(b[:]))(t)
}

func TestForgeFixture(t *testing.T) {
	var keys, sums bytes.Buffer
	var all []*PublicKey
	for i := range fixtureKeys {
		key := fixtureSecret(t, i).PublicKey()
		all = append(all, key)
		fmt.Fprintf(&keys, "    hex\"%v\"\n", key)
		fmt.Fprintf(&sums, "    hex\"%v\"\n", must(AggregatePublicKeys(all))(t))
	}
	want := fmt.Sprintf(fixtureTemplate, fixtureKeys, fr.Modulus(), fixtureText,
		bytes.TrimSpace(keys.Bytes()), bytes.TrimSpace(sums.Bytes()), outsideSubgroup(t))
	path := filepath.FromSlash(fixturePath)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is stale: run go test ./offchain/crypto/bn254bls -run TestForgeFixture -update", path)
	}
}

const fixtureTemplate = `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

// Written by offchain/crypto/bn254bls (fixture_test.go). To write it anew: go test -run TestForgeFixture -update

/// @title BLS keys for tests, known to everybody
library OCR3BLSKeys {
  /// @dev Number of keys.
  uint256 internal constant COUNT = %d;

  /// @dev Order of the groups.
  uint256 internal constant ORDER = %v;

  function secretKey(uint256 i) internal pure returns (uint256) {
    return uint256(keccak256(abi.encodePacked("%s", i))) %% ORDER;
  }

  /// @dev secretKey(i) times the generator of G2.
  function publicKey(uint256 i) internal pure returns (bytes memory) {
    return pointAt(PUBLIC_KEYS, i);
  }

  /// @dev The sum of the public keys 0 to i.
  function sum(uint256 i) internal pure returns (bytes memory) {
    return pointAt(SUMS, i);
  }

  /// @dev The hashes of all public keys.
  function hashes() internal pure returns (bytes32[] memory list) {
    bytes memory points = PUBLIC_KEYS;
    list = new bytes32[](COUNT);
    for (uint256 i = 0; i < COUNT; ++i) {
      bytes32 hash;
      assembly ("memory-safe") {
        hash := keccak256(add(add(points, 32), mul(i, 128)), 128)
      }
      list[i] = hash;
    }
  }

  function pointAt(bytes memory points, uint256 i) private pure returns (bytes memory point) {
    point = new bytes(128);
    for (uint256 w = 0; w < 128; w += 32) {
      assembly ("memory-safe") {
        mstore(add(add(point, 32), w), mload(add(add(add(points, 32), mul(i, 128)), w)))
      }
    }
  }

  bytes private constant PUBLIC_KEYS = %s;

  bytes private constant SUMS = %s;

  /// @dev A point of the curve of G2 that is not in G2.
  bytes internal constant OUTSIDE =
    hex"%v";
}
`
