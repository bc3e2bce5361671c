package keys

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Save writes the bundle into a new key file that only its owner may read (mode 0600). The file appears whole or not at all.
// It fails when the file exists: keys are never overwritten.
func (b *Bundle) Save(path string, password Password, strength Strength) error {
	content, err := b.Encrypt(password, strength)
	if err != nil {
		return err
	}
	return WriteNewFile(path, content)
}

// Load reads a bundle from a key file.
func Load(path string, password Password) (*Bundle, error) {
	content, err := readFile(path)
	if err != nil {
		return nil, err
	}
	b, err := Decrypt(content, password)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// LoadPublic reads the public side from a key file; see PublicOf.
func LoadPublic(path string) (Public, error) {
	content, err := readFile(path)
	if err != nil {
		return Public{}, err
	}
	public, err := PublicOf(content)
	if err != nil {
		return Public{}, fmt.Errorf("%s: %w", path, err)
	}
	return public, nil
}

// LoadKeystoreV3 reads a keystore file of an Ethereum client.
func LoadKeystoreV3(path string, password Password) (*EVMKey, error) {
	content, err := readFile(path)
	if err != nil {
		return nil, err
	}
	key, err := DecryptKeystoreV3(content, password)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1)) // one more than allowed, which is then refused
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return content, nil
}

// WriteNewFile writes a file with mode 0600 that appears under its name only when all of it is on disk. It fails when there
// is a file of that name already.
func WriteNewFile(path string, content []byte) (err error) {
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	defer func() {
		err = errors.Join(err, os.Remove(temp.Name()))
	}()
	_, err = temp.Write(content)
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return fmt.Errorf("keys: %s: %w", path, err)
	}
	// Unlike renaming, linking does not replace what exists.
	if err := os.Link(temp.Name(), path); err != nil {
		return fmt.Errorf("keys: cannot create %s: %w", path, err)
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
