package announcement

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

const (
	// MaxOracles bounds the peers whose announcements a peer keeps, and so the announcements in a reconcile.
	MaxOracles = 165
	// MaxMessageLength is the length of the longest message, in bytes. All that is well-formed is shorter.
	MaxMessageLength = 110_000
)

// Kind is the kind of a message.
type Kind byte

const (
	// KindAnnouncement is a message of one announcement.
	KindAnnouncement Kind = 2
	// KindReconcile is a message of all announcements that the receiver may know.
	KindReconcile Kind = 3
)

// Message is a message as it came in.
type Message struct {
	Kind Kind
	// Announcements are those in the message; one more than MaxOracles at most.
	Announcements []Announcement
	// Count is the number of announcements in the message.
	Count int
}

// CheckWellFormed tells whether the message may be processed. A message is dropped as a whole when any announcement in it is
// not well-formed, or when there are too many.
func (m Message) CheckWellFormed() error {
	if m.Count > MaxOracles {
		return fmt.Errorf("discovery message: %d announcements, at most %d are possible", m.Count, MaxOracles)
	}
	for i, a := range m.Announcements {
		if err := a.CheckWellFormed(); err != nil {
			return fmt.Errorf("discovery message: %d of %d: %w", i, m.Count, err)
		}
	}
	return nil
}

// EncodeAnnouncement returns the message of one announcement, given in its encoded form.
func EncodeAnnouncement(encoded []byte) []byte {
	b := make([]byte, 0, len(encoded)+8)
	b = protowire.AppendTag(b, protowire.Number(KindAnnouncement), protowire.BytesType)
	return protowire.AppendBytes(b, encoded)
}

// EncodeReconcile returns the message of many announcements, given in their encoded form.
func EncodeReconcile(encoded [][]byte) []byte {
	size := 0
	for _, e := range encoded {
		size += 1 + protowire.SizeBytes(len(e))
	}
	b := make([]byte, 0, size+8)
	b = protowire.AppendTag(b, protowire.Number(KindReconcile), protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	for _, e := range encoded {
		b = protowire.AppendTag(b, 1, protowire.BytesType)
		b = protowire.AppendBytes(b, e)
	}
	return b
}

// DecodeMessage reads a message. The announcements in it need not be well-formed, but of each there is no more than there
// could be if they were. The result may alias b.
func DecodeMessage(b []byte) (Message, error) {
	if len(b) > MaxMessageLength {
		return Message{}, fmt.Errorf("discovery message: %d bytes, at most %d are possible", len(b), MaxMessageLength)
	}
	var m Message
	for len(b) > 0 {
		num, typ, n := consumeTag(b)
		if n < 0 {
			return Message{}, malformed("discovery message", protowire.ParseError(n))
		}
		b = b[n:]
		kind := Kind(num)
		if typ != protowire.BytesType || num != protowire.Number(kind) || kind != KindAnnouncement && kind != KindReconcile {
			if n = protowire.ConsumeFieldValue(num, typ, b); n < 0 {
				return Message{}, malformed("discovery message", protowire.ParseError(n))
			}
			b = b[n:]
			continue
		}
		content, n := protowire.ConsumeBytes(b)
		if n < 0 {
			return Message{}, malformed("discovery message", protowire.ParseError(n))
		}
		b = b[n:]
		// The last kind wins; parts of the same kind add up.
		if kind != m.Kind {
			m = Message{Kind: kind}
		}
		var err error
		if kind == KindReconcile {
			err = m.decodeReconcile(content)
		} else {
			if m.Count == 0 {
				m.Announcements, m.Count = make([]Announcement, 1), 1
			}
			err = m.Announcements[0].decode(content)
		}
		if err != nil {
			return Message{}, err
		}
	}
	if m.Kind == 0 {
		return Message{}, fmt.Errorf("discovery message: neither an announcement nor a reconcile")
	}
	return m, nil
}

func (m *Message) decodeReconcile(b []byte) error {
	for len(b) > 0 {
		num, typ, n := consumeTag(b)
		if n < 0 {
			return malformed("reconcile", protowire.ParseError(n))
		}
		b = b[n:]
		if num != 1 || typ != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(num, typ, b); n < 0 {
				return malformed("reconcile", protowire.ParseError(n))
			}
			b = b[n:]
			continue
		}
		content, n := protowire.ConsumeBytes(b)
		if n < 0 {
			return malformed("reconcile", protowire.ParseError(n))
		}
		b = b[n:]
		var a Announcement
		if err := a.decode(content); err != nil {
			return fmt.Errorf("reconcile: %d: %w", m.Count, err)
		}
		if m.Count++; m.Count <= MaxOracles+1 {
			m.Announcements = append(m.Announcements, a)
		}
	}
	return nil
}
