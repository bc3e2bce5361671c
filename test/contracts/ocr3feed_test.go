package contracts

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/ocrkit/ocrkit/gen/ocr3"
	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/evm/ocr3keyring"
	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	ocrtypes "github.com/ocrkit/ocrkit/offchain/types"
)

// attestedFeed is a feed on OCR3 whose oracles have the key rings of production. All that it is sent, and all that it logs, goes
// through the generated codecs.
type attestedFeed struct {
	t        *testing.T
	scheme   ocr3keyring.Scheme
	chain    *chain
	abi      *abi.ABI
	owner    common.Address
	address  common.Address
	keyrings []*ocr3keyring.Keyring[struct{}] // of all oracles that there may be, from number 0

	// The configuration in force.
	config ocr3.ConfigSet
	oracle int // number of its first oracle
}

func newAttestedFeed(t *testing.T, scheme ocr3keyring.Scheme, r rules) *attestedFeed {
	t.Helper()
	contract := "OCR3ECDSAFeed"
	if scheme == ocr3keyring.BLS {
		contract = "OCR3BLSFeed"
	}
	parsed, err := metaData(t, contract).ParseABI()
	if err != nil {
		t.Fatal(err)
	}
	d := &attestedFeed{t: t, scheme: scheme, chain: newChain(t, 1337, r), abi: parsed, owner: common.Address{0xaa}}
	d.chain.blockNumber, d.chain.timestamp = 1000, 1_700_000_000
	args, err := parsed.Constructor.Inputs.Pack(big.NewInt(minAnswer), big.NewInt(maxAnswer), uint8(8), "gas / USD")
	if err != nil {
		t.Fatal(err)
	}
	address, deployed := d.chain.deploy(d.owner, 0, append(creationCode(t, contract), args...))
	if deployed.err != nil {
		t.Fatal(deployed.err)
	}
	d.address = address
	return d
}

func (d *attestedFeed) transmitter(number int) common.Address {
	return common.BytesToAddress(crypto.Keccak256([]byte(fmt.Sprintf("transmitter %d", number))))
}

// n is the number of oracles in force, f how many of them may be faulty.
func (d *attestedFeed) n() int { return len(d.config.Transmitters) }
func (d *attestedFeed) f() int { return int(d.config.F) }

// setConfig puts n oracles in force, from number first, and checks what the feed says about it. It returns the gas used.
func (d *attestedFeed) setConfig(first, n, f int) uint64 {
	d.t.Helper()
	d.chain.blockNumber += 7
	call := ocr3.SetConfigCall{F: uint8(f), OffchainConfigVersion: 30, OffchainConfig: []byte("what oracles read")}
	var public []ocrtypes.OnchainPublicKey
	for i := first; i < first+n; i++ {
		for len(d.keyrings) <= i {
			d.keyrings = append(d.keyrings, newKeyring(d.t, d.scheme, len(d.keyrings)))
		}
		public = append(public, d.keyrings[i].PublicKey())
		call.Transmitters = append(call.Transmitters, d.transmitter(i))
	}
	var err error
	if call.Keys, err = d.scheme.KeyList(public); err != nil {
		d.t.Fatal(err)
	}
	bounds := ocr3.MedianOnchainConfig{MinAnswer: big.NewInt(minAnswer), MaxAnswer: big.NewInt(maxAnswer)}
	if call.OnchainConfig, err = ocr3.AppendMedianOnchainConfig(nil, &bounds); err != nil {
		d.t.Fatal(err)
	}
	r := d.chain.call(d.owner, d.address, ocr3.AppendSetConfig(nil, &call), defaultGasLimit)
	if r.err != nil {
		d.t.Fatalf("setConfig: %v %v", r.err, ocr3.DecodeRevert(r.ret))
	}
	if len(r.logs) != 1 {
		d.t.Fatalf("setConfig logs %d events", len(r.logs))
	}
	previous := d.config
	var event ocr3.ConfigSet
	if err := ocr3.DecodeConfigSet(r.logs[0], &event); err != nil {
		d.t.Fatal(err)
	}
	want := ocr3.ConfigSet{
		ConfigCount: previous.ConfigCount + 1, Keys: call.Keys, Transmitters: call.Transmitters, F: call.F,
		OnchainConfig: call.OnchainConfig, OffchainConfigVersion: call.OffchainConfigVersion, OffchainConfig: call.OffchainConfig,
	}
	if previous.ConfigCount > 0 {
		want.PreviousConfigBlockNumber = uint32(d.chain.blockNumber - 7)
	}
	preimage := ocr3.OCR3FeedPreimage{
		ChainId: d.chain.id, ContractAddress: d.address, ConfigCount: want.ConfigCount, Keys: want.Keys,
		Transmitters: want.Transmitters, F: want.F, OnchainConfig: want.OnchainConfig,
		OffchainConfigVersion: want.OffchainConfigVersion, OffchainConfig: want.OffchainConfig,
	}
	want.ConfigDigest = preimage.Digest()
	if !reflect.DeepEqual(event, want) {
		d.t.Fatalf("event %+v\nwant  %+v", event, want)
	}
	d.config, d.oracle = event, first
	if got := d.view("latestConfigDetails"); !reflect.DeepEqual(got, []any{uint32(want.ConfigCount), uint32(d.chain.blockNumber), want.ConfigDigest}) {
		d.t.Fatalf("latestConfigDetails: %v", got)
	}
	return r.gas
}

