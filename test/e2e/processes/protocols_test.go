package processes

import (
	"flag"
	"math/big"
	"os"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/ocrkit/ocrkit/gen/ocr1"
	"github.com/ocrkit/ocrkit/gen/ocr2"
	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/offchain/runtime"
)

// protocol is what differs from protocol to protocol.
type protocol struct {
	// keys are flags of ocrnode keys new, template of ocrdeploy template.
	keys, template []string
	// edits are changes of the network file, to what suits a chain on this machine.
	edits [][2]string
	// job are lines of all jobs, oracleJob of those of oracles.
	job, oracleJob string
	// transmission is the topic of the event of a report, and decode reads such an event.
	transmission common.Hash
	decode       func(*types.Log) (report, error)
	// progress tells whether an oracle leads and is in the middle of a round, and how many of its observations leaders made use of.
	progress func(runtime.Status) (leads bool, included uint64)
	metrics  []string
	pays     bool
}

// report is one that landed.
type report struct {
	digest      common.Hash // of OCR1 with zeros behind it
	answer      *big.Int
	transmitter common.Address
	observers   []byte // nil where contracts do not know them
}

const payee = "0x00000000000000000000000000000000000000AA"

var ocr1Protocol = &protocol{
	template: []string{"--protocol", "ocr1", "--payee", payee},
	edits: [][2]string{
		{"deltaProgress: 35s", "deltaProgress: 4s"}, {"deltaResend: 17s", "deltaResend: 1s"}, {"deltaRound: 30s", "deltaRound: 1s"},
		{"deltaGrace: 12s", "deltaGrace: 100ms"}, {"deltaStage: 60s", "deltaStage: 3s"}, {"alpha: 0.5%", "alpha: 0%"},
	},
	job:          "    protocol: ocr1\n",
	oracleJob:    "    sourceTimeout: 1s\n",
	transmission: ocr1.NewTransmissionTopic,
	decode: func(log *types.Log) (report, error) {
		var event ocr1.NewTransmission
		if err := ocr1.DecodeNewTransmission(log, &event); err != nil {
			return report{}, err
		}
		var at ocr1.ReportContext
		if err := ocr1.DecodeReportContext(event.RawReportContext[:], &at); err != nil {
			return report{}, err
		}
		return report{common.Hash(common.RightPadBytes(at.ConfigDigest[:], common.HashLength)), event.Answer, event.Transmitter, event.Observers[:len(event.Observations)]}, nil
	},
	progress: func(s runtime.Status) (bool, uint64) {
		if s.OCR1 == nil {
			return false, 0
		}
		return s.OCR1.Leader == s.OCR1.OracleID && s.OCR1.Round > 0, s.OCR1.IncludedObservations
	},
	metrics: []string{"ocr1_epoch", "ocr1_completed_rounds_total"},
	pays:    true,
}

var ocr2Protocol = &protocol{
	template: []string{"--payee", payee},
	edits: [][2]string{
		{"deltaProgress: 10s", "deltaProgress: 4s"}, {"deltaResend: 5s", "deltaResend: 1s"}, {"deltaRound: 5s", "deltaRound: 1s"},
		{"deltaGrace: 500ms", "deltaGrace: 100ms"}, {"deltaStage: 20s", "deltaStage: 3s"},
		{"maxDurationObservation: 2s", "maxDurationObservation: 500ms"}, {"maxDurationReport: 500ms", "maxDurationReport: 200ms"},
		{"alphaReport: 0.5%", "alphaReport: 0%"}, {"alphaAccept: 0.5%", "alphaAccept: 0%"},
	},
	oracleJob:    "    juelsPerFeeCoin: {value: \"200000000000000000000\"}\n",
	transmission: ocr2.NewTransmissionTopic,
	decode: func(log *types.Log) (report, error) {
		var event ocr2.NewTransmission
		if err := ocr2.DecodeNewTransmission(log, &event); err != nil {
			return report{}, err
		}
		return report{event.ConfigDigest, event.Answer, event.Transmitter, event.Observers[:len(event.Observations)]}, nil
	},
	progress: func(s runtime.Status) (bool, uint64) {
		if s.Instance == nil {
			return false, 0
		}
		return s.Instance.Leader == s.Instance.OracleID && s.Instance.Round > 0, s.Instance.IncludedObservations
	},
	metrics: []string{"ocr2_epoch", "ocr2_completed_rounds_total"},
	pays:    true,
}

