package ocr3keyring

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/ocrkit/ocrkit/offchain/ocr3types"
	"github.com/ocrkit/ocrkit/offchain/types"
)

// ChainType is the kind of chain that a key is for, as a MultiChain public key has it.
type ChainType uint8

// The kinds of chains.
const (
	ChainEVM      ChainType = 1
	ChainSolana   ChainType = 2
	ChainCosmos   ChainType = 3
	ChainStarkNet ChainType = 4
	ChainAptos    ChainType = 5
	ChainTron     ChainType = 6
	ChainTON      ChainType = 7
	ChainSui      ChainType = 8
	ChainOffchain ChainType = 9
	ChainStellar  ChainType = 10
)

// ChainKeyring is one of the key rings of a MultiChain.
type ChainKeyring struct {
	// Name is what reports choose this ring by; all oracles must use the same names.
	Name string
	// Type tells the ring's keys apart in public keys. A MultiChain has one ring of a type at most.
	Type ChainType
	// Keyring signs in the way of OCR2: with the low 32 bits of the sequence number as epoch, round 0 and extra hash 0.
	Keyring types.OnchainKeyring
}

// keyBundleName is the field of a report's info that says which ring signs the report.
const keyBundleName = "keyBundleName"

// MultiChain is a key ring of an oracle that reports to chains of several kinds. The info of a report is a protobuf message
// google.protobuf.Struct, whose field keyBundleName says which ring signs it.
//
// Its public key is that of all rings, by ascending type, one behind the other: the type (1 byte), the length of the key (2 bytes,
// little-endian), the key. It is safe for concurrent use if its rings are.
type MultiChain struct {
	rings     []ChainKeyring // by ascending type
	publicKey types.OnchainPublicKey
	longest   int // signature
}

var _ ocr3types.OnchainKeyring[[]byte] = (*MultiChain)(nil)

// NewMultiChain makes a key ring of rings. It fails if there are none, if two have the same name or type, or if one lacks its name,
// type or keys.
func NewMultiChain(rings ...ChainKeyring) (*MultiChain, error) {
	if len(rings) == 0 {
		return nil, errors.New("ocr3keyring: no key rings")
	}
	m := &MultiChain{rings: slices.Clone(rings)}
	slices.SortStableFunc(m.rings, func(a, b ChainKeyring) int { return cmp.Compare(a.Type, b.Type) })
	names := map[string]bool{}
	for i, ring := range m.rings {
		switch {
		case ring.Keyring == nil:
			return nil, fmt.Errorf("ocr3keyring: ring %q has no keys", ring.Name)
		case ring.Name == "" || names[ring.Name]:
			return nil, fmt.Errorf("ocr3keyring: the name %q is empty or that of two rings", ring.Name)
		case ring.Type == 0 || i > 0 && ring.Type == m.rings[i-1].Type:
			return nil, fmt.Errorf("ocr3keyring: ring %q has type %d, which is none or that of another ring", ring.Name, ring.Type)
		}
		names[ring.Name] = true
		key := ring.Keyring.PublicKey()
		if len(key) > math.MaxUint16 {
			return nil, fmt.Errorf("ocr3keyring: the public key of ring %q has %d bytes, want at most %d", ring.Name, len(key), math.MaxUint16)
		}
		m.publicKey = append(m.publicKey, byte(ring.Type))
		m.publicKey = binary.LittleEndian.AppendUint16(m.publicKey, uint16(len(key)))
		m.publicKey = append(m.publicKey, key...)
		m.longest = max(m.longest, ring.Keyring.MaxSignatureLength())
	}
	return m, nil
}

// KeyOf returns the key of a type in a public key of a MultiChain. It fails if the public key is malformed or has no such key.
func KeyOf(publicKey types.OnchainPublicKey, chain ChainType) (types.OnchainPublicKey, error) {
	var found types.OnchainPublicKey
	last := ChainType(0)
	for rest := publicKey; len(rest) > 0; {
		if len(rest) < 3 {
			return nil, errors.New("ocr3keyring: public key ends within the head of a key")
		}
		t, length := ChainType(rest[0]), int(binary.LittleEndian.Uint16(rest[1:]))
		if t <= last {
			return nil, fmt.Errorf("ocr3keyring: public key has type %d behind type %d, want ascending types", t, last)
		}
		if len(rest) < 3+length {
			return nil, fmt.Errorf("ocr3keyring: the key of type %d has %d bytes, want %d", t, len(rest)-3, length)
		}
		if t == chain {
			found = rest[3 : 3+length : 3+length]
		}
		last, rest = t, rest[3+length:]
	}
	if found == nil {
		return nil, fmt.Errorf("ocr3keyring: public key has no key of type %d", chain)
	}
	return found, nil
}

// InfoFor returns the least info of a report that the ring with a name is to sign.
func InfoFor(name string) ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(&structpb.Struct{
		Fields: map[string]*structpb.Value{keyBundleName: structpb.NewStringValue(name)},
	})
}

// choose returns the ring that a report is for.
func (m *MultiChain) choose(info []byte) (ChainKeyring, error) {
	var fields structpb.Struct
	if err := proto.Unmarshal(info, &fields); err != nil {
		return ChainKeyring{}, fmt.Errorf("ocr3keyring: the report's info is no google.protobuf.Struct: %w", err)
	}
	name, ok := fields.GetFields()[keyBundleName].GetKind().(*structpb.Value_StringValue)
	if !ok {
		return ChainKeyring{}, fmt.Errorf("ocr3keyring: the report's info has no text %s", keyBundleName)
	}
	for _, ring := range m.rings {
		if ring.Name == name.StringValue {
			return ring, nil
		}
	}
	return ChainKeyring{}, fmt.Errorf("ocr3keyring: the report's info names the key ring %.100q, which is not there", name.StringValue)
}

// contextOf is the context of OCR2 for a sequence number.
func contextOf(configDigest types.ConfigDigest, seqNr uint64) types.ReportContext {
	return types.ReportContext{ReportTimestamp: types.ReportTimestamp{ConfigDigest: configDigest, Epoch: uint32(seqNr)}}
}

// PublicKey implements ocr3types.OnchainKeyring.
func (m *MultiChain) PublicKey() types.OnchainPublicKey { return slices.Clone(m.publicKey) }

// Sign implements ocr3types.OnchainKeyring. It fails if the report's info names no ring.
func (m *MultiChain) Sign(configDigest types.ConfigDigest, seqNr uint64, r ocr3types.ReportWithInfo[[]byte]) ([]byte, error) {
	ring, err := m.choose(r.Info)
	if err != nil {
		return nil, err
	}
	return ring.Keyring.Sign(contextOf(configDigest, seqNr), r.Report)
}

// Verify implements ocr3types.OnchainKeyring. The public key is that of a MultiChain, which may have rings that this one has not.
func (m *MultiChain) Verify(publicKey types.OnchainPublicKey, configDigest types.ConfigDigest, seqNr uint64, r ocr3types.ReportWithInfo[[]byte], signature []byte) bool {
	ring, err := m.choose(r.Info)
	if err != nil {
		return false
	}
	key, err := KeyOf(publicKey, ring.Type)
	return err == nil && ring.Keyring.Verify(key, contextOf(configDigest, seqNr), r.Report, signature)
}

// MaxSignatureLength implements ocr3types.OnchainKeyring: that of the longest signatures among the rings.
func (m *MultiChain) MaxSignatureLength() int { return m.longest }
