package bn254bls

import "fmt"

// KeySize is the length of a key entry in bytes; MaxKeys is how many of them the
// contracts take in one list.
const (
	KeySize = PublicKeySize + SignatureSize
	MaxKeys = 32
)

// KeyEntry is what the contracts are given of each oracle: its public key and the
// proof that it has the secret one.
type KeyEntry struct {
	PublicKey *PublicKey
	Proof     Signature
}

// KeyEntry returns the entry of the key's owner.
func (k *SecretKey) KeyEntry() (KeyEntry, error) {
	proof, err := k.ProvePossession()
	if err != nil {
		return KeyEntry{}, err
	}
	return KeyEntry{PublicKey: k.public, Proof: proof}, nil
}

// Bytes returns the entry as [DecodeKeyEntry] takes it.
func (e KeyEntry) Bytes() (b [KeySize]byte) {
	key := e.PublicKey.Bytes()
	copy(b[:], key[:])
	copy(b[PublicKeySize:], e.Proof[:])
	return b
}

// DecodeKeyEntry decodes an entry of 161 bytes. The key and the proof are points of
// their groups then; that the proof is one is for [KeyEntry.Check] to say.
func DecodeKeyEntry(b []byte) (KeyEntry, error) {
	if len(b) != KeySize {
		return KeyEntry{}, fmt.Errorf("key entry: %w: %d bytes, want %d", ErrLength, len(b), KeySize)
	}
	key, err := DecodePublicKey(b[:PublicKeySize])
	if err != nil {
		return KeyEntry{}, fmt.Errorf("key entry: %w", err)
	}
	proof, err := DecodeSignature(b[PublicKeySize:])
	if err != nil {
		return KeyEntry{}, fmt.Errorf("key entry: proof of possession: %w", err)
	}
	return KeyEntry{PublicKey: key, Proof: proof}, nil
}

// Check returns nil if the proof of possession is one of the key.
func (e KeyEntry) Check() error {
	return e.PublicKey.VerifyPossession(e.Proof)
}

// EncodeKeyList joins entries to the argument of a contract that sets keys.
func EncodeKeyList(entries []KeyEntry) []byte {
	list := make([]byte, 0, KeySize*len(entries))
	for _, e := range entries {
		b := e.Bytes()
		list = append(list, b[:]...)
	}
	return list
}

// DecodeKeyList decodes a list of entries and accepts what the contracts accept: at
// most [MaxKeys], all of them valid, proven and different. A list may be empty.
func DecodeKeyList(list []byte) ([]KeyEntry, error) {
	if len(list)%KeySize != 0 {
		return nil, fmt.Errorf("key list: %w: %d bytes, want a multiple of %d", ErrLength, len(list), KeySize)
	}
	if n := len(list) / KeySize; n > MaxKeys {
		return nil, fmt.Errorf("key list: %w: %d, at most %d", ErrTooManyKeys, n, MaxKeys)
	}
	entries := make([]KeyEntry, 0, len(list)/KeySize)
	for i := range len(list) / KeySize {
		entry, err := DecodeKeyEntry(list[i*KeySize : (i+1)*KeySize])
		if err == nil {
			err = entry.Check()
		}
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i, err)
		}
		for j, earlier := range entries {
			if earlier.PublicKey.Equal(entry.PublicKey) {
				return nil, fmt.Errorf("key %d: %w: it is key %d too", i, ErrDuplicateKey, j)
			}
		}
		entries = append(entries, entry)
	}
	return entries, nil
}
