package machine

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/ocrkit/ocrkit/offchain/p2p/discovery/announcement"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
)

// TestTranscripts runs the files of testdata/transcripts. Commands:
//
//	new [delta=1m] [addrs=(A,B)] [database]          a machine of the peer "self", started
//	add-group digest=D oracles=(A,B) [bootstrappers=(P@ADDR/ADDR)]
//	remove-group digest=D
//	receive from=P [single]                          a message with the announcements of the input lines: PEER COUNTER ADDR[,ADDR],
//	                                                 or with "garbage", or with one "forged" after the address list
//	loaded | load-failed                             answers the last load, with stored announcements in the input lines
//	store-failed peer=P | connect-failed peer=P
//	advance by=10s                                   lets time pass, tick by tick
//	find peer=P
//	stop
//
// Each prints what the machine wants done, with the time where it passes.
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/transcripts", func(t *testing.T, path string) {
		s := &script{cast: newCast(t), t: t}
		s.id("self")
		datadriven.RunTest(t, path, s.run)
	})
}

type script struct {
	*cast
	t      *testing.T
	m      *Machine
	now    time.Duration
	loaded []p2ptypes.PeerID // the last Load
	out    strings.Builder
}

func (s *script) run(t *testing.T, d *datadriven.TestData) string {
	s.out.Reset()
	arg := func(name string) string {
		var value string
		d.MaybeScanArgs(t, name, &value)
		return value
	}
	names := func(name string) []string {
		for _, a := range d.CmdArgs {
			if a.Key == name {
				return a.Vals
			}
		}
		return nil
	}
	switch d.Cmd {
	case "new":
		delta, addrs := time.Minute, []p2ptypes.Address{"198.51.100.1:6690"}
		if text := arg("delta"); text != "" {
			delta = s.duration(text)
		}
		if list := names("addrs"); list != nil {
			addrs = nil
			for _, a := range list {
				if a == "" {
					continue
				}
				addrs = append(addrs, p2ptypes.Address(a))
			}
		}
		var err error
		s.m, err = New(Config{Self: s.id("self"), OwnAddresses: addrs, DeltaReconcile: delta, HasDatabase: d.HasArg("database"), Sign: s.key("self").Sign})
		if err != nil {
			return err.Error()
		}
		s.m.Start(s.now)
	case "add-group":
		var oracles []p2ptypes.PeerID
		for _, name := range names("oracles") {
			oracles = append(oracles, s.id(name))
		}
		var bootstrappers []p2ptypes.PeerInfo
		for _, text := range names("bootstrappers") {
			name, list, _ := strings.Cut(text, "@")
			b := p2ptypes.PeerInfo{ID: s.id(name)}
			for _, address := range strings.Split(list, "/") {
				b.Addrs = append(b.Addrs, p2ptypes.Address(address))
			}
			bootstrappers = append(bootstrappers, b)
		}
		s.result(s.m.AddGroup(s.now, digestOf(s.int(arg("digest"))), oracles, bootstrappers))
	case "remove-group":
		s.result(s.m.RemoveGroup(digestOf(s.int(arg("digest")))))
	case "receive":
		message := reconcileOf(s.announcements(d.Input)...)
		if d.HasArg("single") {
			message = announcement.EncodeAnnouncement(s.announcements(d.Input)[0].Encode())
		}
		if strings.Contains(d.Input, "garbage") {
			message = []byte{0xff}
		}
		before := s.m.Stats().Verifications
		s.m.Receive(s.now, s.id(arg("from")), message)
		s.print()
		fmt.Fprintf(&s.out, "signatures checked: %d\n", s.m.Stats().Verifications-before)
	case "loaded":
		values := map[string][]byte{}
		for _, a := range s.announcements(d.Input) {
			id, _ := a.PeerID()
			values[id.String()] = a.Encode()
		}
		s.m.Loaded(s.now, s.loaded, values)
	case "load-failed":
		s.m.LoadFailed(s.now, s.loaded)
	case "store-failed":
		s.m.StoreFailed(s.now, s.id(arg("peer")))
	case "connect-failed":
		s.m.ConnectFailed(s.id(arg("peer")))
	case "advance":
		until := s.now + s.duration(arg("by"))
		for s.m.NextTick() <= until {
			s.now = s.m.NextTick()
			s.m.Tick(s.now)
			s.print()
		}
		s.now = until
	case "find":
		addresses := announcement.JoinAddresses(s.m.FindPeer(s.id(arg("peer"))))
		if addresses == "" {
			addresses = "no address"
		}
		fmt.Fprintf(&s.out, "%s\n", addresses)
	case "stop":
		s.m.Stop()
	default:
		t.Fatalf("%s: unknown command %q", d.Pos, d.Cmd)
	}
	s.print()
	if s.out.Len() == 0 {
		return "nothing\n"
	}
	return s.out.String()
}

func (s *script) print() {
	for _, e := range s.m.Effects() {
		if load, ok := e.(Load); ok {
			s.loaded = load.Peers
		}
		fmt.Fprintf(&s.out, "%v %s\n", s.now, s.tell(e))
	}
}

func (s *script) result(err error) {
	if err != nil {
		fmt.Fprintf(&s.out, "error: %v\n", err)
	}
}

func (s *script) announcements(input string) (list []announcement.Announcement) {
	for line := range strings.Lines(input) {
		fields := strings.Fields(line)
		if len(fields) < 3 {
			continue
		}
		counter, err := strconv.ParseUint(fields[1], 10, 64)
		if err != nil {
			s.t.Fatal(err)
		}
		var addresses []p2ptypes.Address
		for _, address := range strings.Split(fields[2], ",") {
			addresses = append(addresses, p2ptypes.Address(address))
		}
		a := s.announce(fields[0], counter, addresses...)
		if len(fields) > 3 {
			switch fields[3] {
			case "forged":
				a.Sig[0] ^= 1
			case "ill-formed":
				a.Addresses = append(a.Addresses, "example.org:80")
			default:
				s.t.Fatalf("unknown word %q", fields[3])
			}
		}
		list = append(list, a)
	}
	return list
}

func (s *script) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

func (s *script) int(text string) int {
	i, err := strconv.Atoi(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return i
}
