package contracts

import (
	"bytes"
	crand "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/offchain/crypto/bn254bls"
	"github.com/ocrkit/ocrkit/offchain/evm/ocr3keyring"
)

// TestBLSKeyLists asserts that the contract, which checks all proofs of possession at once, and bn254bls.DecodeKeyList, which
// checks one after the other, accept the same lists: good ones, and lists that something was done to.
func TestBLSKeyLists(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	parsed, err := metaData(t, "DemoBLSAttestationVerifier").ParseABI()
	if err != nil {
		t.Fatal(err)
	}
	chain := newChain(t, 1, cancun)
	address, deployed := chain.deploy(common.Address{1}, 0, creationCode(t, "DemoBLSAttestationVerifier"))
	if deployed.err != nil {
		t.Fatal(deployed.err)
	}
	var entries [][]byte
	for i := range 12 {
		secret := crypto.Keccak256([]byte("key lists"), []byte{byte(i)})
		secret[0] = 0
		key, err := bn254bls.SecretKeyFromBytes(secret)
		if err != nil {
			t.Fatal(err)
		}
		entry, err := key.KeyEntry()
		if err != nil {
			t.Fatal(err)
		}
		b := entry.Bytes()
		entries = append(entries, b[:])
	}
	accepted, refused := 0, 0
	for range 150 {
		n := 1 + random.IntN(5)
		var list []byte
		for _, i := range random.Perm(len(entries))[:n] {
			list = append(list, entries[i]...)
		}
		for range random.IntN(3) {
			spoilKeyList(random, list, entries)
		}
		data, err := parsed.Pack("setConfig", uint32(1), uint8(n), uint8(0), list)
		if err != nil {
			t.Fatal(err)
		}
		r := chain.view(common.Address{2}, address, data)
		_, err = bn254bls.DecodeKeyList(list)
		if (r.err == nil) != (err == nil) {
			t.Errorf("list %x: the contract says %v, DecodeKeyList says %v", list, r.err, err)
		}
		if r.err != nil && !errors.Is(ocr3.DecodeRevert(r.ret), ocr3.ErrInvalidKey) {
			t.Errorf("list %x: the contract reverts with %s", list, describe(r.ret))
		}
		if err == nil {
			accepted++
		} else {
			refused++
		}
	}
	if accepted < 20 || refused < 20 {
		t.Errorf("%d lists were accepted and %d refused: one of them is hardly tested", accepted, refused)
	}
}

// spoilKeyList does something to one entry.
func spoilKeyList(random *rand.Rand, list []byte, entries [][]byte) {
	n := len(list) / bn254bls.KeySize
	entry := func(i int) []byte { return list[i*bn254bls.KeySize:][:bn254bls.KeySize] }
	i, j := random.IntN(n), random.IntN(n)
	proof := bn254bls.PublicKeySize
	switch random.IntN(7) {
	case 0: // a bit of the public key
		entry(i)[random.IntN(proof)] ^= 1 << random.IntN(8)
	case 1: // a bit of the proof
		entry(i)[proof+random.IntN(bn254bls.SignatureSize)] ^= 1 << random.IntN(8)
	case 2: // the sign of the proof
		entry(i)[proof] ^= 0x80
	case 3: // two proofs change places, or none
		first := bytes.Clone(entry(i)[proof:])
		copy(entry(i)[proof:], entry(j)[proof:])
		copy(entry(j)[proof:], first)
	case 4: // a key from another entry, or of the same
		copy(entry(i), entry(j))
	case 5: // any other key
		copy(entry(i), entries[random.IntN(len(entries))])
	case 6: // infinity
		clear(entry(i)[:proof])
	}
}

// TestBLSConstants asserts that bn254bls, which cannot import what was generated, knows the same numbers as the contracts.
func TestBLSConstants(t *testing.T) {
	if bn254bls.KeySize != ocr3.BLSKeyLength || bn254bls.MaxKeys != ocr3.MaxNumOracles ||
		4+bn254bls.SignatureSize != ocr3.BLSAttestationLength {
		t.Error("lengths differ")
	}
	key, err := bn254bls.GenerateSecretKey(crand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public := key.PublicKey().Bytes()
	if want := crypto.Keccak256Hash(ocr3.BLSProofOfPossessionTag[:], public[:]); key.PublicKey().PossessionDigest() != want {
		t.Error("tags of proofs of possession differ")
	}
}

// TestBLSGas holds the verifiers to what they are built for; see TestGas. The reference was measured by the rules before Osaka,
// which made a square root dearer by 2,678 gas. There are two of them for each key, and two for each attestation.
func TestBLSGas(t *testing.T) {
	const rise = 4_016 - 1_338
	for _, c := range []struct {
		n, f          int
		config        [2]uint64 // of the reference, inherited and dispatched; see docs/gas.md
		configShare   uint64
		transmit      [2]uint64
		transmitShare uint64
	}{
		{4, 1, [2]uint64{856_511, 862_453}, 70, [2]uint64{145_402, 149_980}, 90},
		{16, 5, [2]uint64{3_355_253, 3_366_218}, 60, [2]uint64{189_215, 193_792}, 80},
		{31, 10, [2]uint64{6_477_528, 6_494_849}, 55, [2]uint64{244_170, 248_744}, 70},
	} {
		for i, dynamic := range []bool{false, true} {
			for _, rules := range []rules{cancun, osaka} {
				t.Run(fmt.Sprintf("%v/dynamic=%v/n=%d", rules, dynamic, c.n), func(t *testing.T) {
					a := newAttester(t, ocr3keyring.BLS, dynamic, c.n, c.f)
					a.chain.rules = rules
					config, transmit := c.config[i], c.transmit[i]
					if rules == osaka {
						config += uint64(2 * c.n * rise)
						transmit += 2 * rise
					}
					checkGas(t, "setConfig, first", a.setConfig(), config, c.configShare)
					report := make([]byte, 128)
					var lowest []int
					for k := range c.f + 1 {
						lowest = append(lowest, k)
					}
					gas, err := a.transmit(report, a.attestation(report, lowest))
					if err != nil {
						t.Fatal(err)
					}
					checkGas(t, "transmit", gas, transmit, c.transmitShare)
				})
			}
		}
	}
}
