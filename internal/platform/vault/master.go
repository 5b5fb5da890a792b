package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/tink"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
)

const (
	masterFormat = "twoweave master key 1"
	masterMode   = 0o600
	folderMode   = 0o700
)

// masterFile is the key file's text: two Tink keysets in Tink's own JSON, so that its tools can rotate Wrap. Find must never change: it is
// how people are found.
type masterFile struct {
	Format string          `json:"format"`
	Wrap   json.RawMessage `json:"wrap"`
	Find   json.RawMessage `json:"find"`
}

// Vault seals and opens values. It holds the master key in memory and nothing else, and may be used from many goroutines.
type Vault struct {
	clock clock.Clock
	wrap  tink.AEAD
	find  *prf.Set
}

// Open reads the master key from keyFile, or makes a new one when there is no such file; when Open returns, it is on disk. Two programs that
// start at once agree on one key. A file that others may read or that is no master key is fault.Invalid.
func Open(keyFile string, c clock.Clock) (*Vault, error) {
	const op = "vault.Open"
	text, err := readMaster(keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		if err = createMaster(keyFile); err == nil {
			text, err = readMaster(keyFile)
		}
	}
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	v, err := parseMaster(text)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, Op: op, Msg: "the file " + keyFile + " does not hold a master key of this program", Err: err}
	}
	v.clock = c
	return v, nil
}

func readMaster(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Invalid, "vault.readMaster", "the key file %s may be read by others (mode %04o); make it 0600", path, info.Mode().Perm())
	}
	return os.ReadFile(path)
}

func parseMaster(text []byte) (*Vault, error) {
	var f masterFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, err
	}
	if f.Format != masterFormat {
		return nil, errors.New("unknown format")
	}
	wrap, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(f.Wrap)))
	if err != nil {
		return nil, err
	}
	find, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(f.Find)))
	if err != nil {
		return nil, err
	}
	v := &Vault{}
	if v.wrap, err = aead.New(wrap); err != nil {
		return nil, err
	}
	v.find, err = prf.NewPRFSet(find)
	return v, err
}

func newMaster() ([]byte, error) {
	wrap, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	find, err := keyset.NewHandle(prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return nil, err
	}
	f := masterFile{Format: masterFormat}
	if f.Wrap, err = clearText(wrap); err != nil {
		return nil, err
	}
	if f.Find, err = clearText(find); err != nil {
		return nil, err
	}
	return json.MarshalIndent(f, "", "  ")
}

func clearText(h *keyset.Handle) ([]byte, error) {
	var b bytes.Buffer
	err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&b))
	return b.Bytes(), err
}

// createMaster makes the key file whole or not at all, and leaves one that another process made in the meantime alone.
func createMaster(path string) error {
	text, err := newMaster()
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, ".master-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	if err := writeSynced(temp, append(text, '\n')); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(dir)
}

func writeSynced(f *os.File, text []byte) error {
	_, err := f.Write(text)
	return errors.Join(err, f.Chmod(masterMode), f.Sync(), f.Close())
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
