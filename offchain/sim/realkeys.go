package sim

import (
	"crypto/ed25519"
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/keys"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// realKeys is the scheme of EVM chains: Ed25519 among oracles, secp256k1 for the contract.
type realKeys struct{ bundles []*keys.Bundle }

func newRealKeys(seed uint64, n int) (*realKeys, error) {
	random := engine.Random(seed)
	k := &realKeys{}
	for range n {
		bundle, err := keys.GenerateBundle(random)
		if err != nil {
			return nil, fmt.Errorf("sim: %w", err)
		}
		k.bundles = append(k.bundles, bundle)
	}
	return k, nil
}

func (k *realKeys) signOffchain(signer commontypes.OracleID, message []byte) []byte {
	signature, err := k.bundles[signer].Offchain.OffchainSign(message)
	if err != nil {
		panic(err) // keys in memory do not fail
	}
	return signature
}

func (k *realKeys) signOnchain(signer commontypes.OracleID, ctx types.ReportContext, report types.Report) []byte {
	signature, err := k.bundles[signer].Onchain.SignHash(evm.ReportHash(ctx, report))
	if err != nil {
		panic(err) // keys in memory do not fail
	}
	return signature
}

func (k *realKeys) verify(check *kernel.SignatureCheck) bool {
	switch check.Kind {
	case kernel.OffchainSignature:
		public := k.bundles[check.Signer].Offchain.OffchainPublicKey()
		return ed25519.Verify(public[:], check.Message, check.Signature)
	case kernel.OnchainSignature:
		address := k.bundles[check.Signer].Onchain.Address()
		return evm.VerifyReportSignature(address[:], *check.Context, check.Report, check.Signature)
	}
	return false
}

func (k *realKeys) maxSignatureLength() int { return evmutil.SignatureLength }
