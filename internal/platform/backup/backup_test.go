package backup_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/backup"
)

func key(t testing.TB) (file, recipient string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "backup.key")
	recipient, err := backup.NewKey(file)
	if err != nil {
		t.Fatal(err)
	}
	return file, recipient
}

// made is an archive of parts, in order.
func made(t testing.TB, recipient string, parts ...[2]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := backup.NewWriter(&out, backup.Recipients{recipient}, backup.Manifest{Program: "v1", Engine: "sqlite", At: time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range parts {
		add := func() error { return w.Add(p[0], []byte(p[1])) }
		if i%2 == 1 {
			add = func() error {
				return w.AddStream(p[0], func(w io.Writer) error { _, err := io.WriteString(w, p[1]); return err })
			}
		}
		if err := add(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func read(archive []byte, keyFile string) (got [][2]string, m backup.Manifest, err error) {
	m, err = backup.Read(bytes.NewReader(archive), keyFile, func(name string, _ int64, body io.Reader) error {
		text, err := io.ReadAll(body)
		got = append(got, [2]string{name, string(text)})
		return err
	})
	return got, m, err
}

func TestWhatGoesInComesOut(t *testing.T) {
	t.Parallel()
	file, recipient := key(t)
	parts := [][2]string{{"database/a.db", strings.Repeat("row ", 100_000)}, {"log/LOG.stream", ""}, {"blobs/packs/x", "y"}}
	archive := made(t, recipient, parts...)
	got, m, err := read(archive, file)
	if err != nil || len(got) != len(parts) || m.Engine != "sqlite" || m.Size() != 400_001 {
		t.Fatalf("%d parts, %+v, %v", len(got), m, err)
	}
	for i := range got {
		if got[i] != parts[i] {
			t.Errorf("part %d is %.40q", i, got[i])
		}
	}
	if bytes.Contains(archive, []byte("row row")) || bytes.Contains(archive, []byte("database/")) {
		t.Error("the archive shows what is in it")
	}
}

// Whatever is done to an archive, it is refused: each bit is under a seal, and so is its end.
func TestADamagedArchiveIsRefused(t *testing.T) {
	t.Parallel()
	file, recipient := key(t)
	archive := made(t, recipient, [2]string{"database/a.db", strings.Repeat("row ", 50_000)}, [2]string{"log/LOG.json", "{}"})
	other := made(t, recipient, [2]string{"database/a.db", strings.Repeat("wor ", 50_000)})
	rapid.Check(t, func(rt *rapid.T) {
		wrong := bytes.Clone(archive)
		switch rapid.IntRange(0, 3).Draw(rt, "how") {
		case 0:
			at := rapid.IntRange(0, len(wrong)-1).Draw(rt, "at")
			wrong[at] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		case 1:
			wrong = wrong[:rapid.IntRange(0, len(wrong)-1).Draw(rt, "length")]
		case 2:
			wrong = append(wrong, rapid.SliceOfN(rapid.Byte(), 1, 100_000).Draw(rt, "more")...)
		case 3:
			at := rapid.IntRange(1, min(len(wrong), len(other))-1).Draw(rt, "seam")
			wrong = append(wrong[:at:at], other[at:]...)
		}
		if bytes.Equal(wrong, other) || bytes.Equal(wrong, archive) {
			return // put together of one
		}
		if _, _, err := read(wrong, file); !fault.Is(err, fault.Invalid) {
			rt.Fatalf("taken: %v", err)
		}
	})
}

func TestOnlyTheRightKeyOpens(t *testing.T) {
	t.Parallel()
	_, recipient := key(t)
	stranger, _ := key(t)
	if _, _, err := read(made(t, recipient), stranger); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), "another key") {
		t.Error(err)
	}
	none := filepath.Join(t.TempDir(), "none.key")
	if err := os.WriteFile(none, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{none, filepath.Join(t.TempDir(), "missing.key")} {
		if _, _, err := read(made(t, recipient), path); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
	}
	secret, err := os.ReadFile(stranger)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []backup.Recipients{nil, {"age1"}, {strings.TrimSpace(strings.Split(string(secret), "\n")[1])}} {
		if err := wrong.Check(); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "AGE-SECRET-KEY-1") {
			t.Errorf("%.10q: %v", wrong, err)
		}
	}
	if _, err := backup.NewKey(stranger); !fault.Is(err, fault.Conflict) {
		t.Errorf("a key was written over: %v", err)
	}
}

// A part whose taker fails is that failure, not a damaged archive.
func TestAFailureOfTheTakerIsTold(t *testing.T) {
	t.Parallel()
	file, recipient := key(t)
	full := fault.New(fault.Unavailable, "test", "the disk is full")
	_, err := backup.Read(bytes.NewReader(made(t, recipient, [2]string{"a", "b"})), file, func(string, int64, io.Reader) error { return full })
	if !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}
