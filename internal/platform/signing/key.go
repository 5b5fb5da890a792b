package signing

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"twoweave/internal/base/fault"
)

// keyFile is the text of a key file.
type keyFile struct {
	Algorithm string `json:"algorithm"`
	Public    string `json:"public"`
	Seed      string `json:"seed"`
}

type edSigner struct{ key ed25519.PrivateKey }

func (s edSigner) Algorithm() string                   { return Ed25519 }
func (s edSigner) Public() []byte                      { return s.key.Public().(ed25519.PublicKey) }
func (s edSigner) Sign(message []byte) ([]byte, error) { return ed25519.Sign(s.key, message), nil }

// OpenKey reads a signing key, or makes one when there is no such file.
func OpenKey(path string) (Signer, error) {
	s, err := ReadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	if err := NewKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return ReadKey(path)
}

// NewKey makes a signing key in a new file, readable by its owner only. A file that is there already is fs.ErrExist.
func NewKey(path string) error {
	const op = "signing.NewKey"
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed)
	made := edSigner{ed25519.NewKeyFromSeed(seed)}
	body, err := json.MarshalIndent(keyFile{Algorithm: Ed25519, Public: base64.StdEncoding.EncodeToString(made.Public()), Seed: base64.StdEncoding.EncodeToString(seed)}, "", "  ")
	if err != nil {
		return fault.Wrap(op, err)
	}
	return fault.Wrap(op, writeNew(path, append(body, '\n')))
}

// writeNew makes the file whole or not at all, and never over another one.
func writeNew(path string, body []byte) error {
	temp := path + ".new"
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	_, err = f.Write(body)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(temp, path)
}

// ReadKey reads a signing key. No such file is fs.ErrNotExist; one that others may read, or that holds no key, is an Invalid fault.
func ReadKey(path string) (Signer, error) {
	const op = "signing.ReadKey"
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Invalid, op, "the key file %s may be read by others (mode %04o); make it 0600", path, info.Mode().Perm())
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var f keyFile
	if err := json.Unmarshal(body, &f); err != nil || f.Algorithm != Ed25519 {
		return nil, fault.New(fault.Invalid, op, "the file %s holds no signing key of this program", path)
	}
	seed, err := base64.StdEncoding.DecodeString(f.Seed)
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fault.New(fault.Invalid, op, "the file %s holds no signing key of this program", path)
	}
	return edSigner{ed25519.NewKeyFromSeed(seed)}, nil
}
