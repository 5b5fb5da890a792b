package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"filippo.io/age"

	"twoweave/internal/base/fault"
)

// NewKey makes the key that opens archives, in a new file readable by its owner only, and gives its public half. The file has age's own form.
func NewKey(path string) (recipient string, err error) {
	const op = "backup.NewKey"
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return "", fault.Wrap(op, err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return "", fault.New(fault.Conflict, op, "%s is there already; a key is never written over", path)
	}
	if err != nil {
		return "", fault.New(fault.Invalid, op, "the key cannot be written: %v", err)
	}
	_, err = fmt.Fprintf(f, "# public key: %s\n%s\n", key.Recipient(), key)
	return key.Recipient().String(), fault.Wrap(op, errors.Join(err, f.Sync(), f.Close()))
}

// readKey reads a key file.
func readKey(path string) ([]age.Identity, error) {
	const op = "backup.readKey"
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.New(fault.Invalid, op, "the key file %s cannot be read: %v", path, errors.Unwrap(err))
	}
	defer f.Close()
	keys, err := age.ParseIdentities(f)
	if err != nil {
		return nil, fault.New(fault.Invalid, op, "the file %s holds no key of backups; twoweave backup key makes one", path)
	}
	return keys, nil
}

// Recipients are the public keys to which an archive is encrypted, in text.
type Recipients []string

// Check says what is wrong with them.
func (all Recipients) Check() error {
	_, err := all.parse()
	return err
}

func (all Recipients) parse() ([]age.Recipient, error) {
	const op = "backup.Recipients"
	if len(all) == 0 {
		return nil, fault.New(fault.Invalid, op, "no key is named that could open the backup; give its public half, age1…; twoweave backup key makes one")
	}
	var parsed []age.Recipient
	for _, text := range all {
		if strings.HasPrefix(text, "AGE-SECRET-KEY-") {
			return nil, fault.New(fault.Invalid, op, "this is the secret half of a key, which does not belong here; give the public one, age1…")
		}
		r, err := age.ParseX25519Recipient(text)
		if err != nil {
			return nil, fault.New(fault.Invalid, op, "%q is no public key; it must be like age1…", text)
		}
		parsed = append(parsed, r)
	}
	return parsed, nil
}
