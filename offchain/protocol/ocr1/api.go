package ocr1

import (
	"math/big"
	"time"

	"github.com/ocrkit/ocrkit/offchain/ocr1types"
	"github.com/ocrkit/ocrkit/offchain/protocol/kernel"
	"github.com/ocrkit/ocrkit/offchain/protocol/rounds"
	"github.com/ocrkit/ocrkit/offchain/wire/ocr1wire"
)

// Config is what a machine must know of the running configuration. All oracles of an instance hold equal values, except
// for OracleID and the timeouts.
type Config struct {
	ConfigDigest ocr1types.ConfigDigest
	rounds.Config

	DeltaC   time.Duration
	AlphaPPB uint64

	// Deadlines of the calls. That of the data source's context is DataSourceTimeout; its value is waited for
	// DataSourceGracePeriod longer.
	DataSourceTimeout                  time.Duration
	DataSourceGracePeriod              time.Duration
	BlockchainTimeout                  time.Duration
	ContractTransmitterTransmitTimeout time.Duration
}

// What OCR1 shares with OCR2; see package rounds.
type (
	Round           = rounds.Round
	Event           = rounds.Event
	Start           = rounds.Start[ocr1types.PendingTransmission]
	MessageReceived = rounds.MessageReceived[ocr1wire.Message]
	Send            = rounds.Send[ocr1wire.Message]
	Broadcast       = rounds.Broadcast[ocr1wire.Message]
	StorePending    = rounds.StorePending[ocr1types.PendingTransmission]
)

// ContractState is what the contract says of the latest report that was transmitted to it.
type ContractState struct {
	ConfigDigest    ocr1types.ConfigDigest
	Round           Round
	LatestAnswer    *big.Int // nil counts as 0
	LatestTimestamp time.Time
}

// RequestedRound is what the contract says of the latest request for a new round: where the feed was when it was made. It is
// zero if there was none.
type RequestedRound struct {
	ConfigDigest ocr1types.ConfigDigest
	Round        Round
}

// Effects of the machine, besides those of packages kernel and rounds. [kernel.Verify] comes with checks of both kinds:
// observations with Message, reports with Report and without Context.
type (
	// CallObserve asks the data source for a value. Timeout is that of the call's context; the driver waits Grace longer.
	// Answered by [ObserveDone].
	CallObserve struct {
		ID      kernel.CallID
		Round   Round
		Timeout time.Duration
		Grace   time.Duration
	}
	// CallReportInputs asks for what it takes to decide whether a report is due: the latest transmission, the latest round
	// requested not longer than Lookback ago (both at the same time, each within Timeout), and this node's override of the
	// config. Answered by [ReportInputsDone].
	CallReportInputs struct {
		ID       kernel.CallID
		Round    Round
		Lookback time.Duration
		Timeout  time.Duration
	}
	// CallContractState asks for the latest transmission on the contract, and this node's override of the config. Round is that
	// of the report that is to be accepted or transmitted. Answered by [ContractStateDone].
	CallContractState struct {
		ID      kernel.CallID
		Round   Round
		Timeout time.Duration
	}
	// CallTransmit hands a report to the contract transmitter. Answered by [rounds.TransmitDone].
	CallTransmit struct {
		ID      kernel.CallID
		Round   Round
		Report  []byte
		Rs, Ss  [][32]byte
		Vs      [32]byte
		Timeout time.Duration
	}
	// SignOnchain asks for a signature over the Keccak-256 hash of Report by the oracle's own onchain key. Answered by
	// [kernel.Signed].
	SignOnchain struct {
		ID     kernel.CallID
		Round  Round
		Report []byte
	}
	// RecoverSigners asks who made signatures of a report. Answered by [SignersRecovered].
	RecoverSigners struct {
		ID         kernel.CallID
		Report     []byte
		Signatures [][]byte
	}
)

// ObserveDone answers [CallObserve]. Value nil counts as 0; it need not be an int192.
type ObserveDone struct {
	ID    kernel.CallID
	Value *big.Int
	Err   error
}

// ReportInputsDone answers [CallReportInputs]. Err is set if one of the two was not there in time, or failed; the override
// matters only without.
type ReportInputsDone struct {
	ID        kernel.CallID
	Contract  ContractState
	Requested RequestedRound
	Override  *ocr1types.ConfigOverride // nil: none
	Err       error
}

// ContractStateDone answers [CallContractState].
type ContractStateDone struct {
	ID       kernel.CallID
	Contract ContractState
	Override *ocr1types.ConfigOverride // nil: none
	Err      error
}

// SignersRecovered answers [RecoverSigners].
type SignersRecovered struct {
	ID kernel.CallID
	// Signers has one element for each signature: the oracle whose onchain address it recovers to, or -1 if there is none, or
	// if it cannot be recovered. The driver may stop at the first -1.
	Signers []int
}

// Call is the call that an event answers.
func (e ObserveDone) Call() kernel.CallID       { return e.ID }
func (e ReportInputsDone) Call() kernel.CallID  { return e.ID }
func (e ContractStateDone) Call() kernel.CallID { return e.ID }
func (e SignersRecovered) Call() kernel.CallID  { return e.ID }
