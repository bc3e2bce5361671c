package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// OracleIdentity is what a config says about one oracle.
type OracleIdentity struct {
	// OffchainPublicKey verifies what the oracle sends to other oracles.
	OffchainPublicKey types.OffchainPublicKey
	// OnchainPublicKey verifies the oracle's reports; on EVM chains a 20-byte address.
	OnchainPublicKey types.OnchainPublicKey
	// PeerID is the text form of the oracle's peer id. Configs are accepted with any text here.
	PeerID string
	// TransmitAccount sends the oracle's transactions. Compared letter by letter.
	TransmitAccount types.Account
}

// OracleIdentityExtra is what the composer of a config must know about one oracle.
type OracleIdentityExtra struct {
	OracleIdentity
	// ConfigEncryptionPublicKey is the key to which the shared secret is encrypted. The config does not contain it.
	ConfigEncryptionPublicKey types.ConfigEncryptionPublicKey
}

// IdentityLists are the lists of a config that must have one entry for each oracle, the i-th entries belonging to oracle i.
type IdentityLists struct {
	Signers            []types.OnchainPublicKey
	PeerIDs            []string
	OffchainPublicKeys []types.OffchainPublicKey
	Transmitters       []types.Account
	Encryptions        int // length of the list of encrypted secrets
}

// Check reports entries that occur twice in one list, then lists that are not as long as the list of signers.
func (l IdentityLists) Check(r *Report) {
	checkDistinct(r, "Signers", l.Signers,
		func(k types.OnchainPublicKey) string { return string(k) },
		func(k types.OnchainPublicKey) any { return fmt.Sprintf("%.64x", []byte(k)) })
	checkDistinct(r, "PeerIDs", l.PeerIDs,
		func(id string) string { return id },
		func(id string) any { return id })
	checkDistinct(r, "OffchainPublicKeys", l.OffchainPublicKeys,
		func(k types.OffchainPublicKey) types.OffchainPublicKey { return k },
		func(k types.OffchainPublicKey) any { return fmt.Sprintf("%x", k[:]) })
	checkDistinct(r, "Transmitters", l.Transmitters,
		func(a types.Account) types.Account { return a },
		func(a types.Account) any { return string(a) })

	l.CheckLengths(r)
}

// CheckLengths reports lists that are not as long as the list of signers.
func (l IdentityLists) CheckLengths(r *Report) {
	for _, list := range []struct {
		name   string
		length int
	}{
		{"PeerIDs", len(l.PeerIDs)},
		{"OffchainPublicKeys", len(l.OffchainPublicKeys)},
		{"Transmitters", len(l.Transmitters)},
		{"SharedSecretEncryptions.Encryptions", l.Encryptions},
	} {
		if list.length != len(l.Signers) {
			r.Add("len("+list.name+")", list.length, "must be equal to the number of signers (%d)", len(l.Signers))
		}
	}
}

// Identities puts the lists together. They must have passed Check.
func (l IdentityLists) Identities() []OracleIdentity {
	identities := make([]OracleIdentity, len(l.Signers))
	for i := range identities {
		identities[i] = OracleIdentity{
			OffchainPublicKey: l.OffchainPublicKeys[i],
			OnchainPublicKey:  bytes.Clone(l.Signers[i]),
			PeerID:            l.PeerIDs[i],
			TransmitAccount:   l.Transmitters[i],
		}
	}
	return identities
}

func checkDistinct[T any, K comparable](r *Report, list string, entries []T, key func(T) K, show func(T) any) {
	first := make(map[K]int, len(entries))
	for i, entry := range entries {
		k := key(entry)
		if j, seen := first[k]; seen {
			r.Add(fmt.Sprintf("%s[%d]", list, i), show(entry), "must differ from %s[%d]", list, j)
			continue
		}
		first[k] = i
	}
}

// PeerIDs returns the peer ids of the oracles, by oracle id.
func PeerIDs(identities []OracleIdentity) []string {
	ids := make([]string, len(identities))
	for i, identity := range identities {
		ids[i] = identity.PeerID
	}
	return ids
}

// Self is what an oracle knows about itself.
type Self = OracleIdentity

// ErrNotInConfig: no oracle of the config has the node's onchain public key. The node takes no part in this instance.
var ErrNotInConfig = errors.New("the own onchain public key is not among the signers of the config")

// FieldMismatch is one difference between what a config says about an oracle and what the oracle says about itself.
type FieldMismatch struct {
	Field    string // name of the field of OracleIdentity
	InConfig string
	Own      string
	CaseOnly bool // the two differ in nothing but the case of letters
}

// IdentityMismatchError says that the config lists the node's onchain public key but other keys or addresses beside it.
type IdentityMismatchError struct {
	OracleID   commontypes.OracleID
	Mismatches []FieldMismatch // at least one
}

// Error names every field that differs, with both values.
func (e *IdentityMismatchError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the config lists this node's onchain public key as oracle %d, but", e.OracleID)
	for i, m := range e.Mismatches {
		if i > 0 {
			b.WriteString("; and")
		}
		fmt.Fprintf(&b, " %s is %q in the config and %q here", m.Field, m.InConfig, m.Own)
		if m.CaseOnly {
			b.WriteString(" (only the case of letters differs; it matters: report the account the way the config spells it)")
		}
	}
	return b.String()
}

// FindSelf returns the id under which a config lists the node. It fails with ErrNotInConfig, or with an
// *IdentityMismatchError when the config has the node's onchain public key but other values beside it.
func FindSelf(identities []OracleIdentity, self Self) (commontypes.OracleID, error) {
	found := -1
	for i, identity := range identities {
		if !bytes.Equal(identity.OnchainPublicKey, self.OnchainPublicKey) {
			continue
		}
		var mismatches []FieldMismatch
		compare := func(field, inConfig, own string) {
			if inConfig != own {
				mismatches = append(mismatches, FieldMismatch{
					Field: field, InConfig: inConfig, Own: own, CaseOnly: strings.EqualFold(inConfig, own),
				})
			}
		}
		compare("OffchainPublicKey", fmt.Sprintf("%x", identity.OffchainPublicKey[:]), fmt.Sprintf("%x", self.OffchainPublicKey[:]))
		compare("PeerID", identity.PeerID, self.PeerID)
		compare("TransmitAccount", string(identity.TransmitAccount), string(self.TransmitAccount))
		if len(mismatches) > 0 {
			return 0, &IdentityMismatchError{commontypes.OracleID(i), mismatches}
		}
		found = i
	}
	if found < 0 {
		return 0, fmt.Errorf("%w (own key %x, %d signers)", ErrNotInConfig, []byte(self.OnchainPublicKey), len(identities))
	}
	return commontypes.OracleID(found), nil
}
