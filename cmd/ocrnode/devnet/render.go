package devnet

import (
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/ocrkit/ocrkit/cmd/ocrnode/oracle"
)

// Started says what was set up, before the first round.
type Started struct {
	Type    string `json:"type"` // "start"
	Chain   string `json:"chain"`
	ChainID uint64 `json:"chainId"`
	Feed    string `json:"feed"`
	oracle.Kind
	Aggregator common.Address `json:"aggregator"`
	// LinkToken is zero where nobody is paid.
	LinkToken    common.Address  `json:"linkToken,omitzero"`
	ConfigDigest string          `json:"configDigest"`
	N            int             `json:"n"`
	F            int             `json:"f"`
	Oracles      []StartedOracle `json:"oracles"`
}

// StartedOracle is one oracle of the network.
type StartedOracle struct {
	ID     int    `json:"id"`
	PeerID string `json:"peerId"`
	// Signer is the key by which the contract knows the oracle, an address or a BLS key with its proof of possession.
	Signer      hexutil.Bytes  `json:"signer"`
	Transmitter common.Address `json:"transmitter"`
	// Vice is how a hostile oracle misbehaves; empty for honest ones.
	Vice string `json:"vice,omitempty"`
}

// Report is one report that landed on chain. Answer and observations are decimal integers in units of 10^-Decimals.
type Report struct {
	Type        string         `json:"type"` // "report"
	Epoch       uint64         `json:"epoch"`
	Round       uint64         `json:"round"`
	SeqNr       uint64         `json:"seqNr,omitempty"` // of OCR3
	RoundID     uint32         `json:"roundId"`         // the aggregator's
	Label       string         `json:"label"`           // of the feed
	Answer      *decimal       `json:"answer"`
	Transmitter common.Address `json:"transmitter"`
	Tx          common.Hash    `json:"tx"`
	Gas         uint64         `json:"gas"`
	Block       uint64         `json:"block"`
	// Observations, in ascending order, and Observers belong together. An OCR3 feed does not publish them: they are those from
	// which honest oracles computed the outcome.
	Observations []*decimal `json:"observations"`
	Observers    []int      `json:"observers"`
	// OutOfRange says why the answer is none that honest oracles stand behind; empty if all is well.
	OutOfRange string `json:"outOfRange,omitempty"`
}

// Summary is the last thing that a devnet says.
type Summary struct {
	Type         string         `json:"type"` // "summary"
	Reports      int            `json:"reports"`
	Wanted       int            `json:"wanted"`
	Epochs       int            `json:"epochs"`
	Seconds      float64        `json:"seconds"`
	MeanGas      uint64         `json:"meanGas"`
	FeedFailures int            `json:"feedFailures"`
	Malformed    uint64         `json:"malformed"` // messages that no oracle could decode
	Dropped      uint64         `json:"dropped"`   // messages that oracles had no use for
	Aggregator   common.Address `json:"aggregator"`
	Answer       *decimal       `json:"answer,omitempty"` // of the last report, as the contract gives it to consumers
}

// decimal is a big integer that is a string in JSON, since JSON numbers lose digits.
type decimal struct{ big.Int }

func newDecimal(v *big.Int) *decimal {
	d := new(decimal)
	d.Set(v)
	return d
}

// MarshalText writes the digits.
func (d *decimal) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// MarshalJSON writes the digits in quotes.
func (d *decimal) MarshalJSON() ([]byte, error) { return []byte(`"` + d.String() + `"`), nil }

// UnmarshalJSON reads what MarshalJSON writes.
func (d *decimal) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	if _, ok := d.SetString(text, 10); !ok {
		return fmt.Errorf("%.50q is no decimal integer", text)
	}
	return nil
}

// Screen shows what happens in a devnet. It is used from one goroutine at a time.
type Screen interface {
	started(Started)
	note(format string, args ...any)
	// live says what the oracles are doing right now, where that can be overwritten.
	live(oracles int, running []progress)
	report(Report)
	summary(Summary)
}

// jsonScreen writes one JSON object a line.
type jsonScreen struct{ encoder *json.Encoder }

// NewJSONScreen writes one JSON object a line: [Started], notes, [Report]s, [Summary].
func NewJSONScreen(w io.Writer) Screen { return jsonScreen{json.NewEncoder(w)} }

func (s jsonScreen) started(v Started) { _ = s.encoder.Encode(v) }
func (s jsonScreen) report(v Report)   { _ = s.encoder.Encode(v) }
func (s jsonScreen) summary(v Summary) { _ = s.encoder.Encode(v) }
func (s jsonScreen) note(format string, args ...any) {
	_ = s.encoder.Encode(map[string]string{"type": "note", "text": fmt.Sprintf(format, args...)})
}

func (s jsonScreen) live(int, []progress) {}

// textScreen writes lines for people; with inPlace, what is said about the round under way is overwritten.
type textScreen struct {
	w       io.Writer
	inPlace bool
	last    *big.Int
	n       int
	vices   map[int]string
	names   map[common.Address]int
	pending bool // the cursor is behind a line that may be overwritten
}

// NewTextScreen writes lines for people. With live, w is a terminal, where passing notes are overwritten.
func NewTextScreen(w io.Writer, live bool) Screen {
	return &textScreen{w: w, inPlace: live, vices: map[int]string{}, names: map[common.Address]int{}}
}

func (s *textScreen) line(format string, args ...any) {
	if s.pending {
		fmt.Fprint(s.w, "\r\x1b[K")
		s.pending = false
	}
	fmt.Fprintf(s.w, format+"\n", args...)
}

