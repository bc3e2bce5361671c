package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

const (
	// MaxAnnouncementBytes bounds an announcement; those of correct peers have less than 700 bytes.
	MaxAnnouncementBytes = 64 << 10
	maxPeerIDLength      = 128
)

// Announcements is the part of a Store in which one peer keeps what others announced about their addresses. It implements
// discovery.DiscovererDatabase. All its methods are safe for concurrent use.
type Announcements struct {
	store  *Store
	prefix []byte
}

// Announcements returns the part of the store that belongs to the peer with the given id. Equal ids give the same part.
func (s *Store) Announcements(localPeerID string) *Announcements {
	sum := sha256.Sum256([]byte(localPeerID))
	return &Announcements{s, append([]byte{kindAnnouncement}, sum[:jobIDSize]...)}
}

// StoreAnnouncement sets the announcement of a peer. When it returns nil, the announcement has reached the disk. ann is copied.
func (a *Announcements) StoreAnnouncement(ctx context.Context, peerID string, ann []byte) error {
	if peerID == "" || len(peerID) > maxPeerIDLength {
		return fmt.Errorf("store: peer id has %d bytes, must have 1 to %d", len(peerID), maxPeerIDLength)
	}
	if len(ann) > MaxAnnouncementBytes {
		return fmt.Errorf("store: announcement of %s has %d bytes, at most %d are allowed", peerID, len(ann), MaxAnnouncementBytes)
	}
	key := a.key(peerID)
	value, err := seal(key, func(e *encoder) { encodeAnnouncement(e, ann) })
	if err != nil {
		return err
	}
	return a.store.write(ctx, func(batch *pebble.Batch) error { return batch.Set(key, value, nil) })
}

// ReadAnnouncements returns the announcements of those among the peers that have one. When rows are corrupt it returns all the
// others together with an error that names each corrupt one; on any other error it returns no map.
func (a *Announcements) ReadAnnouncements(ctx context.Context, peerIDs []string) (map[string][]byte, error) {
	return read(ctx, a.store, func() (map[string][]byte, error) {
		values := map[string][]byte{}
		var problems []error
		for _, peerID := range peerIDs {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			value, err := getRow(a.store.db, a.key(peerID), "announcement of "+peerID, decodeAnnouncement)
			var corrupt *CorruptRowError
			switch {
			case errors.As(err, &corrupt):
				problems = append(problems, err)
			case err != nil:
				return nil, err
			case value != nil:
				values[peerID] = *value
			}
		}
		return values, errors.Join(problems...)
	})
}

func (a *Announcements) key(peerID string) []byte {
	return append(append(make([]byte, 0, len(a.prefix)+len(peerID)), a.prefix...), peerID...)
}

func encodeAnnouncement(e *encoder, ann []byte) { e.bytes("announcement", ann) }

func decodeAnnouncement(d *decoder) []byte { return d.bytes() }