var ocr3Protocol = &protocol{
	keys:     []string{"--bls"},
	template: []string{"--protocol", "ocr3", "--verifier", "bls"},
	edits: [][2]string{
		{"deltaProgress: 10s", "deltaProgress: 4s"}, {"deltaResend: 5s", "deltaResend: 2s"}, {"deltaInitial: 3s", "deltaInitial: 1s"},
		{"deltaRound: 5s", "deltaRound: 1s"}, {"deltaGrace: 500ms", "deltaGrace: 100ms"},
		{"deltaCertifiedCommitRequest: 2s", "deltaCertifiedCommitRequest: 500ms"}, {"deltaStage: 20s", "deltaStage: 3s"},
		{"maxDurationObservation: 2s", "maxDurationObservation: 500ms"}, {"alphaReport: 0.5%", "alphaReport: 0%"},
		{"rMax: 20 ", "rMax: 5 "}, // an oracle that was killed sits out the rest of the epoch
	},
	job:          "    protocol: ocr3\n    verifier: bls\n",
	transmission: ocr3.NewTransmissionTopic,
	decode: func(log *types.Log) (report, error) {
		var event ocr3.NewTransmission
		if err := ocr3.DecodeNewTransmission(log, &event); err != nil {
			return report{}, err
		}
		return report{event.ConfigDigest, event.Answer, event.Transmitter, nil}, nil
	},
	progress: func(s runtime.Status) (bool, uint64) {
		if s.OCR3 == nil {
			return false, 0
		}
		return s.OCR3.Machine.Leader == s.OCR3.OracleID && s.OCR3.Machine.SeqNr > 0, s.OCR3.IncludedObservations
	},
	metrics: []string{"ocr3_epoch", "ocr3_committed_sequence_number"},
}

// TestMain lets all networks run at once, however few processors there are: they mostly wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "3"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// TestNetworksOfProcesses runs a network of each protocol, all on one chain and at the same time.
func TestNetworksOfProcesses(t *testing.T) {
	shared := newShop(t)
	t.Run("ocr1", func(t *testing.T) {
		t.Parallel()
		s := newSite(t, shared, ocr1Protocol)
		testWithCrash(s)
		testMigration(s)
	})
	t.Run("ocr2", func(t *testing.T) {
		t.Parallel()
		testWithPartition(newSite(t, shared, ocr2Protocol))
	})
	t.Run("ocr3", func(t *testing.T) {
		t.Parallel()
		testWithCrash(newSite(t, shared, ocr3Protocol))
	})
}

// testWithPartition: reports land; an oracle that is killed in the middle of a round takes part again when it is back; one that is
// cut off takes part again when it is not any more; a new config is taken up under way; and all end cleanly when told to.
func testWithPartition(s *site) {
	first := s.begin()
	leader := s.crash(first)

	lonely := s.nodes[(s.index(leader)+1)%oracles]
	s.cut.cutOff(lonely.public.PeerID)
	s.waitFor("the oracle that is cut off tries to come back", func() bool {
		return s.cut.connections(lonely.public.PeerID) == 0 && s.cut.refusals() > 0
	})
	s.waitReports("reports land without the oracle that is cut off", first, 2, nil)
	s.cut.heal(lonely.public.PeerID)
	s.observedBy(first, lonely)

	s.reconfigure(first)
}

// testWithCrash is testWithPartition without the partition: the transport is the same for all protocols.
func testWithCrash(s *site) {
	first := s.begin()
	s.crash(first)
	s.reconfigure(first)
}

// begin deploys, starts everything and waits for reports. It returns the config digest.
func (s *site) begin() common.Hash {
	s.t.Helper()
	first := s.apply()
	s.start()
	s.waitReports("reports land", first, 3, nil)
	s.allReady()
	return first
}

// crash kills a leader in the middle of a round, and lets it come back.
func (s *site) crash(digest common.Hash) (leader *process) {
	s.t.Helper()
	leader = s.leader()
	leader.kill()
	s.waitReports("reports land without the oracle that was killed", digest, 2, func(r report) bool {
		return r.transmitter != common.Address(leader.public.TransmitAccount)
	})
	leader.run()
	s.observedBy(digest, leader)
	return leader
}

// reconfigure sets a new config under way, and ends everything.
func (s *site) reconfigure(first common.Hash) {
	s.t.Helper()
	if s.protocol.pays {
		s.fund() // a new config pays what is owed under the old one
	}
	s.edit("deltaGrace: 100ms", "deltaGrace: 200ms")
	second := s.apply()
	if second == first {
		s.t.Fatal("the new config has the digest of the old one")
	}
	s.waitReports("reports land under the new config", second, 3, nil)
	s.allReady()
	s.metrics()
	s.stop()
}
