package blob_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/blob"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperEnv); dir != "" {
		if err := runSteps(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func open(t testing.TB, dir string) *blob.Dir {
	t.Helper()
	d, err := blob.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func put(t testing.TB, d *blob.Dir, key, body string) {
	t.Helper()
	if err := d.Put(t.Context(), key, []byte(body)); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsPutIsThereAfterReopening(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "blobs")
	d := open(t, dir)
	put(t, d, "snapshot/p07/1", "one")
	put(t, d, "snapshot/p07/1", "two")
	put(t, d, "empty", "")
	again := open(t, dir)
	for key, want := range map[string]string{"snapshot/p07/1": "two", "empty": ""} {
		if got, err := again.Get(t.Context(), key); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", key, got, err)
		}
	}
}

func TestAbsentBlobs(t *testing.T) {
	t.Parallel()
	d := open(t, t.TempDir())
	put(t, d, "a/b", "x")
	for _, key := range []string{"nothing", "a", "a/b/c", "a/c"} {
		if _, err := d.Get(t.Context(), key); !fault.Is(err, fault.NotFound) {
			t.Errorf("get %s: %v", key, err)
		}
		if err := d.Delete(t.Context(), key); err != nil {
			t.Errorf("delete %s: %v", key, err)
		}
	}
	if err := d.Delete(t.Context(), "a/b"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Get(t.Context(), "a/b"); !fault.Is(err, fault.NotFound) {
		t.Errorf("after delete: %v", err)
	}
	for _, key := range []string{"c", "c/d/e"} { // a folder left empty is no obstacle to its own keys
		_ = d.Delete(t.Context(), key)
	}
	put(t, d, "a/b", "again")
}

func TestKeysThatAreOthersBeginnings(t *testing.T) {
	t.Parallel()
	d := open(t, t.TempDir())
	put(t, d, "a/b", "x")
	put(t, d, "file", "y")
	for _, key := range []string{"a", "file/x", "file/x/y"} {
		if err := d.Put(t.Context(), key, []byte("z")); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestForeignKeysAreRefused(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	d := open(t, filepath.Join(outside, "blobs"))
	for _, key := range []string{"", "/a", "a/", "a//b", "..", "../x", "a/../../x", ".tmp/x", ".tmp", "A", "a b", `a\b`, "a\x00", "字", "a/.b"} {
		if err := d.Put(t.Context(), key, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("put %q: %v", key, err)
		}
		if _, err := d.Get(t.Context(), key); !fault.Is(err, fault.Invalid) {
			t.Errorf("get %q: %v", key, err)
		}
		if err := d.Delete(t.Context(), key); !fault.Is(err, fault.Invalid) {
			t.Errorf("delete %q: %v", key, err)
		}
	}
	for _, prefix := range []string{"/", "..", ".tmp", "a//"} {
		if _, err := d.List(t.Context(), prefix); !fault.Is(err, fault.Invalid) {
			t.Errorf("list %q: %v", prefix, err)
		}
	}
	if got, err := os.ReadDir(outside); err != nil || len(got) != 1 {
		t.Errorf("something was written outside: %v, %v", got, err)
	}
}

func TestSymbolicLinksDoNotLeadOut(t *testing.T) {
	t.Parallel()
	secret, dir := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(secret, "s"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	d := open(t, dir)
	if got, err := d.Get(t.Context(), "link/s"); err == nil {
		t.Errorf("read %q outside the store", got)
	}
	if err := d.Put(t.Context(), "link/t", nil); err == nil {
		t.Error("wrote outside the store")
	}
}

// What a program that died has left is removed; what another one writes at this moment is not.
func TestOnlyAbandonedFilesAreRemovedAtOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, open(t, dir), "a", "whole")
	half := filepath.Join(dir, ".tmp", "HALF")
	for _, c := range []struct {
		age  time.Duration
		left int
	}{{time.Minute, 1}, {2 * time.Hour, 0}} {
		if err := os.WriteFile(half, []byte("ha"), 0o600); err != nil {
			t.Fatal(err)
		}
		written, err := os.Stat(half)
		if err != nil {
			t.Fatal(err)
		}
		then := written.ModTime().Add(-c.age)
		if err := os.Chtimes(half, then, then); err != nil {
			t.Fatal(err)
		}
		d := open(t, dir)
		if left, err := os.ReadDir(filepath.Join(dir, ".tmp")); err != nil || len(left) != c.left {
			t.Errorf("left behind of %s ago: %v, %v", c.age, left, err)
		}
		if keys, err := d.List(t.Context(), ""); err != nil || !slices.Equal(keys, []string{"a"}) {
			t.Errorf("keys: %v, %v", keys, err)
		}
	}
}

// Programs that share a folder start while others write: nobody loses what is being written, and all start.
func TestProgramsStartWhileOthersWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := open(t, dir)
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := range 50 {
				if err := d.Put(t.Context(), fmt.Sprintf("w%d/%d", w, i), []byte("x")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 4 {
		all.Go(func() {
			for range 20 {
				other, err := blob.OpenDir(dir)
				if err != nil {
					t.Error(err)
					return
				}
				if err := other.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func TestConcurrentPutsAreWhole(t *testing.T) {
	t.Parallel()
	d := open(t, t.TempDir())
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			body := bytes.Repeat([]byte{byte('a' + w)}, 50_000)
			for i := range 5 {
				for _, key := range []string{"same", fmt.Sprintf("own/%d/%d", w, i)} {
					if err := d.Put(t.Context(), key, body); err != nil {
						t.Error(err)
					}
				}
				got, err := d.Get(t.Context(), "same")
				if err != nil || len(got) != 50_000 || len(bytes.Trim(got, string(got[0]))) != 0 {
					t.Errorf("torn: %d bytes, %v", len(got), err)
				}
			}
		})
	}
	wg.Wait()
	if keys, err := d.List(t.Context(), "own/"); err != nil || len(keys) != 40 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
}

func TestEndedContext(t *testing.T) {
	t.Parallel()
	d := open(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Put(ctx, "a", nil); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

// TestAgainstAMap runs random commands on a store and on a map.
func TestAgainstAMap(t *testing.T) {
	t.Parallel()
	keys := rapid.SampledFrom([]string{"a0", "a1", "b/a", "b/b", "b/c/d", "b-", "b.x/1", "c/1", "c/10", "c/2"})
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		d := open(t, dir)
		model := map[string]string{}
		rt.Repeat(map[string]func(*rapid.T){
			"put": func(rt *rapid.T) {
				key, body := keys.Draw(rt, "key"), rapid.String().Draw(rt, "body")
				if err := d.Put(t.Context(), key, []byte(body)); err != nil {
					rt.Fatal(err)
				}
				model[key] = body
			},
			"delete": func(rt *rapid.T) {
				key := keys.Draw(rt, "key")
				if err := d.Delete(t.Context(), key); err != nil {
					rt.Fatal(err)
				}
				delete(model, key)
			},
			"": func(rt *rapid.T) { compare(rt, t.Context(), d, model) },
		})
	})
}

func compare(rt *rapid.T, ctx context.Context, d *blob.Dir, model map[string]string) {
	prefix := rapid.SampledFrom([]string{"", "a", "b", "b/", "b/c", "c/1", "b.", "zz/"}).Draw(rt, "prefix")
	var want []string
	for key, body := range model {
		if got, err := d.Get(ctx, key); err != nil || string(got) != body {
			rt.Fatalf("%s: %q, %v; want %q", key, got, err, body)
		}
		if len(key) >= len(prefix) && key[:len(prefix)] == prefix {
			want = append(want, key)
		}
	}
	slices.Sort(want)
	if got, err := d.List(ctx, prefix); err != nil || !slices.Equal(got, want) {
		rt.Fatalf("list %q: %v, %v; want %v", prefix, got, err, want)
	}
}
