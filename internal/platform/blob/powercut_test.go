package blob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/blob"
	"twoweave/internal/platform/synctrace"
)

const (
	helperEnv = "TWOWEAVE_BLOB_HELPER"
	steps     = 200
)

// step n of the traced process: a key, and its new body, nil for a deletion.
func step(n int) (key string, body []byte) {
	key = fmt.Sprintf("snapshot/p%02d/%d", n%7, n%3)
	if n%11 == 10 {
		return key, nil
	}
	return key, bytes.Repeat(fmt.Appendf(nil, "step %d;", n), 1+n%5*500)
}

// runSteps is the traced process; it says on standard output what is done.
func runSteps(dir string) error {
	const perStore = 80 // then the store is opened anew
	for first := 0; first < steps; first += perStore {
		d, err := blob.OpenDir(dir)
		if err != nil {
			return err
		}
		for n := first; n < min(first+perStore, steps); n++ {
			if err := runStep(d, n); err != nil {
				return err
			}
		}
		if err := d.Close(); err != nil {
			return err
		}
	}
	return nil
}

func runStep(d *blob.Dir, n int) error {
	key, body := step(n)
	var err error
	if body == nil {
		err = d.Delete(context.Background(), key)
	} else {
		err = d.Put(context.Background(), key, body)
	}
	if err != nil {
		return err
	}
	_, err = os.Stdout.WriteString(fmt.Sprintf("did %d\n", n))
	return err
}

// TestPowerCut: whatever the moment, each key is as its last finished step left it, or as a later one did.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	if os.Getenv("TWOWEAVE_SLOW") == "" {
		t.Skip("TWOWEAVE_SLOW=1 runs this test")
	}
	tr, dir := traced(t)
	said := tr.Find(func(op *synctrace.Op) bool { return op.Kind == synctrace.Send && op.FD == 1 })
	if len(said) != steps {
		t.Fatalf("%d steps were done", len(said))
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, operations %d", seed, len(tr.Ops))
	chance := rand.New(rand.NewPCG(seed, 0))
	for i := range 150 {
		fate := chance
		if i%3 == 0 {
			fate = nil // everything unsynced is lost
		}
		checkCut(t, tr, dir, said, chance.IntN(len(tr.Ops)), fate)
	}
}

func traced(t *testing.T) (*synctrace.Trace, string) {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(base, "blobs")
	cmd, err := synctrace.Command(t.Context(), filepath.Join(base, "trace"), os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	var out, stderr bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), helperEnv+"="+dir), &out, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr.Bytes())
	}
	tr, err := synctrace.ParseFile(filepath.Join(base, "trace"))
	if err != nil {
		t.Fatal(err)
	}
	return tr, dir
}

func checkCut(t *testing.T, tr *synctrace.Trace, dir string, said []int, op int, fate *rand.Rand) {
	t.Helper()
	disk, left := synctrace.NewDisk(tr, dir), t.TempDir()
	if err := errors.Join(disk.Advance(op), disk.Rebuild(left, fate)); err != nil {
		t.Fatal(err)
	}
	d := open(t, left)
	done := map[string]int{} // key → its last finished step
	finished := 0
	for n := 0; n < steps && said[n] < op; n++ {
		key, _ := step(n)
		done[key], finished = n, n+1
	}
	for key, n := range done {
		got, err := d.Get(t.Context(), key)
		if err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
		if !matches(key, got, err == nil, n) && !matches(key, got, err == nil, finished) {
			t.Errorf("cut before operation %d: %s is not as step %d left it (there: %v, %d bytes)", op, key, n, err == nil, len(got))
		}
	}
}

// matches reports whether a key is as step n leaves it; another key's step leaves nothing to match.
func matches(key string, got []byte, there bool, n int) bool {
	want, body := step(n)
	return n < steps && key == want && there == (body != nil) && bytes.Equal(got, body)
}