// view calls a function and returns what it returns.
func (d *attestedFeed) view(method string, args ...any) []any {
	d.t.Helper()
	data, err := d.abi.Pack(method, args...)
	if err != nil {
		d.t.Fatal(err)
	}
	r := d.chain.view(d.owner, d.address, data)
	if r.err != nil {
		d.t.Fatalf("%s: %v", method, r.err)
	}
	values, err := d.abi.Unpack(method, r.ret)
	if err != nil {
		d.t.Fatal(err)
	}
	return values
}

func (d *attestedFeed) report(observationsTimestamp uint32, answer int64) []byte {
	d.t.Helper()
	report, err := ocr3.AppendFeedReport(nil, ocr3.NewFeedReport(observationsTimestamp, big.NewInt(answer)))
	if err != nil {
		d.t.Fatal(err)
	}
	return report
}

// attestation has oracles, by their index in the configuration, sign a report.
func (d *attestedFeed) attestation(digest ocrtypes.ConfigDigest, seqNr uint64, report []byte, signers []int) []byte {
	d.t.Helper()
	var signatures []ocrtypes.AttributedOnchainSignature
	for _, i := range signers {
		signature, err := d.keyrings[d.oracle+i].Sign(digest, seqNr, ocr3types.ReportWithInfo[struct{}]{Report: report})
		if err != nil {
			d.t.Fatal(err)
		}
		signatures = append(signatures, ocrtypes.AttributedOnchainSignature{Signature: signature, Signer: commontypes.OracleID(i)})
	}
	attestation, err := d.scheme.Attestation(d.n(), len(signers)-1, signatures)
	if err != nil {
		d.t.Fatal(err)
	}
	return attestation
}

// right is a transmission with which everything is right, signed by the oracles with the lowest indices.
func (d *attestedFeed) right(seqNr uint64, answer int64) *ocr3.TransmitCall {
	d.t.Helper()
	var signers []int
	for i := range d.f() + 1 {
		signers = append(signers, i)
	}
	call := &ocr3.TransmitCall{ConfigDigest: d.config.ConfigDigest, SeqNr: seqNr, Report: d.report(uint32(d.chain.timestamp)-5, answer)}
	call.Attestation = d.attestation(call.ConfigDigest, seqNr, call.Report, signers)
	return call
}

// transmit sends a report, and returns the gas used, the events, and the error that the contract reverted with.
func (d *attestedFeed) transmit(from common.Address, call *ocr3.TransmitCall) (uint64, []*types.Log, error) {
	d.t.Helper()
	r := d.chain.call(from, d.address, ocr3.AppendTransmit(nil, call), defaultGasLimit)
	if r.err == nil {
		return r.gas, r.logs, nil
	}
	if !r.reverted() {
		d.t.Fatal(r.err)
	}
	return r.gas, r.logs, ocr3.DecodeRevert(r.ret)
}

var bothSchemes = []ocr3keyring.Scheme{ocr3keyring.ECDSA, ocr3keyring.BLS}

// TestOCR3Feed: what production key rings attest to is accepted, and everything that can be read of it is what was sent.
func TestOCR3Feed(t *testing.T) {
	for _, scheme := range bothSchemes {
		for _, rules := range []rules{cancun, osaka} {
			for _, size := range [][2]int{{4, 1}, {7, 2}, {31, 10}} {
				t.Run(fmt.Sprintf("%s/%s/n=%d", scheme.Name(), rules, size[0]), func(t *testing.T) {
					d := newAttestedFeed(t, scheme, rules)
					if got := d.view("attestationScheme"); got[0] != scheme.Name() {
						t.Errorf("attestationScheme: %v", got)
					}
					if got := d.view("keyLength")[0].(*big.Int); got.Int64() != int64(scheme.PublicKeyLength()) {
						t.Errorf("keyLength: %v", got)
					}
					round := uint32(0)
					for config := range 2 {
						d.setConfig(config*2, size[0], size[1])
						for _, seqNr := range []uint64{1, 5, math.MaxUint64} {
							round++
							d.chain.timestamp += 60
							checkTransmission(t, d, round, seqNr, 100*int64(round))
						}
					}
				})
			}
		}
	}
}