func (s *textScreen) note(format string, args ...any) {
	if !s.inPlace {
		s.line("  "+format, args...)
		return
	}
	fmt.Fprint(s.w, "\r\x1b[K  "+fmt.Sprintf(format, args...))
	s.pending = true
}

func (s *textScreen) live(oracles int, running []progress) {
	if !s.inPlace {
		return
	}
	if len(running) < oracles {
		s.note("%d of %d oracles have taken up the configuration", len(running), oracles)
		return
	}
	var now progress // of who is furthest
	var sent uint64
	for _, p := range running {
		if p.epoch > now.epoch || p.epoch == now.epoch && p.round > now.round {
			now.epoch, now.round, now.leader = p.epoch, p.round, p.leader
		}
		now.completed = max(now.completed, p.completed)
		sent += p.sent
	}
	s.note("epoch %d, led by #%d: round %d   (%d observations sent and %d rounds completed so far)", now.epoch, now.leader, now.round, sent, now.completed)
}

func (s *textScreen) started(v Started) {
	s.n = v.N
	s.line("")
	s.line("  chain       %s (id %d)", v.Chain, v.ChainID)
	s.line("  feed        %s", v.Feed)
	s.line("  protocol    %s", v.Kind)
	s.line("  aggregator  %s", v.Aggregator)
	if v.LinkToken != (common.Address{}) {
		s.line("  LINK token  %s", v.LinkToken)
	}
	s.line("  config      %s", v.ConfigDigest)
	s.line("  oracles     n = %d, of which f = %d may be hostile: any %d signatures make a report", v.N, v.F, v.F+1)
	for _, o := range v.Oracles {
		vice := ""
		if o.Vice != "" {
			vice = "  hostile: " + o.Vice
			s.vices[o.ID] = o.Vice
		}
		s.names[o.Transmitter] = o.ID
		s.line("    #%-2d  signs as %s  transmits as %s%s", o.ID, shortKey(o.Signer), short(o.Transmitter), vice)
	}
	s.line("")
	s.line("  %5s  %6s  %-10s  %14s  %8s  %-14s  %5s  %7s  %s", "round", "epoch", "price of", "answer", "change", "by", "block", "gas", "observations, lowest to highest (oracle)")
}

func (s *textScreen) report(v Report) {
	change := ""
	if s.last != nil && s.last.Sign() != 0 {
		delta := new(big.Int).Sub(&v.Answer.Int, s.last)
		bp := new(big.Int).Quo(delta.Mul(delta, big.NewInt(10_000)), s.last)
		change = fmt.Sprintf("%+.2f%%", float64(bp.Int64())/100)
	}
	s.last = &v.Answer.Int
	by := short(v.Transmitter)
	if id, ok := s.names[v.Transmitter]; ok {
		by = fmt.Sprintf("#%d", id)
	}
	var seen []string
	middle := len(v.Observations) / 2
	for i, o := range v.Observations {
		// Of many observations the lowest, those around the median and the highest are shown.
		if last := len(v.Observations) - 1; len(v.Observations) > maxShown && i > 1 && i < last-1 && (i < middle-1 || i > middle+1) {
			if seen[len(seen)-1] != "…" {
				seen = append(seen, "…")
			}
			continue
		}
		mark := ""
		if s.vices[v.Observers[i]] != "" {
			mark = "!"
		}
		entry := fmt.Sprintf("%s (%d%s)", shortPrice(&o.Int), v.Observers[i], mark)
		if i == middle {
			entry = "[" + entry + "]"
		}
		seen = append(seen, entry)
	}
	s.line("  %5d  %3d/%-2d  %-10s  %14s  %8s  %-14s  %5d  %7d  %s", v.RoundID, v.Epoch, v.Round, v.Label, shortPrice(&v.Answer.Int), change, by, v.Block, v.Gas, strings.Join(seen, " "))
	if v.OutOfRange != "" {
		s.line("  WRONG: %s", v.OutOfRange)
	}
}

func (s *textScreen) summary(v Summary) {
	s.line("")
	answer := "unknown"
	if v.Answer != nil {
		answer = formatPrice(&v.Answer.Int)
	}
	s.line("  %d of %d reports on chain in %.1f s, %d gas each on average, %d epochs; the contract answers %s", v.Reports, v.Wanted, v.Seconds, v.MeanGas, v.Epochs, answer)
	if v.FeedFailures > 0 {
		s.line("  %d observations failed because of the feed", v.FeedFailures)
	}
	if len(s.vices) > 0 {
		s.line("  %d messages were garbage and %d out of place; all dropped", v.Malformed, v.Dropped)
	}
}

// maxShown is how many observations a line has room for.
const maxShown = 7

// short writes an address as people recognise it.
func short(a common.Address) string {
	hex := a.Hex()
	return hex[:6] + "…" + hex[len(hex)-4:]
}

// shortKey writes a key as people recognise it.
func shortKey(key []byte) string {
	if len(key) == common.AddressLength {
		return short(common.BytesToAddress(key))
	}
	return fmt.Sprintf("0x%x…%x", key[:2], key[len(key)-2:])
}

// shortPrice writes a price with two decimal places; huge ones as a power of ten.
func shortPrice(v *big.Int) string {
	if digits := len(new(big.Int).Abs(v).String()); digits > Decimals+9 {
		return fmt.Sprintf("~1e%d", digits-Decimals-1)
	}
	text := formatPrice(v)
	return text[:len(text)-Decimals+2]
}
