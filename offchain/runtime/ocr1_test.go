package runtime

import (
	"math/big"
	"reflect"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/offchain/config/ocr1config"
	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

func TestOCR1ConfigsFitIntoThoseOfLaterVersions(t *testing.T) {
	cc := ocr1types.ContractConfig{
		ConfigDigest:         ocr1types.ConfigDigest{1, 15: 2},
		Signers:              []common.Address{{1}, {19: 0xff}, {}},
		Transmitters:         []common.Address{{0xab, 19: 0xcd}, {2}, {3}},
		Threshold:            255,
		EncodedConfigVersion: ^uint64(0),
		Encoded:              []byte("anything"),
	}
	back, err := narrowConfig(widenConfig(cc))
	if err != nil || !reflect.DeepEqual(back, cc) {
		t.Errorf("got %+v, %v; want %+v", back, err, cc)
	}
	if _, err := narrowConfig(types.ContractConfig{ConfigDigest: types.ConfigDigest{0, 1}}); err == nil {
		t.Error("a config of OCR2 was taken for one of OCR1")
	}
	if d := widenDigest(ocr1types.ConfigDigest{}); d != (types.ConfigDigest{}) {
		t.Errorf("no config has digest %s", d)
	}
}

func TestOCR1SignerOf(t *testing.T) {
	in := &ocr1Instance{}
	report := []byte("a report")
	hash := reportHash(report)
	var signatures [][]byte
	for range 3 {
		key, err := crypto.GenerateKey()
		if err != nil {
			t.Fatal(err)
		}
		in.cfg.OracleIdentities = append(in.cfg.OracleIdentities, ocr1config.OracleIdentity{
			OnChainSigningAddress: ocr1types.OnChainSigningAddress(crypto.PubkeyToAddress(key.PublicKey)),
		})
		signature, err := crypto.Sign(hash[:], key)
		if err != nil {
			t.Fatal(err)
		}
		signatures = append(signatures, signature)
	}
	change := func(f func(s []byte)) []byte {
		s := append([]byte(nil), signatures[1]...)
		f(s)
		return s
	}
	twin := change(func(s []byte) { // the same signature with the other s
		n := crypto.S256().Params().N
		new(big.Int).Sub(n, new(big.Int).SetBytes(s[32:64])).FillBytes(s[32:64])
		s[64] ^= 1
	})
	stranger, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	strange, err := crypto.Sign(hash[:], stranger)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		signature []byte
		want      int
	}{
		"first": {signatures[0], 0}, "last": {signatures[2], 2}, "the other s": {twin, 1}, "a stranger": {strange, -1},
		"v of 27":   {change(func(s []byte) { s[64] += 27 }), -1},
		"v of 4":    {change(func(s []byte) { s[64] = 4 }), -1},
		"too short": {signatures[1][:64], -1}, "too long": {append(change(func([]byte) {}), 0), -1}, "none": {nil, -1},
		"zero": {make([]byte, 65), -1},
	} {
		if got := in.signerOf(hash, c.signature); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}
