package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"

	"twoweave/internal/base/fault"
)

// maxManifest bounds what is read into memory.
const maxManifest = 256 << 20

// Read opens an archive with the key in a file and gives each part to take, in order. What it gave is only to be trusted when it returns no error: the archive was
// whole and is what the manifest at its end says. An archive that is damaged, cut or for another key is an Invalid fault.
func Read(r io.Reader, keyFile string, take func(name string, size int64, body io.Reader) error) (Manifest, error) {
	keys, err := readKey(keyFile)
	if err != nil {
		return Manifest{}, err
	}
	opened, err := age.Decrypt(r, keys...)
	if _, other := errors.AsType[*age.NoIdentityMatchError](err); other {
		return Manifest{}, fault.New(fault.Invalid, "backup.Read", "the backup was made for another key than that in %s", keyFile)
	}
	if err != nil {
		return Manifest{}, broken("it does not begin like one")
	}
	return read(&noting{r: opened}, take)
}

func read(r *noting, take func(string, int64, io.Reader) error) (Manifest, error) {
	var found []Part
	entries := tar.NewReader(r)
	for {
		head, err := entries.Next()
		if err != nil {
			return Manifest{}, broken("it has no end")
		}
		if head.Name == manifestName {
			m, err := manifest(entries, found)
			if err != nil {
				return m, err
			}
			// The last bytes carry the proof that nothing is missing behind what was read.
			if rest, err := io.ReadAll(io.LimitReader(r, 1<<20)); err != nil || strings.Trim(string(rest), "\x00") != "" {
				return Manifest{}, broken("something is wrong behind its end")
			}
			return m, nil
		}
		if !local(head.Name) || head.Typeflag != tar.TypeReg {
			return Manifest{}, broken("an entry is no part: " + head.Name)
		}
		part, err := one(r, entries, head, take)
		if err != nil {
			return Manifest{}, err
		}
		found = append(found, part)
	}
}

// one gives a part to take and works out what it was.
func one(r *noting, entries io.Reader, head *tar.Header, take func(string, int64, io.Reader) error) (Part, error) {
	sum := sha256.New()
	body := io.TeeReader(entries, sum)
	err := take(head.Name, head.Size, body)
	if err == nil {
		_, err = io.Copy(io.Discard, body) // what take left
	}
	if r.err != nil { // else an archive that ends too early would look like a fault of whoever takes it
		return Part{}, broken("the part " + head.Name + " cannot be read")
	}
	return Part{Name: head.Name, Size: head.Size, SHA256: hex.EncodeToString(sum.Sum(nil))}, err
}

// manifest reads it and holds it against what was found.
func manifest(r io.Reader, found []Part) (m Manifest, err error) {
	if err := json.NewDecoder(io.LimitReader(r, maxManifest)).Decode(&m); err != nil {
		return Manifest{}, broken("its manifest cannot be read")
	}
	if m.Format != format {
		return Manifest{}, fault.New(fault.Invalid, "backup.Read", "the backup has the format %d; this program reads %d", m.Format, format)
	}
	if !slices.Equal(m.Parts, found) {
		return Manifest{}, broken("its parts are not those of its manifest")
	}
	return m, nil
}

// noting remembers a failure of the archive itself.
type noting struct {
	r   io.Reader
	err error
}

func (n *noting) Read(p []byte) (int, error) {
	k, err := n.r.Read(p)
	if err != nil && err != io.EOF {
		n.err = err
	}
	return k, err
}

func broken(why string) error {
	return fault.New(fault.Invalid, "backup.Read", "this is no whole backup: %s; it was cut, damaged or changed", why)
}

// local says whether a name stays inside a folder.
func local(name string) bool {
	return filepath.IsLocal(name) && !strings.Contains(name, "\\") && name == filepath.ToSlash(filepath.Clean(name))
}
