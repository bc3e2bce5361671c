package sim

import (
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm"
	"github.com/ocrkit/ocrkit/offchain/evm/evmutil"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/sim/internal/engine"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// realKeys is the scheme of EVM chains: Ed25519 among oracles, secp256k1 for the contract.
type realKeys struct{ engine.Keys }

func (k *realKeys) signOffchain(signer commontypes.OracleID, message []byte) []byte {
	return k.SignOffchain(signer, message)
}

func (k *realKeys) signOnchain(signer commontypes.OracleID, ctx types.ReportContext, report types.Report) []byte {
	return k.SignHash(signer, evm.ReportHash(ctx, report))
}

func (k *realKeys) verify(check *kernel.SignatureCheck) bool {
	switch check.Kind {
	case kernel.OffchainSignature:
		return k.VerifyOffchain(check.Signer, check.Message, check.Signature)
	case kernel.OnchainSignature:
		address := k.Keys[check.Signer].Onchain.Address()
		return evm.VerifyReportSignature(address[:], *check.Context, check.Report, check.Signature)
	}
	return false
}

func (k *realKeys) maxSignatureLength() int { return evmutil.SignatureLength }