// checkTransmission transmits a report and reads it back in every way there is.
func checkTransmission(t *testing.T, d *attestedFeed, round uint32, seqNr uint64, answer int64) {
	t.Helper()
	call := d.right(seqNr, answer)
	from := d.transmitter(d.oracle + d.n() - 1)
	_, logs, err := d.transmit(from, call)
	if err != nil {
		t.Fatal(err)
	}
	observed, now := uint32(d.chain.timestamp)-5, d.chain.timestamp
	if len(logs) != 3 {
		t.Fatalf("transmit logs %d events", len(logs))
	}
	for i, want := range []ocr3.Event{
		&ocr3.NewTransmission{
			AggregatorRoundId: round, Answer: big.NewInt(answer), Transmitter: from, ObservationsTimestamp: observed,
			ConfigDigest: d.config.ConfigDigest, SeqNr: seqNr,
		},
		&ocr3.NewRound{RoundId: big.NewInt(int64(round)), StartedAt: big.NewInt(int64(observed))},
		&ocr3.AnswerUpdated{
			Current: big.NewInt(answer), RoundId: big.NewInt(int64(round)), UpdatedAt: new(big.Int).SetUint64(now),
		},
	} {
		got, err := ocr3.DecodeLog(logs[i])
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("event %+v\nwant  %+v", got, want)
		}
	}
	if got, want := d.view("latestTransmissionDetails"), []any{d.config.ConfigDigest, seqNr, big.NewInt(answer), observed, uint32(now)}; !reflect.DeepEqual(got, want) {
		t.Errorf("latestTransmissionDetails: %v, want %v", got, want)
	}
	id := big.NewInt(int64(round))
	want := []any{id, big.NewInt(answer), big.NewInt(int64(observed)), new(big.Int).SetUint64(now), id}
	if got := d.view("latestRoundData"); !reflect.DeepEqual(got, want) {
		t.Errorf("latestRoundData: %v, want %v", got, want)
	}
	if got := d.view("getRoundData", id); !reflect.DeepEqual(got, want) {
		t.Errorf("getRoundData: %v, want %v", got, want)
	}
	// It is accepted once.
	_, _, err = d.transmit(d.transmitter(d.oracle), call)
	if want := (&ocr3.StaleReportError{LatestSeqNr: seqNr, SeqNr: seqNr}); !reflect.DeepEqual(err, error(want)) {
		t.Errorf("again: %v, want %v", err, want)
	}
}

// TestOCR3FeedRefuses: whatever is wrong with a transmission, the feed says what a plain model in Go says. The attestation is checked
// with what oracles check it with before they transmit.
func TestOCR3FeedRefuses(t *testing.T) {
	for _, scheme := range bothSchemes {
		t.Run(scheme.Name(), func(t *testing.T) {
			d := newAttestedFeed(t, scheme, osaka)
			random := rand.New(rand.NewPCG(1, 2))
			latest, accepted, refused := uint64(0), 0, map[string]int{}
			var old *ocr3.TransmitCall
			for step := range 300 {
				if step%60 == 0 {
					f := 1 + random.IntN(2)
					d.setConfig(random.IntN(8), 3*f+1+random.IntN(3), f)
					latest = 0
				}
				call := &ocr3.TransmitCall{ConfigDigest: d.config.ConfigDigest, SeqNr: latest + 1, Report: d.report(uint32(step), 5)}
				sender := d.oracle + random.IntN(d.n())
				signers := random.Perm(d.n())[:d.f()+1]
				signed, signedSeqNr := ocrtypes.ConfigDigest(call.ConfigDigest), call.SeqNr
				switch random.IntN(12) { // from 8 on, all is right
				case 0: // not newer
					call.SeqNr = random.Uint64N(latest + 1)
					signedSeqNr = call.SeqNr
				case 1: // signed for another round
					signedSeqNr++
				case 2: // another digest
					call.ConfigDigest[random.IntN(32)] ^= 1
				case 3: // signed for another configuration
					signed[random.IntN(32)] ^= 1
				case 4: // sent by a stranger
					sender = d.oracle + d.n() + random.IntN(3)
				case 5: // another number of signatures
					signers = random.Perm(d.n())[:d.f()+2*random.IntN(2)]
				case 6: // out of bounds
					call.Report = d.report(1, []int64{minAnswer - 1, maxAnswer + 1, math.MinInt64, math.MaxInt64}[random.IntN(4)])
				case 7: // another length
					call.Report = append(call.Report, 0)[:random.IntN(66)]
				}
				call.Attestation = d.attestation(signed, signedSeqNr, call.Report, signers)
				if old != nil && random.IntN(10) == 0 {
					call = old
				}
				from := d.transmitter(sender)
				want := d.verdict(latest, from, call)
				_, _, got := d.transmit(from, call)
				if fmt.Sprintf("%T %[1]v", got) != fmt.Sprintf("%T %[1]v", want) {
					t.Fatalf("step %d: the feed says %v, the model %v", step, got, want)
				}
				if got == nil {
					latest, old = call.SeqNr, call
					accepted++
				} else {
					refused[fmt.Sprintf("%T", got)]++
				}
			}
			t.Logf("%d accepted, refused: %v", accepted, refused)
			if round := d.view("latestRound")[0].(*big.Int); round.Int64() != int64(accepted) {
				t.Errorf("%d accepted, but %v rounds", accepted, round)
			}
			if accepted < 30 || len(refused) < 6 {
				t.Errorf("%d accepted, refused for %d reasons: the test has become blind", accepted, len(refused))
			}
		})
	}
}

