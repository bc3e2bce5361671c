package runtime

import (
	"context"
	"errors"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/ocr1"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
)

// perform carries out an effect that is OCR1's own.
func (in *ocr1Instance) perform(effect kernel.Effect) bool {
	switch e := any(effect).(type) {
	case ocr1.CallTransmit:
		in.outbox.leaveCall(e.ID, e)

	case ocr1.SignOnchain:
		in.sign(e.ID, func() ([]byte, error) { return in.args.PrivateKeys.SignOnChain(e.Report) })
	case ocr1.RecoverSigners:
		in.recoverSigners(e)

	case ocr1.CallObserve:
		in.callObserve(e)
	case ocr1.CallReportInputs:
		in.callReportInputs(e)
	case ocr1.CallContractState:
		in.callContractState(e)

	default:
		return in.roundsInstance.perform(effect)
	}
	return true
}

// release carries out an effect that may leave the oracle now.
func (in *ocr1Instance) release(effect any) {
	if e, ok := effect.(ocr1.CallTransmit); ok {
		in.callTransmit(e)
		return
	}
	in.roundsInstance.release(effect)
}

// reportHash is what oracles sign of a report.
func reportHash(report []byte) [32]byte { return crypto.Keccak256Hash(report) }

// recoverSigners finds out who made the signatures of a report.
func (in *ocr1Instance) recoverSigners(e ocr1.RecoverSigners) {
	hash := reportHash(e.Report)
	signers := make([]int, len(e.Signatures))
	for i := range signers {
		signers[i] = -1
	}
	in.background(func(done func(any)) {
		sharedWorkers.firstBad(len(signers), func(i int) bool {
			signers[i] = in.signerOf(hash, e.Signatures[i])
			return signers[i] >= 0
		}, func(int) { done(ocr1.SignersRecovered{ID: e.ID, Signers: signers}) })
	})
}

// signerOf returns the oracle that made a signature r, s, v, or -1.
func (in *ocr1Instance) signerOf(hash [32]byte, signature []byte) int {
	if len(signature) != crypto.SignatureLength {
		return -1
	}
	key, err := crypto.Ecrecover(hash[:], signature)
	if err != nil {
		return -1
	}
	address := common.BytesToAddress(crypto.Keccak256(key[1:]))
	for i, identity := range in.cfg.OracleIdentities {
		if common.Address(identity.OnChainSigningAddress) == address {
			return i
		}
	}
	return -1
}

func (in *ocr1Instance) callObserve(e ocr1.CallObserve) {
	in.calls.invoke(&in.methods.observe, e.ID, e.Timeout+e.Grace, func(ctx context.Context) any {
		ctx, cancel := context.WithTimeout(ctx, e.Timeout)
		defer cancel()
		value, err := in.args.Datasource.Observe(ctx, ocr1Timestamp(in.cfg.ConfigDigest, e.Round))
		return ocr1.ObserveDone{ID: e.ID, Value: value, Err: err}
	}, func(err error) any { return ocr1.ObserveDone{ID: e.ID, Err: err} })
}

// contractState asks the contract for its latest report.
func (in *ocr1Instance) contractState(ctx context.Context) (s ocr1.ContractState, err error) {
	var answer ocr1types.Observation
	s.ConfigDigest, s.Round.Epoch, s.Round.Round, answer, s.LatestTimestamp, err = in.args.ContractTransmitter.LatestTransmissionDetails(ctx)
	s.LatestAnswer = (*big.Int)(answer)
	return s, err
}

// override is this node's override of the config, nil if there is none.
func (in *ocr1Instance) override() *ocr1types.ConfigOverride {
	if in.args.ConfigOverrider == nil {
		return nil
	}
	return in.args.ConfigOverrider.ConfigOverride()
}

func (in *ocr1Instance) callReportInputs(e ocr1.CallReportInputs) {
	in.calls.invoke(&in.methods.reportInputs, e.ID, e.Timeout, func(ctx context.Context) any {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		done := ocr1.ReportInputsDone{ID: e.ID}
		asked := make(chan error, 1)
		in.running.Go(func() {
			r, err := &done.Requested, error(nil)
			r.ConfigDigest, r.Round.Epoch, r.Round.Round, err = in.args.ContractTransmitter.LatestRoundRequested(ctx, e.Lookback)
			if err != nil {
				cancel() // without it the other one is of no use
			}
			asked <- err
		})
		state, err := in.contractState(ctx)
		if err != nil {
			cancel()
		}
		if done.Err = errors.Join(err, <-asked); done.Err != nil {
			return ocr1.ReportInputsDone{ID: e.ID, Err: done.Err}
		}
		done.Contract, done.Override = state, in.override()
		return done
	}, func(err error) any { return ocr1.ReportInputsDone{ID: e.ID, Err: err} })
}

func (in *ocr1Instance) callContractState(e ocr1.CallContractState) {
	in.calls.invoke(&in.methods.contractState, e.ID, e.Timeout, func(ctx context.Context) any {
		state, err := in.contractState(ctx)
		return ocr1.ContractStateDone{ID: e.ID, Contract: state, Override: in.override(), Err: err}
	}, func(err error) any { return ocr1.ContractStateDone{ID: e.ID, Err: err} })
}

func (in *ocr1Instance) callTransmit(e ocr1.CallTransmit) {
	in.calls.invoke(&in.methods.transmit, e.ID, e.Timeout, func(ctx context.Context) any {
		err := in.args.ContractTransmitter.Transmit(ctx, e.Report, e.Rs, e.Ss, e.Vs)
		if err == nil {
			in.transmitted(func() { in.shown.LastTransmitted = ocr1Timestamp(in.cfg.ConfigDigest, e.Round) })
		}
		return rounds.TransmitDone{ID: e.ID, Err: err}
	}, func(err error) any { return rounds.TransmitDone{ID: e.ID, Err: err} })
}
