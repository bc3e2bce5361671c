package keys

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// maxPasswordBytes bounds passwords, mostly to notice when the wrong file is given.
const maxPasswordBytes = 1024

// Password protects a key file. Its text does not show in output or logs.
type Password struct {
	redacted
	text []byte
}

// NewPassword takes a password as it is.
func NewPassword(text string) Password { return Password{text: []byte(text)} }

func (p Password) check() error {
	switch {
	case len(p.text) == 0:
		return errors.New("keys: the password is empty")
	case len(p.text) > maxPasswordBytes:
		return fmt.Errorf("keys: the password has %d bytes, at most %d are allowed", len(p.text), maxPasswordBytes)
	}
	return nil
}

// PasswordFromFile reads the password from a file. One line break at the end does not belong to it.
func PasswordFromFile(path string) (Password, error) {
	f, err := os.Open(path)
	if err != nil {
		return Password{}, fmt.Errorf("keys: password file: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxPasswordBytes+3))
	if err != nil {
		return Password{}, fmt.Errorf("keys: password file: %w", err)
	}
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	p := Password{text: text}
	if err := p.check(); err != nil {
		return Password{}, fmt.Errorf("password file %s: %w", path, err)
	}
	return p, nil
}

// PasswordFromEnv takes the password from an environment variable.
func PasswordFromEnv(name string) (Password, error) {
	text, ok := os.LookupEnv(name)
	if !ok {
		return Password{}, fmt.Errorf("keys: environment variable %s is not set", name)
	}
	p := NewPassword(text)
	if err := p.check(); err != nil {
		return Password{}, fmt.Errorf("environment variable %s: %w", name, err)
	}
	return p, nil
}

// PromptPassword asks for the password on a terminal, without echo; with confirm it asks twice. It fails when in is not a
// terminal.
func PromptPassword(in *os.File, out io.Writer, prompt string, confirm bool) (Password, error) {
	if !term.IsTerminal(int(in.Fd())) {
		return Password{}, errors.New("keys: cannot ask for a password, the input is not a terminal: name a password file instead")
	}
	ask := func(prompt string) (Password, error) {
		fmt.Fprint(out, prompt)
		text, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(out)
		if err != nil {
			return Password{}, fmt.Errorf("keys: cannot read the password: %w", err)
		}
		p := Password{text: text}
		return p, p.check()
	}
	p, err := ask(prompt)
	if err != nil || !confirm {
		return p, err
	}
	again, err := ask("again: ")
	if err != nil {
		return Password{}, err
	}
	if !bytes.Equal(p.text, again.text) {
		return Password{}, errors.New("keys: the passwords differ")
	}
	return p, nil
}
