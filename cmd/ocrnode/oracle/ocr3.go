package oracle

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ocrkit/ocrkit/offchain"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/evm/ocr3keyring"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/plugins/ocr3feed"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// OCR3 is the protocol of OCR3ECDSAFeed and OCR3BLSFeed.
const OCR3 Protocol = "ocr3"

// Verifiers of OCR3. The names are those by which the contracts know them.
const (
	ECDSA Verifier = "ecdsa" // f+1 signatures, one behind the other
	BLS   Verifier = "bls"   // f+1 signatures, aggregated into one
)

// ErrNoBLSKey means that an oracle is to sign with a key that it does not have.
var ErrNoBLSKey = errors.New("the key file has no BLS key; `ocrnode keys add-bls` adds one")

// OCR3Plugin is what runs on OCR3 here: reports are known by their bytes alone.
type OCR3Plugin = ocr3types.ReportingPluginFactory[struct{}]

type ocr3 struct{}

func (ocr3) protocol() Protocol    { return OCR3 }
func (ocr3) verifiers() []Verifier { return []Verifier{ECDSA, BLS} }
func (ocr3) observesGas() bool     { return false }
func (ocr3) hasConfigStores() bool { return false }

func (ocr3) signer(verifier Verifier, public keys.Public) []byte {
	if verifier == BLS {
		return public.BLSPublicKey.OnchainPublicKey()
	}
	return public.OnchainPublicKey()
}

func (ocr3) tracker(at Place, logger commontypes.Logger) *evm.OCR3ConfigTracker {
	return evm.NewOCR3ConfigTracker(evm.OCR3ConfigTrackerOptions{
		Client: at.Client, Contract: at.Contract, Subscribe: at.Subscribe, Logger: logger,
	})
}

func (ocr3) digester(at Place) types.OffchainConfigDigester {
	return evmutil.OCR3OffchainConfigDigester{ChainID: at.ChainID, ContractAddress: at.Contract}
}

func (p ocr3) readConfig(ctx context.Context, verifier Verifier, at Place) (*Config, error) {
	scheme, err := evm.NewFeedContract(at.Client, at.Contract).Scheme(ctx)
	if err != nil {
		return nil, err
	}
	if got := scheme.Name(); got != string(verifier) {
		return nil, fmt.Errorf("verifies reports by %s, not by %s", got, verifier)
	}
	at.Subscribe = false
	tracker := p.tracker(at, nil)
	defer tracker.Close()
	return readConfig(ctx, tracker, p.digester(at))
}

func (p ocr3) newBootstrapper(a *Args) (service, []io.Closer, error) {
	tracker := p.tracker(a.Place, a.Logger)
	bootstrapper, err := newBootstrapper(a, tracker, p.digester(a.Place))
	return bootstrapper, []io.Closer{tracker}, err
}

func (p ocr3) newOracle(a *OracleArgs) (service, []io.Closer, error) {
	scheme, err := ocr3keyring.SchemeNamed(string(a.Verifier))
	if err != nil {
		return nil, nil, err
	}
	keyring, err := keyringOf(a.Verifier, a.Keys)
	if err != nil {
		return nil, nil, err
	}
	var plugin OCR3Plugin = ocr3feed.Factory{
		DataSource: a.Sources.Value, Contract: evm.NewFeedContract(a.Client, a.Contract), Logger: a.Logger,
	}
	if a.WrapOCR3Plugin != nil {
		plugin = a.WrapOCR3Plugin(plugin)
	}
	tracker := p.tracker(a.Place, a.Logger)
	oracle, err := newOracle(offchain.OCR3OracleArgs[struct{}]{
		BinaryNetworkEndpointFactory: a.Peer.Endpoints,
		V2Bootstrappers:              a.Bootstrappers,
		ContractConfigTracker:        tracker,
		ContractTransmitter:          evm.NewOCR3Transmitter[struct{}](a.Contract, scheme, a.Sender),
		Database:                     a.Database,
		LocalConfig:                  a.LocalConfig,
		Logger:                       a.Logger,
		MetricsRegisterer:            a.Metrics,
		OffchainConfigDigester:       p.digester(a.Place),
		OffchainKeyring:              a.Keys.Offchain,
		OnchainKeyring:               keyring,
		ReportingPluginFactory:       plugin,
	})
	return oracle, []io.Closer{tracker}, err
}

func keyringOf(verifier Verifier, bundle *keys.Bundle) (*ocr3keyring.Keyring[struct{}], error) {
	if verifier != BLS {
		return ocr3keyring.NewECDSA[struct{}](bundle.Onchain)
	}
	if bundle.BLS == nil {
		return nil, ErrNoBLSKey
	}
	return ocr3keyring.NewBLS[struct{}](bundle.BLS.SecretKey())
}
