package contracts

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/crypto/bn254bls"
	"github.com/ocrkit/ocrkit/offchain/evm/ocr3keyring"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// attester is a demo contract with oracles whose key rings are those of production.
type attester struct {
	t        *testing.T
	chain    *chain
	abi      *abi.ABI
	address  common.Address
	keyrings []*ocr3keyring.Keyring[struct{}]
	public   []types.OnchainPublicKey
	f        int
	seqNr    uint64
}

var attesterDigest = types.ConfigDigest{0, 1, 2, 3}

func newAttester(t *testing.T, scheme ocr3keyring.Scheme, dynamic bool, n, f int) *attester {
	t.Helper()
	static, library := "DemoECDSAAttestationVerifier", "OCR3DynamicallyDispatchedECDSAAttestationVerifierLib"
	if scheme == ocr3keyring.BLS {
		static, library = "DemoBLSAttestationVerifier", "OCR3DynamicallyDispatchedBLSAttestationVerifierLib"
	}
	parsed, err := metaData(t, static).ParseABI()
	if err != nil {
		t.Fatal(err)
	}
	a := &attester{t: t, chain: newChain(t, 1, osaka), abi: parsed, f: f}
	deploy := func(nonce uint64, code []byte) common.Address {
		address, r := a.chain.deploy(common.Address{1}, nonce, code)
		if r.err != nil {
			t.Fatalf("deploy: %v %s", r.err, describe(r.ret))
		}
		return address
	}
	if dynamic {
		lib := deploy(0, creationCode(t, library))
		a.address = deploy(1, append(creationCode(t, "DemoDynamicallyDispatchedAttestationVerifier"), common.LeftPadBytes(lib[:], 32)...))
	} else {
		a.address = deploy(0, creationCode(t, static))
	}
	for i := range n {
		keyring := newKeyring(t, scheme, i)
		a.keyrings = append(a.keyrings, keyring)
		a.public = append(a.public, keyring.PublicKey())
	}
	return a
}

// newKeyring makes the key ring of production of an oracle; the same for the same number.
func newKeyring(t *testing.T, scheme ocr3keyring.Scheme, number int) *ocr3keyring.Keyring[struct{}] {
	t.Helper()
	secret := crypto.Keccak256([]byte("attester"), []byte{byte(number)})
	secret[0] = 0 // below the order of both groups
	if scheme == ocr3keyring.BLS {
		key, err := bn254bls.SecretKeyFromBytes(secret)
		if err != nil {
			t.Fatal(err)
		}
		keyring, err := ocr3keyring.NewBLS[struct{}](key)
		if err != nil {
			t.Fatal(err)
		}
		return keyring
	}
	private, err := crypto.ToECDSA(secret)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.NewEVMKey(private)
	if err != nil {
		t.Fatal(err)
	}
	keyring, err := ocr3keyring.NewECDSA[struct{}](key)
	if err != nil {
		t.Fatal(err)
	}
	return keyring
}

// call makes a call and returns the gas that it used, and the error that the contract reverted with.
func (a *attester) call(method string, args ...any) (uint64, error) {
	a.t.Helper()
	data, err := a.abi.Pack(method, args...)
	if err != nil {
		a.t.Fatal(err)
	}
	r := a.chain.call(common.Address{2}, a.address, data, defaultGasLimit)
	if r.err == nil {
		return r.gas, nil
	}
	if !r.reverted() {
		a.t.Fatalf("%s: %v", method, r.err)
	}
	return r.gas, ocr3.DecodeRevert(r.ret)
}

func (a *attester) setConfig() uint64 {
	a.t.Helper()
	list, err := a.keyrings[0].Scheme().KeyList(a.public)
	if err != nil {
		a.t.Fatal(err)
	}
	gas, err := a.call("setConfig", uint32(1), uint8(len(a.public)), uint8(a.f), list)
	if err != nil {
		a.t.Fatal(err)
	}
	return gas
}

// attestation has some oracles sign a report.
func (a *attester) attestation(report []byte, signers []int) []byte {
	a.t.Helper()
	var signatures []types.AttributedOnchainSignature
	for _, i := range signers {
		r := ocr3types.ReportWithInfo[struct{}]{Report: report}
		signature, err := a.keyrings[i].Sign(attesterDigest, a.seqNr, r)
		if err != nil {
			a.t.Fatal(err)
		}
		if !a.keyrings[0].Verify(a.public[i], attesterDigest, a.seqNr, r, signature) {
			a.t.Fatalf("signature of oracle %d does not verify", i)
		}
		signatures = append(signatures, types.AttributedOnchainSignature{Signature: signature, Signer: commontypes.OracleID(i)})
	}
	attestation, err := a.keyrings[0].Scheme().Attestation(len(a.public), a.f, signatures)
	if err != nil {
		a.t.Fatal(err)
	}
	return attestation
}

