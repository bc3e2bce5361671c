package config

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/ocrkit/ocrkit/offchain/types"
)

// What follows reads and writes the parts that the protobuf messages of all versions' offchain configs have in common.

// ProtoDuration reads a duration: a signed count of nanoseconds in the bits of an unsigned one.
func ProtoDuration(nanoseconds uint64) time.Duration { return time.Duration(int64(nanoseconds)) }

// OptionalProtoDuration is ProtoDuration of a field that may be absent.
func OptionalProtoDuration(nanoseconds *uint64) *time.Duration {
	if nanoseconds == nil {
		return nil
	}
	d := ProtoDuration(*nanoseconds)
	return &d
}

// ProtoSchedule reads a transmission schedule.
func ProtoSchedule(s []uint32) []int {
	schedule := make([]int, len(s))
	for i, element := range s {
		schedule[i] = int(element)
	}
	return schedule
}

// ProtoOffchainPublicKeys reads keys, which must have 32 bytes each; others are reported, and zero in the result.
func ProtoOffchainPublicKeys(r *Report, list [][]byte) []types.OffchainPublicKey {
	keys := make([]types.OffchainPublicKey, len(list))
	for i, key := range list {
		fixedLength(r, keys[i][:], key, "OffchainPublicKeys[%d]", i)
	}
	return keys
}

// SharedSecretEncryptionsProto is the message of any version.
type SharedSecretEncryptionsProto interface {
	GetDiffieHellmanPoint() []byte
	GetSharedSecretHash() []byte
	GetEncryptions() [][]byte
}

// ProtoEncryptions reads the encryptions of the shared secret; parts of wrong length are reported, and zero in the result.
func ProtoEncryptions(r *Report, m SharedSecretEncryptionsProto) (e SharedSecretEncryptions) {
	fixedLength(r, e.DiffieHellmanPoint[:], m.GetDiffieHellmanPoint(), "SharedSecretEncryptions.DiffieHellmanPoint")
	fixedLength(r, e.SharedSecretHash[:], m.GetSharedSecretHash(), "SharedSecretEncryptions.SharedSecretHash")
	e.Encryptions = make([][16]byte, len(m.GetEncryptions()))
	for i, encryption := range m.GetEncryptions() {
		fixedLength(r, e.Encryptions[i][:], encryption, "SharedSecretEncryptions.Encryptions[%d]", i)
	}
	return e
}

// EncryptionsProto returns the encryptions in the form of the message.
func (e *SharedSecretEncryptions) EncryptionsProto() [][]byte {
	list := make([][]byte, len(e.Encryptions))
	for i := range e.Encryptions {
		list[i] = e.Encryptions[i][:]
	}
	return list
}

func fixedLength(r *Report, dst, src []byte, field string, args ...any) {
	if len(src) != len(dst) {
		r.Add("len("+fmt.Sprintf(field, args...)+")", len(src), "must be %d bytes", len(dst))
		return
	}
	copy(dst, src)
}

// PartialIdentities makes identities of the two lists that an offchain config holds; nil if they are not equally long.
func PartialIdentities(keys []types.OffchainPublicKey, peerIDs []string) []OracleIdentity {
	if len(keys) != len(peerIDs) {
		return nil
	}
	identities := make([]OracleIdentity, len(peerIDs))
	for i := range identities {
		identities[i].OffchainPublicKey = keys[i]
		identities[i].PeerID = peerIDs[i]
	}
	return identities
}

// ScheduleProto writes a transmission schedule; it fails on an element that does not fit into 32 bits.
func ScheduleProto(schedule []int) ([]uint32, error) {
	var s []uint32
	for i, element := range schedule {
		if int64(element) != int64(uint32(element)) {
			return nil, &Violation{Field: fmt.Sprintf("S[%d]", i), Value: element, Rule: "must fit into 32 bits"}
		}
		s = append(s, uint32(element))
	}
	return s, nil
}

// IdentitiesProto writes the two lists that an offchain config holds of identities; it fails on a peer id that is not UTF-8.
func IdentitiesProto(identities []OracleIdentity) (keys [][]byte, peerIDs []string, err error) {
	for i := range identities {
		if !utf8.ValidString(identities[i].PeerID) {
			return nil, nil, &Violation{Field: fmt.Sprintf("OracleIdentities[%d].PeerID", i), Value: identities[i].PeerID, Rule: "must be valid UTF-8"}
		}
		keys = append(keys, identities[i].OffchainPublicKey[:])
		peerIDs = append(peerIDs, identities[i].PeerID)
	}
	return keys, peerIDs, nil
}

// TooLong is the violation of an offchain config above MaxOffchainConfigLength.
func TooLong(size int) error {
	return &Violation{Field: "len(OffchainConfig)", Value: size, Rule: fmt.Sprintf("must be at most %d bytes", MaxOffchainConfigLength)}
}

// ListsOf returns the lists of a config that is yet to be written.
func ListsOf(identities []OracleIdentity) IdentityLists {
	lists := IdentityLists{Encryptions: len(identities)}
	for _, identity := range identities {
		lists.Signers = append(lists.Signers, identity.OnchainPublicKey)
		lists.PeerIDs = append(lists.PeerIDs, identity.PeerID)
		lists.OffchainPublicKeys = append(lists.OffchainPublicKeys, identity.OffchainPublicKey)
		lists.Transmitters = append(lists.Transmitters, identity.TransmitAccount)
	}
	return lists
}
