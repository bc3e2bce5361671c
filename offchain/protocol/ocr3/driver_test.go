package ocr3

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/types"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr3wire"
	"github.com/ocrkit/ocrkit/test/vectors"
)

// driver answers the calls of a machine or of its parts at once, as the golden vectors have it: with the keys and the plugin
// that they describe. Effects that are no calls are collected.
type driver struct {
	t      *testing.T
	core   *core
	finish func(id kernel.CallID, result any)

	seeds             []ed25519.PrivateKey
	onchain           []*ecdsa.PrivateKey
	onchainAddresses  []common.Address
	observationPrefix string
	rejectBad         bool
	fails             map[string]bool // databaseFails, queryFails, observationFails, outcomeFails

	reports map[uint64][][]byte

	effects   []kernel.Effect // other than calls
	calls     []kernel.Effect // of the plugin, with their results
	results   []any
	persisted []persistedCertificate
}

type persistedCertificate struct {
	certificate ocr3wire.Certificate
	failed      bool
}

func keysOf(seeds []vectors.Hex) (keys []ed25519.PrivateKey) {
	for _, seed := range seeds {
		keys = append(keys, ed25519.NewKeyFromSeed(seed))
	}
	return keys
}

func onchainKeysOf(t *testing.T, secrets []vectors.Hex) (keys []*ecdsa.PrivateKey) {
	for _, secret := range secrets {
		key, err := crypto.ToECDSA(secret)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	return keys
}

// run handles effects, and those that follow from their answers, until there are none.
func (d *driver) run(effects []kernel.Effect) {
	queue := append([]kernel.Effect(nil), effects...)
	abandoned := map[kernel.CallID]bool{}
	for len(queue) > 0 {
		effect := queue[0]
		queue = queue[1:]
		if a, ok := effect.(kernel.Abandon); ok {
			abandoned[a.ID] = true
			continue
		}
		id, result := d.answer(effect)
		if id == 0 {
			d.effects = append(d.effects, effect)
			continue
		}
		if abandoned[id] {
			continue
		}
		d.core.Begin()
		d.finish(id, result)
		queue = append(queue, d.core.Effects()...)
	}
}

// answer returns the result of a call; the id is 0 for what is none.
func (d *driver) answer(effect kernel.Effect) (kernel.CallID, any) {
	plugin := func(id kernel.CallID, result any, failed bool) (kernel.CallID, any) {
		if !failed {
			d.calls = append(d.calls, effect)
			d.results = append(d.results, result)
		}
		return id, result
	}
	errFails := errors.New("told to fail")
	switch e := effect.(type) {
	case kernel.SignOffchain:
		return e.ID, kernel.Signed{ID: e.ID, Signature: ed25519.Sign(d.seeds[d.core.cfg.OracleID], e.Message)}
	case kernel.Verify:
		for i, c := range e.Checks {
			if !d.verify(c) {
				return e.ID, kernel.Verified{ID: e.ID, Bad: i}
			}
		}
		return e.ID, kernel.Verified{ID: e.ID, Bad: -1}
	case kernel.VerifyEach:
		good := make([]bool, len(e.Checks))
		for i, c := range e.Checks {
			good[i] = d.verify(c)
		}
		return e.ID, kernel.VerifiedEach{ID: e.ID, Good: good}
	case WriteCertificate:
		failed := d.fails["databaseFails"]
		d.persisted = append(d.persisted, persistedCertificate{e.Certificate, failed})
		if failed {
			return e.ID, CertificateWritten{ID: e.ID, Err: errFails}
		}
		return e.ID, CertificateWritten{ID: e.ID}
	case CallQuery:
		if d.fails["queryFails"] {
			return plugin(e.ID, QueryDone{ID: e.ID, Err: errFails}, true)
		}
		var query types.Query
		if e.Context.SeqNr%3 != 0 {
			query = fmt.Appendf(nil, "query %d", e.Context.SeqNr)
		}
		return plugin(e.ID, QueryDone{ID: e.ID, Query: query}, false)
	case CallObservation:
		if d.fails["observationFails"] {
			return plugin(e.ID, ObservationDone{ID: e.ID, Err: errFails}, true)
		}
		return plugin(e.ID, ObservationDone{ID: e.ID, Observation: fmt.Appendf(nil, "%s observation %d by %d", d.observationPrefix, e.Context.SeqNr, d.core.cfg.OracleID)}, false)
	case CallValidateObservations:
		for i, o := range e.Observations {
			if d.rejectBad && bytes.HasPrefix(o.Observation, []byte("bad")) {
				return e.ID, ObservationValidated{ID: e.ID, Bad: i, Err: errors.New("bad")}
			}
		}
		return e.ID, ObservationValidated{ID: e.ID, Bad: -1}
	case CallObservationQuorum:
		return plugin(e.ID, QuorumDone{ID: e.ID, Reached: len(e.Observations) >= 2*d.core.cfg.F+1}, false)
	case CallOutcome:
		if d.fails["outcomeFails"] {
			return plugin(e.ID, OutcomeDone{ID: e.ID, Err: errFails}, true)
		}
		h := sha256.New()
		h.Write(e.Context.PreviousOutcome)
		h.Write(binary.BigEndian.AppendUint64(nil, e.Context.SeqNr))
		h.Write(e.Query)
		for _, o := range e.Observations {
			h.Write([]byte{byte(o.Observer)})
			h.Write(o.Observation)
		}
		return plugin(e.ID, OutcomeDone{ID: e.ID, Outcome: h.Sum(nil)}, false)
	case CallReports:
		var reports [][]byte
		for i := range e.SeqNr % 3 {
			reports = append(reports, append(bytes.Clone(e.Outcome), byte(i)))
		}
		if d.reports == nil {
			d.reports = map[uint64][][]byte{}
		}
		d.reports[e.SeqNr] = reports
		return plugin(e.ID, ReportsDone{ID: e.ID, Count: len(reports)}, false)
	case SignReports:
		var signatures [][]byte
		for _, report := range d.reports[e.SeqNr] {
			signature, err := crypto.Sign(d.reportHash(e.SeqNr, report), d.onchain[d.core.cfg.OracleID])
			if err != nil {
				d.t.Fatal(err)
			}
			signatures = append(signatures, signature)
		}
		return e.ID, ReportsSigned{ID: e.ID, Signatures: signatures}
	case VerifyReports:
		result := ReportsVerified{ID: e.ID}
		for _, list := range e.Lists {
			good := len(list.Signatures) == len(d.reports[e.SeqNr])
			for i := 0; good && i < len(list.Signatures); i++ {
				key, err := crypto.SigToPub(d.reportHash(e.SeqNr, d.reports[e.SeqNr][i]), list.Signatures[i])
				good = err == nil && crypto.PubkeyToAddress(*key) == d.onchainAddresses[list.Signer]
			}
			result.Good = append(result.Good, good)
		}
		return e.ID, result
	case CallShouldAccept:
		return e.ID, ShouldAcceptDone{ID: e.ID, Accept: true}
	case CallShouldTransmit:
		return e.ID, ShouldTransmitDone{ID: e.ID, Transmit: true}
	case CallTransmit:
		d.effects = append(d.effects, e)
		return e.ID, TransmitDone{ID: e.ID}
	}
	return 0, nil
}

func (d *driver) verify(c kernel.SignatureCheck) bool {
	return ed25519.Verify(d.seeds[c.Signer].Public().(ed25519.PublicKey), c.Message, c.Signature)
}

// reportHash is what the onchain keys of the vectors sign.
func (d *driver) reportHash(seqNr uint64, report []byte) []byte {
	var word [32]byte
	new(big.Int).SetUint64(seqNr).FillBytes(word[:])
	return crypto.Keccak256(d.core.cfg.ConfigDigest[:], word[:], crypto.Keccak256(report))
}

// take returns what was collected, and forgets it.
func (d *driver) take() (effects, calls []kernel.Effect, results []any, persisted []persistedCertificate) {
	effects, calls, results, persisted = d.effects, d.calls, d.results, d.persisted
	d.effects, d.calls, d.results, d.persisted = nil, nil, nil, nil
	return effects, calls, results, persisted
}

// testConfig returns a config in which the durations do not matter.
func testConfig(n, f int, me commontypes.OracleID, digest types.ConfigDigest, leaderKey [16]byte) Config {
	return Config{
		ConfigDigest: digest, OracleID: me, N: n, F: f, DeltaProgress: time.Minute, DeltaResend: time.Second, DeltaInitial: time.Second,
		DeltaRound: 10 * time.Second, DeltaGrace: time.Second, DeltaCertifiedCommitRequest: time.Second, DeltaStage: time.Second,
		RMax: 20, S: []int{n}, LeaderSelectionKey: leaderKey,
	}
}