// verdict is what the feed should say of a transmission.
func (d *attestedFeed) verdict(latest uint64, from common.Address, call *ocr3.TransmitCall) error {
	d.t.Helper()
	if !slices.Contains(d.config.Transmitters, from) {
		return &ocr3.UnauthorizedTransmitterError{Caller: from}
	}
	if call.ConfigDigest != d.config.ConfigDigest {
		return &ocr3.ConfigDigestMismatchError{InForce: d.config.ConfigDigest, Reported: call.ConfigDigest}
	}
	if call.SeqNr <= latest {
		return &ocr3.StaleReportError{LatestSeqNr: latest, SeqNr: call.SeqNr}
	}
	var public []ocrtypes.OnchainPublicKey
	for i := range d.n() {
		public = append(public, d.keyrings[d.oracle+i].PublicKey())
	}
	hash := ocr3keyring.ReportHash(call.ConfigDigest, call.SeqNr, call.Report)
	if err := d.scheme.VerifyAttestation(public, d.f(), hash, call.Attestation); err != nil {
		return err
	}
	if len(call.Report) != 64 {
		return &ocr3.InvalidReportLengthError{Length: big.NewInt(int64(len(call.Report)))}
	}
	var report ocr3.FeedReport
	if err := ocr3.DecodeFeedReport(call.Report, &report); err != nil {
		d.t.Fatal(err)
	}
	if report.Answer.Cmp(big.NewInt(minAnswer)) < 0 || report.Answer.Cmp(big.NewInt(maxAnswer)) > 0 {
		return &ocr3.AnswerOutOfRangeError{Answer: report.Answer}
	}
	return nil
}

// TestOCR3FeedGas: in real transactions, the feeds cost what docs/gas.md says.
func TestOCR3FeedGas(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "snapshots", "ocr3-feed.json"))
	if err != nil {
		t.Fatal(err)
	}
	figures := map[string]string{}
	if err := json.Unmarshal(text, &figures); err != nil {
		t.Fatal(err)
	}
	check := func(t *testing.T, figure string, gas uint64) {
		t.Helper()
		want, err := strconv.ParseUint(figures[figure], 10, 64)
		if err != nil {
			t.Fatalf("snapshot of %q: %v", figure, err)
		}
		t.Logf("%-50s %9d gas, documented %d", figure, gas, want)
		// What zeros are in addresses and hashes, and which bits are set, makes no large difference.
		if gas > want+want/100+300 || want > gas+gas/100+300 {
			t.Errorf("%s: %d gas, documented %d", figure, gas, want)
		}
	}
	for _, scheme := range bothSchemes {
		for _, size := range [][2]int{{4, 1}, {16, 5}, {31, 10}} {
			t.Run(fmt.Sprintf("%s/n=%d", scheme.Name(), size[0]), func(t *testing.T) {
				d := newAttestedFeed(t, scheme, cancun)
				suffix := fmt.Sprintf(", n=%d f=%d", size[0], size[1])
				check(t, scheme.Name()+" setConfig"+suffix+", first", d.setConfig(0, size[0], size[1]))
				check(t, scheme.Name()+" setConfig"+suffix+", again", d.setConfig(4, size[0], size[1]))
				for seqNr := range uint64(2) {
					gas, _, err := d.transmit(d.transmitter(4), d.right(seqNr+1, 1_000))
					if err != nil {
						t.Fatal(err)
					}
					check(t, scheme.Name()+" transmit"+suffix+", lowest indices, cold", gas)
				}
			})
		}
	}
}
