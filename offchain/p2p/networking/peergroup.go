package networking

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/commontypes/peerid"
	"github.com/ocrkit/ocrkit/offchain/p2p/p2ptypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// PeerGroupFactory makes peer groups. It is safe for concurrent use.
type PeerGroupFactory interface {
	// NewPeerGroup makes a group of peers that are kept connected, for whatever they have to say to each other. The prefix of the
	// digest decides what its streams may be called. It fails for prefixes that are not meant for groups, for ids that do not
	// parse or are there twice, and while the peer uses the digest otherwise. The peer itself need not be a member: then it
	// only helps the others to find each other.
	NewPeerGroup(configDigest types.ConfigDigest, peerIDs []string, bootstrappers []commontypes.BootstrapperLocator) (PeerGroup, error)
}

// PeerGroup is a number of peers. It is safe for concurrent use.
type PeerGroup interface {
	// NewStream opens a stream with another member. It fails for peers that are no members, for names that do not begin as the
	// digest demands, for limits out of range, and on a closed group. The caller closes it; Close of the group does, too.
	NewStream(remotePeerID string, newStreamArgs NewStreamArgs) (Stream, error)
	// Close closes all streams of the group. A second call does nothing.
	Close() error
}

// NewStreamArgs are the arguments of a stream: a NewStreamArgs1.
type NewStreamArgs interface{ isNewStreamArgs() }

// NewStreamArgs1 are the arguments of a stream.
type NewStreamArgs1 struct {
	// StreamName is what both peers call the stream, at most 256 bytes.
	StreamName string
	// In messages, at least 1.
	OutgoingBufferSize int
	IncomingBufferSize int
	// MaxMessageLength is in bytes.
	MaxMessageLength int
	// MessagesLimit and BytesLimit apply to what arrives.
	MessagesLimit p2ptypes.TokenBucketParams
	BytesLimit    p2ptypes.TokenBucketParams
}

func (NewStreamArgs1) isNewStreamArgs() {}

// Stream is a channel of messages to another peer, best effort and in order. It is safe for concurrent use.
type Stream interface {
	// SendMessage queues data. It never blocks: where the buffer is full its oldest message gives way. The caller must not change
	// data afterwards.
	SendMessage(data []byte)
	// ReceiveMessages returns the channel of arriving messages, always the same one. Close closes it.
	ReceiveMessages() <-chan []byte
	// Close ends the stream. A second call does nothing.
	Close() error
}

// groupStreamPrefix returns how the names of all streams of a group must begin.
func groupStreamPrefix(digest types.ConfigDigest) (string, error) {
	switch types.ConfigDigestPrefixFromConfigDigest(digest) {
	case types.ConfigDigestPrefixCCIPMultiRoleRMNCombo:
		return "ccip-rmn/", nil
	case types.ConfigDigestPrefixDONToDONMessagingGroup:
		return "don-to-don/" + digest.Hex() + "/", nil
	case types.ConfigDigestPrefixDONToDONDiscoveryGroup:
		return "don-to-don-discovery/" + digest.Hex() + "/", nil
	}
	return "", fmt.Errorf("networking: config digest %s: its prefix is not that of a peer group", digest.Hex())
}

type peerGroupFactory struct{ peer *concretePeer }

// NewPeerGroup implements PeerGroupFactory.
func (f *peerGroupFactory) NewPeerGroup(
	configDigest types.ConfigDigest, peerIDs []string, bootstrappers []commontypes.BootstrapperLocator,
) (PeerGroup, error) {
	prefix, err := groupStreamPrefix(configDigest)
	if err != nil {
		return nil, err
	}
	g, err := parseGroup(configDigest, peerIDs, bootstrappers)
	if err != nil {
		return nil, err
	}
	r, err := f.peer.register(g.digest, g.oracles, g.bootstrappers)
	if err != nil {
		return nil, err
	}
	return &peerGroup{peer: f.peer, group: g, prefix: prefix, registration: r, streams: map[*groupStream]struct{}{}}, nil
}

type peerGroup struct {
	peer         *concretePeer
	group        group
	prefix       string
	registration *registration

	mu      sync.Mutex // guards what follows
	closed  bool
	streams map[*groupStream]struct{}
}

// NewStream implements PeerGroup.
func (g *peerGroup) NewStream(remotePeerID string, newStreamArgs NewStreamArgs) (Stream, error) {
	fail := func(err error) (Stream, error) {
		return nil, fmt.Errorf("networking: peer group %s: %w", g.group.digest.Hex(), err)
	}
	var args NewStreamArgs1
	switch a := newStreamArgs.(type) {
	case NewStreamArgs1:
		args = a
	case *NewStreamArgs1:
		if a == nil {
			return fail(errors.New("no stream arguments"))
		}
		args = *a
	default:
		return fail(errors.New("no stream arguments"))
	}
	other, err := peerid.Parse(remotePeerID)
	if err != nil {
		return fail(err)
	}
	if !slices.Contains(g.group.oracles, other) {
		return fail(fmt.Errorf("%s is no member", remotePeerID))
	}
	if !strings.HasPrefix(args.StreamName, g.prefix) {
		return fail(fmt.Errorf("stream name %.300q does not begin with %q", args.StreamName, g.prefix))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return fail(errors.New("it is closed"))
	}
	s, err := g.peer.host.NewStream(other, args.StreamName, args.OutgoingBufferSize, args.IncomingBufferSize, args.MaxMessageLength,
		args.MessagesLimit, args.BytesLimit)
	if err != nil {
		return fail(err)
	}
	wrapped := &groupStream{Stream: s, group: g}
	g.streams[wrapped] = struct{}{}
	return wrapped, nil
}

// Close implements PeerGroup.
func (g *peerGroup) Close() error {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return nil
	}
	g.closed = true
	streams := g.streams
	g.streams = nil
	g.mu.Unlock()
	var errs []error
	for s := range streams {
		errs = append(errs, s.end())
	}
	g.registration.release()
	return errors.Join(errs...)
}

// groupStream is a stream that its group knows.
type groupStream struct {
	p2ptypes.Stream
	group *peerGroup
	once  sync.Once
	err   error
}

// SendMessage implements Stream. nil counts as an empty message.
func (s *groupStream) SendMessage(data []byte) { s.Stream.SendMessage(notNil(data)) }

// Close implements Stream.
func (s *groupStream) Close() error {
	s.group.mu.Lock()
	delete(s.group.streams, s)
	s.group.mu.Unlock()
	return s.end()
}

func (s *groupStream) end() error {
	s.once.Do(func() { s.err = s.Stream.Close() })
	return s.err
}
