package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"sync/atomic"

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

// MasterID names one version of the wrapping key; Tink chooses it at random. It is no secret.
type MasterID int64

// masterFile is the key file's text: two Tink keysets in Tink's own JSON. Wrap holds every version of the wrapping key that is not destroyed. Find must
// never change: it is how people are found.
type masterFile struct {
	Format string          `json:"format"`
	Wrap   json.RawMessage `json:"wrap"`
	Find   json.RawMessage `json:"find"`
}

// ring is what a master key's text holds.
type ring struct {
	handle  *keyset.Handle
	primary MasterID // the version made last
	wrap    map[MasterID]tink.AEAD
	find    *prf.Set
	findRaw json.RawMessage
}

// Vault seals and opens values. It holds the master key in memory and nothing else, and may be used from many goroutines.
type Vault struct {
	clock  clock.Clock
	keeper Keeper
	ring   atomic.Pointer[ring]
}

// Open reads the master key from keyFile, or makes a new one when there is no such file; when Open returns, it is on disk. Two programs that
// start at once agree on one key. A file that others may read or that is no master key is fault.Invalid.
func Open(keyFile string, c clock.Clock) (*Vault, error) { return OpenWith(File(keyFile), c) }

// OpenWith is Open for any keeper.
func OpenWith(k Keeper, c clock.Clock) (*Vault, error) {
	const op = "vault.Open"
	v := &Vault{clock: c, keeper: k}
	r, err := v.read()
	if errors.Is(err, fs.ErrNotExist) {
		if err = create(k); err == nil {
			r, err = v.read()
		}
	}
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	v.ring.Store(r)
	return v, nil
}

func (v *Vault) read() (*ring, error) {
	text, err := v.keeper.Read()
	if err != nil {
		return nil, err
	}
	r, err := parseMaster(text)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, Op: "vault.read", Msg: v.keeper.String() + " does not hold a master key of this program", Err: err}
	}
	return r, nil
}

// with gives a ring that holds a version: a rotation, in this program or another, may have made it since the text was read.
func (v *Vault) with(id MasterID) (*ring, error) {
	const op = "vault.with"
	if r := v.ring.Load(); r.wrap[id] != nil {
		return r, nil
	}
	r, err := v.read()
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	if r.wrap[id] == nil {
		return nil, fault.New(fault.Conflict, op, "%s lacks version %d of the master key, which the database uses; is it an older copy?", v.keeper, id)
	}
	v.ring.Store(r)
	return r, nil
}

func parseMaster(text []byte) (*ring, error) {
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
	r := &ring{findRaw: f.Find, handle: wrap}
	if r.wrap, r.primary, err = versions(wrap); err != nil {
		return nil, err
	}
	r.find, err = prf.NewPRFSet(find)
	return r, err
}

// versions makes one cipher for each version. Each wraps under its own version and unwraps under all.
func versions(h *keyset.Handle) (map[MasterID]tink.AEAD, MasterID, error) {
	primary, err := h.Primary()
	if err != nil {
		return nil, 0, err
	}
	all := map[MasterID]tink.AEAD{}
	for i := range h.Len() {
		e, err := h.Entry(i)
		if err != nil {
			return nil, 0, err
		}
		m := keyset.NewManagerFromHandle(h)
		if err := m.SetPrimary(e.KeyID()); err != nil {
			return nil, 0, err
		}
		one, err := m.Handle()
		if err != nil {
			return nil, 0, err
		}
		if all[MasterID(e.KeyID())], err = aead.New(one); err != nil {
			return nil, 0, err
		}
	}
	return all, MasterID(primary.KeyID()), nil
}

func create(k Keeper) error {
	wrap, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return err
	}
	find, err := keyset.NewHandle(prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return err
	}
	raw, err := clearText(find)
	if err != nil {
		return err
	}
	text, err := masterText(wrap, raw)
	if err != nil {
		return err
	}
	return k.Create(text)
}

func masterText(wrap *keyset.Handle, find json.RawMessage) ([]byte, error) {
	raw, err := clearText(wrap)
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(masterFile{Format: masterFormat, Wrap: raw, Find: find}, "", "  ")
}

func clearText(h *keyset.Handle) ([]byte, error) {
	var b bytes.Buffer
	err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&b))
	return b.Bytes(), err
}

// change reads the text anew, changes its wrapping keys and keeps it.
func (v *Vault) change(edit func(*keyset.Manager) error) (*ring, error) {
	r, err := v.read()
	if err != nil {
		return nil, err
	}
	m := keyset.NewManagerFromHandle(r.handle)
	if err := edit(m); err != nil {
		return nil, err
	}
	h, err := m.Handle()
	if err != nil {
		return nil, err
	}
	text, err := masterText(h, r.findRaw)
	if err != nil {
		return nil, err
	}
	if err := v.keeper.Replace(text); err != nil {
		return nil, err
	}
	if r, err = v.read(); err == nil {
		v.ring.Store(r)
	}
	return r, err
}

// grow makes a new version, which becomes the primary one.
func (v *Vault) grow() (*ring, error) {
	return v.change(func(m *keyset.Manager) error {
		id, err := m.Add(aead.AES256GCMKeyTemplate())
		if err != nil {
			return err
		}
		return m.SetPrimary(id)
	})
}

// keep destroys every version but some.
func (v *Vault) keep(ids ...MasterID) (*ring, error) {
	return v.change(func(m *keyset.Manager) error {
		for id := range v.ring.Load().wrap {
			if slices.Contains(ids, id) {
				continue
			}
			if err := m.Delete(uint32(id)); err != nil {
				return err
			}
		}
		return nil
	})
}