func (a *attester) transmit(report, attestation []byte) (uint64, error) {
	a.t.Helper()
	return a.call("transmit", [32]byte(attesterDigest), a.seqNr, report, attestation)
}

// TestAttestations: what the key rings make, the contracts take; and what is wrong with an attestation, contracts and key rings
// see alike.
func TestAttestations(t *testing.T) {
	for _, scheme := range []ocr3keyring.Scheme{ocr3keyring.ECDSA, ocr3keyring.BLS} {
		for _, dynamic := range []bool{false, true} {
			for _, size := range [][2]int{{1, 0}, {4, 1}, {5, 1}, {16, 5}, {32, 10}} {
				t.Run(fmt.Sprintf("%v/dynamic=%v/n=%d", scheme, dynamic, size[0]), func(t *testing.T) {
					a := newAttester(t, scheme, dynamic, size[0], size[1])
					a.setConfig()
					random := rand.New(rand.NewPCG(uint64(size[0]), 1))
					for range 10 {
						a.seqNr = random.Uint64()
						report := make([]byte, random.IntN(200))
						good := a.attestation(report, random.Perm(len(a.public))[:a.f+1])
						if _, err := a.transmit(report, good); err != nil {
							t.Fatal(err)
						}
						a.seqNr++
						bad := a.spoil(random, good)
						hash := ocr3keyring.ReportHash(attesterDigest, a.seqNr, report)
						_, got := a.transmit(report, bad)
						want := scheme.VerifyAttestation(a.public, a.f, hash, bad)
						if got == nil || !errors.Is(got, want) {
							t.Errorf("contract: %v, in Go: %v", got, want)
						}
						a.seqNr--
						bad = a.spoil(random, good)
						hash = ocr3keyring.ReportHash(attesterDigest, a.seqNr, report)
						_, got = a.transmit(report, bad)
						want = scheme.VerifyAttestation(a.public, a.f, hash, bad)
						if (got == nil) != (want == nil) || want != nil && !errors.Is(got, want) {
							t.Errorf("attestation %x: contract: %v, in Go: %v", bad, got, want)
						}
					}
				})
			}
		}
	}
}

// spoil changes an attestation a little.
func (a *attester) spoil(random *rand.Rand, attestation []byte) []byte {
	bad := slices.Clone(attestation)
	switch random.IntN(6) {
	case 0:
		bad[random.IntN(len(bad))] ^= 1 << random.IntN(8)
	case 1: // a bit more or less, of an oracle or of nobody
		bad[random.IntN(4)] ^= 1 << random.IntN(8)
	case 2:
		bad = bad[:random.IntN(len(bad))]
	case 3:
		bad = append(bad, byte(random.Uint32()))
	case 4: // another oracle instead of one that signed
		i := random.IntN(len(a.public))
		bad[3-i/8] ^= 1 << (i % 8)
		i = random.IntN(len(a.public))
		bad[3-i/8] ^= 1 << (i % 8)
	case 5: // the mask in the other byte order
		slices.Reverse(bad[:4])
	}
	return bad
}

// TestAttestationGas holds the verifiers to what they are built for; see TestGas.
func TestAttestationGas(t *testing.T) {
	for _, c := range []struct {
		n, f         int
		config       [2]uint64 // of the reference, inherited and dispatched; see docs/gas.md
		configShare  uint64
		dynamicShare uint64
		transmit     [2]uint64
	}{
		{4, 1, [2]uint64{113_974, 118_372}, 60, 80, [2]uint64{15_298, 20_217}},
		{16, 5, [2]uint64{386_098, 391_071}, 45, 45, [2]uint64{36_802, 42_380}},
		{31, 10, [2]uint64{726_253, 732_050}, 35, 35, [2]uint64{63_682, 70_085}},
	} {
		for i, dynamic := range []bool{false, true} {
			t.Run(fmt.Sprintf("ECDSA/dynamic=%v/n=%d", dynamic, c.n), func(t *testing.T) {
				a := newAttester(t, ocr3keyring.ECDSA, dynamic, c.n, c.f)
				check := func(what string, gas, reference, share uint64) {
					t.Helper()
					t.Logf("%-26s %9d gas, %.1f %% of %d", what, gas, float64(gas)*100/float64(reference), reference)
					if gas*100 > reference*share {
						t.Errorf("%s uses %d gas, more than %d %% of %d", what, gas, share, reference)
					}
				}
				share := c.configShare
				if dynamic {
					share = c.dynamicShare
				}
				check("setConfig, first", a.setConfig(), c.config[i], share)
				report := make([]byte, 128)
				var lowest []int
				for k := range c.f + 1 {
					lowest = append(lowest, k)
				}
				gas, err := a.transmit(report, a.attestation(report, lowest))
				if err != nil {
					t.Fatal(err)
				}
				check("transmit", gas, c.transmit[i], 95)
			})
		}
	}
}
