package config

import (
	"fmt"

	"github.com/ocrkit/ocrkit/offchain/commontypes"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// Version names a version of the format of offchain configs.
type Version struct {
	Name   string // for errors, such as "OCR2"
	Number uint64 // ContractConfig.OffchainConfigVersion
}

// Contents are the parts of an offchain config that are checked in the same way in all versions.
type Contents struct {
	PeerIDs            []string
	OffchainPublicKeys []types.OffchainPublicKey
	Encryptions        SharedSecretEncryptions
}

// Decode reads the config of a contract: what the versions of the format have in common. parse reads the offchain config, and
// reports what is wrong with single entries; check reports what is wrong with the parameters. A wrong version and an error of parse
// end the checks; else the error (see Violations) has all that is wrong. The result shares no memory with cc.
func (v Version) Decode(
	cc types.ContractConfig, parse func(*Report) (Contents, error), check func(*Report),
) ([]OracleIdentity, SharedSecretEncryptions, error) {
	fail := func(err error) ([]OracleIdentity, SharedSecretEncryptions, error) {
		return nil, SharedSecretEncryptions{}, v.Wrap(err)
	}
	if cc.OffchainConfigVersion != v.Number {
		return fail(&Violation{Field: "OffchainConfigVersion", Value: cc.OffchainConfigVersion, Rule: fmt.Sprintf("must be %d", v.Number)})
	}
	var r Report
	contents, err := parse(&r)
	if err != nil {
		return fail(err)
	}
	lists := IdentityLists{
		Signers:            cc.Signers,
		PeerIDs:            contents.PeerIDs,
		OffchainPublicKeys: contents.OffchainPublicKeys,
		Transmitters:       cc.Transmitters,
		Encryptions:        len(contents.Encryptions.Encryptions),
	}
	lists.Check(&r)
	check(&r)
	if err := r.Err(); err != nil {
		return fail(err)
	}
	return lists.Identities(), contents.Encryptions, nil
}

// Open looks up which oracle of a config self is, and decrypts the shared secret with its key. Errors are those of FindSelf and
// SharedSecretEncryptions.Decrypt.
func (v Version) Open(
	identities []OracleIdentity, encryptions SharedSecretEncryptions, self Self, diffieHellman func(point [32]byte) (sharedPoint [32]byte, err error),
) (commontypes.OracleID, SharedSecret, error) {
	id, err := FindSelf(identities, self)
	if err != nil {
		return 0, SharedSecret{}, v.Wrap(err)
	}
	secret, err := encryptions.Decrypt(id, diffieHellman)
	if err != nil {
		return 0, SharedSecret{}, v.Wrap(err)
	}
	return id, secret, nil
}

// Wrap says in front of an error which version of configs it is about.
func (v Version) Wrap(err error) error { return fmt.Errorf("%s config: %w", v.Name, err) }
