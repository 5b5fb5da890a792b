// Package backup writes and reads the archive of an installation: parts in a tar file, encrypted with age to the public keys of whoever may restore it.
//
// Whoever makes a backup needs no secret, so that a machine that is lost gives nothing of its older backups away. The last entry of an archive is its manifest,
// with size and SHA-256 of each part: an archive that was cut, changed or put together of two ends without one that fits, and is refused as a whole. Both formats are
// public, and so an archive can be looked into without this program: age --decrypt -i KEY FILE | tar -t.
package backup

import (
	"time"
)

// format is the version of the manifest. A new form gets a new number.
const format = 1

// manifestName is the entry at the end.
const manifestName = "manifest.json"

// Manifest is what an archive says of itself.
type Manifest struct {
	Format  int       `json:"format"`
	Program string    `json:"program"` // version that wrote it
	Engine  string    `json:"engine"`  // of the database: sqlite or postgres
	At      time.Time `json:"at"`      // when it was begun
	Parts   []Part    `json:"parts"`   // in the order of the archive
}

// Part is one file of an archive.
type Part struct {
	Name   string `json:"name"` // with slashes; never absolute, never upwards
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Size is that of all parts.
func (m Manifest) Size() (n int64) {
	for _, p := range m.Parts {
		n += p.Size
	}
	return n
}
