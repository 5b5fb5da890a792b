package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"time"

	"filippo.io/age"

	"twoweave/internal/base/fault"
)

// Writer writes an archive. What was written before Close is no archive yet.
type Writer struct {
	manifest Manifest
	sealed   io.WriteCloser
	tar      *tar.Writer
	folder   string // for parts whose size is not known before
}

// NewWriter begins an archive that the recipients can open. Parts of unknown size wait in the folder, as files that only we may read.
func NewWriter(w io.Writer, to Recipients, about Manifest, folder string) (*Writer, error) {
	recipients, err := to.parse()
	if err != nil {
		return nil, err
	}
	sealed, err := age.Encrypt(w, recipients...)
	if err != nil {
		return nil, fault.Wrap("backup.NewWriter", err)
	}
	about.Format, about.Parts = format, nil
	return &Writer{manifest: about, sealed: sealed, tar: tar.NewWriter(sealed), folder: folder}, nil
}

// Add writes one part.
func (w *Writer) Add(name string, body []byte) error {
	return w.add(name, int64(len(body)), bytes.NewReader(body))
}

// AddFile writes a file as a part.
func (w *Writer) AddFile(name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fault.Wrap("backup.AddFile", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fault.Wrap("backup.AddFile", err)
	}
	return w.add(name, info.Size(), f)
}

// AddStream writes what fill writes as a part.
func (w *Writer) AddStream(name string, fill func(io.Writer) error) error {
	const op = "backup.AddStream"
	f, err := os.CreateTemp(w.folder, "part-")
	if err != nil {
		return fault.Wrap(op, err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := fill(f); err != nil {
		return err
	}
	size, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return fault.Wrap(op, err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fault.Wrap(op, err)
	}
	return w.add(name, size, f)
}

func (w *Writer) add(name string, size int64, r io.Reader) error {
	const op = "backup.add"
	if !local(name) {
		return fault.New(fault.Internal, op, "%q cannot be the name of a part", name)
	}
	if err := w.tar.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: w.manifest.At.Truncate(time.Second), Format: tar.FormatPAX}); err != nil {
		return fault.Wrap(op, err)
	}
	sum := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(w.tar, sum), r, size); err != nil {
		return fault.Wrap(op, err)
	}
	w.manifest.Parts = append(w.manifest.Parts, Part{Name: name, Size: size, SHA256: hex.EncodeToString(sum.Sum(nil))})
	return nil
}

// Close writes the manifest and ends the archive.
func (w *Writer) Close() (Manifest, error) {
	const op = "backup.Close"
	body, err := json.MarshalIndent(w.manifest, "", "  ")
	if err != nil {
		return Manifest{}, fault.Wrap(op, err)
	}
	said := w.manifest
	if err := w.add(manifestName, int64(len(body)), bytes.NewReader(body)); err != nil {
		return Manifest{}, err
	}
	if err := w.tar.Close(); err != nil {
		return Manifest{}, fault.Wrap(op, err)
	}
	return said, fault.Wrap(op, w.sealed.Close())
}
