package oracle

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/store"
)

func TestKinds(t *testing.T) {
	for _, c := range []struct {
		given, complete Kind
		text            string
		problems        []string
	}{
		{Kind{}, Kind{OCR2, ""}, "ocr2", nil},
		{Kind{OCR1, ""}, Kind{OCR1, ""}, "ocr1", nil},
		{Kind{OCR3, ""}, Kind{OCR3, ECDSA}, "ocr3/ecdsa", nil},
		{Kind{OCR3, BLS}, Kind{OCR3, BLS}, "ocr3/bls", nil},
		{Kind{"OCR3", ""}, Kind{"OCR3", ""}, "OCR3", []string{`protocol: "OCR3" is none of ocr1, ocr2, ocr3`}},
		{Kind{"", BLS}, Kind{OCR2, BLS}, "ocr2/bls", []string{"verifier: contracts of ocr2 have no choice of it: leave it out"}},
		{Kind{OCR1, ECDSA}, Kind{OCR1, ECDSA}, "ocr1/ecdsa", []string{"verifier: contracts of ocr1 have no choice of it: leave it out"}},
		{Kind{OCR3, "rsa"}, Kind{OCR3, "rsa"}, "ocr3/rsa", []string{`verifier: "rsa" is none of ecdsa, bls`}},
	} {
		kind := c.given.WithDefaults()
		if kind != c.complete || kind.String() != c.text {
			t.Errorf("%+v becomes %+v (%s), want %+v", c.given, kind, kind, c.complete)
		}
		var problems []string
		kind.Check(func(field, problem string) { problems = append(problems, fmt.Sprintf("%s: %s", field, problem)) })
		if !slices.Equal(problems, c.problems) {
			t.Errorf("%s has the problems %q, want %q", kind, problems, c.problems)
		}
	}
}

func bundle(t *testing.T, generate func(*rand.ChaCha8) (*keys.Bundle, error)) *keys.Bundle {
	t.Helper()
	b, err := generate(rand.NewChaCha8([32]byte{7}))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func withBLS(r *rand.ChaCha8) (*keys.Bundle, error)    { return keys.GenerateBundleWithBLS(r) }
func withoutBLS(r *rand.ChaCha8) (*keys.Bundle, error) { return keys.GenerateBundle(r) }

func TestSigners(t *testing.T) {
	public := bundle(t, withBLS).Public()
	for _, kind := range []Kind{{OCR1, ""}, {OCR2, ""}, {OCR3, ECDSA}} {
		if got := kind.Signer(public); !bytes.Equal(got, public.OnchainAddress[:]) {
			t.Errorf("%s: %x, want the address", kind, got)
		}
	}
	if got := (Kind{OCR3, BLS}).Signer(public); !bytes.Equal(got, public.BLSPublicKey[:]) {
		t.Errorf("ocr3/bls: %x, want the BLS key", got)
	}
	if got := (Kind{OCR3, BLS}).Signer(bundle(t, withoutBLS).Public()); got != nil {
		t.Errorf("ocr3/bls without a key: %x, want nothing", got)
	}
}

func TestStartRefuses(t *testing.T) {
	if _, err := Start(OracleArgs{Args: Args{Kind: Kind{Protocol: "ocr4"}}}); err == nil {
		t.Error("an oracle of ocr4 was started")
	}
	if _, err := StartBootstrapper(Args{Kind: Kind{OCR2, BLS}}); err == nil {
		t.Error("a bootstrapper of ocr2/bls was started")
	}
	if _, err := Start(OracleArgs{Args: Args{Kind: Kind{OCR3, BLS}}, Keys: bundle(t, withoutBLS)}); !errors.Is(err, ErrNoBLSKey) {
		t.Errorf("without a BLS key: %v, want %v", err, ErrNoBLSKey)
	}
	database, err := store.OpenInMemory(store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	for _, kind := range []Kind{{OCR1, ""}, {OCR2, ""}, {OCR3, ECDSA}, {OCR3, BLS}} {
		// A local config of zeros is out of range, whatever the protocol.
		args := Args{Kind: kind, Peer: &Peer{}, Database: database.Job("test")}
		if _, err := Start(OracleArgs{Args: args, Keys: bundle(t, withBLS), Sources: Sources{Timeout: DefaultSourceTimeout}}); err == nil {
			t.Errorf("an oracle of %s was started without a local config", kind)
		}
		if _, err := StartBootstrapper(args); err == nil {
			t.Errorf("a bootstrapper of %s was started without a local config", kind)
		}
	}
}
