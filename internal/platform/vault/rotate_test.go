package vault_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/platform/vault"
)

// rotateEnv makes the test binary a program that rotates, so that it can be killed: the database's address, then the key file.
const rotateEnv, rotateKey = "TWOWEAVE_TEST_ROTATE", "TWOWEAVE_TEST_ROTATE_KEY"

// rotateAsProgram rotates, says each step on its output, and destroys the older versions at the end.
func rotateAsProgram(url, file string) error {
	ctx := context.Background()
	db, err := sqldb.Open(ctx, url, vault.Migrations)
	if err != nil {
		return err
	}
	v, err := vault.Open(file, clock.System{})
	if err != nil {
		return err
	}
	say := func(what string) { os.Stdout.WriteString(what + "\n") }
	r := vault.Rotation{Vault: v, DB: db, Progress: func(done, of int64) { say(fmt.Sprint(done, " of ", of)) },
		Note: func(_ *sqldb.Tx, s vault.Stage, _ vault.MasterID) error { say(string(s)); return nil }}
	if _, err := r.Run(ctx); err != nil {
		return err
	}
	if _, err := r.Destroy(ctx); err != nil {
		return err
	}
	say("done")
	return db.Close()
}

// crowd is many persons with a sealed name each.
type crowd struct {
	t  *testing.T
	db *sqldb.DB
	mu sync.Mutex
	of map[vault.PersonID]vault.Sealed
}

func nameOf(i int) string { return fmt.Sprintf("名%05d", i) }

// add makes persons in one transaction; phone numbers are i on.
func (c *crowd) add(v *vault.Vault, from, n int) {
	met := map[vault.PersonID]vault.Sealed{}
	err := c.db.Update(c.t.Context(), func(tx *sqldb.Tx) error {
		clear(met)
		for i := from; i < from+n; i++ {
			p, err := v.Person(tx, "resident", nameOf(i))
			if err != nil {
				return err
			}
			if met[p], err = v.Seal(tx, p, "name", []byte(nameOf(i))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		c.t.Error(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for p, s := range met {
		c.of[p] = s
	}
}

// readable opens everybody, found by their value again, with a vault.
func (c *crowd) readable(v *vault.Vault, n int) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.db.View(c.t.Context(), func(tx *sqldb.Tx) error {
		for i := range n {
			p, err := v.Find(tx, "resident", nameOf(i))
			if err != nil {
				return fmt.Errorf("%s: %w", nameOf(i), err)
			}
			plain, err := v.Open(tx, p, "name", c.of[p])
			if err != nil || string(plain) != nameOf(i) {
				return fmt.Errorf("%s opens as %q: %w", nameOf(i), plain, err)
			}
		}
		return nil
	})
	if err != nil {
		c.t.Error(err)
	}
}

// turned is what must hold after a rotation and the destruction: one version, everybody under it, in the database and in the file.
func (c *crowd) turned(file string) {
	c.t.Helper()
	s, err := vault.Rotation{DB: c.db}.Status(c.t.Context())
	if err != nil || len(s.Versions()) != 1 || s.Older() != 0 || s.Under[s.Current] == 0 {
		c.t.Errorf("status %+v, %v", s, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".*")); len(left) > 0 {
		c.t.Errorf("left behind: %v", left)
	}
	if err := c.db.Update(c.t.Context(), open(c.t, file).Bind); err != nil {
		c.t.Error(err)
	}
}

// Programs that add persons and read them lose nothing while another one rotates the master key and is killed again and again.
func TestRotationUnderLoadAndKillsLosesNobody(t *testing.T) {
	t.Parallel()
	kills := 4
	if os.Getenv("TWOWEAVE_SLOW") != "" {
		kills = 25
	}
	sqldbtest.EachURL(t, func(t *testing.T, url string) {
		c := &crowd{t: t, db: sqldbtest.Open(t, url, vault.Migrations), of: map[vault.PersonID]vault.Sealed{}}
		file := filepath.Join(t.TempDir(), "keys", "master.key")
		v := open(t, file)
		in(t, c.db, v.Bind)
		c.add(v, 0, 1000)
		stop, added := make(chan struct{}), make(chan int)
		go func() {
			n := 1000
			for i := 0; ; i++ {
				select {
				case <-stop:
					added <- n
					return
				default:
				}
				c.add(v, n, 1)
				n++
				c.readable(v, min(n, 20))
			}
		}()
		for k := range kills {
			rotateAndKill(t, url, file, k)
		}
		rotateAndKill(t, url, file, -1)
		close(stop)
		n := <-added
		rotateAndKill(t, url, file, -1) // whoever came at the very end may have come under the version that was the last
		c.readable(v, n)
		c.readable(open(t, file), n)
		c.turned(file)
		t.Logf("%d persons, %d kills", n, kills)
	})
}

// rotateAndKill kills the program at the line after so many lines; -1 lets it end.
func rotateAndKill(t *testing.T, url, file string, after int) {
	t.Helper()
	p := exec.Command(os.Args[0])
	p.Env = append(os.Environ(), rotateEnv+"="+url, rotateKey+"="+file)
	p.Stderr = os.Stderr
	out, err := p.StdoutPipe()
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	last, lines := "", 0
	for s := bufio.NewScanner(out); s.Scan(); lines++ {
		last = s.Text()
		if lines == after {
			_ = p.Process.Kill() // it may have ended by itself
		}
	}
	err = p.Wait()
	if after < 0 && (err != nil || last != "done") {
		t.Errorf("the rotation ended with %v at %q", err, last)
	}
}

// brokenKeeper fails at its n-th Replace, before or after it is done.
type brokenKeeper struct {
	vault.File
	at    int
	after bool
}

var errBroken = errors.New("broken off")

func (k *brokenKeeper) Replace(text []byte) error {
	k.at--
	if k.at == 0 && !k.after {
		return errBroken
	}
	if err := k.File.Replace(text); err != nil || k.at != 0 {
		return err
	}
	return errBroken
}

// Broken off at each of its points, a rotation leaves everybody readable, also for a program that began before it, and the next call ends it.
func TestRotationGoesOnWhereItWasBrokenOff(t *testing.T) {
	t.Parallel()
	type breakdown struct {
		name  string
		at    int // Replace
		after bool
		stage vault.Stage
		step  int
	}
	sqldbtest.Each(t, vault.Migrations, func(t *testing.T, db *sqldb.DB) {
		c := &crowd{t: t, db: db, of: map[vault.PersonID]vault.Sealed{}}
		file := filepath.Join(t.TempDir(), "keys", "master.key")
		beside := open(t, file)
		in(t, db, beside.Bind)
		c.add(beside, 0, 250)
		for n, b := range []breakdown{
			{name: "before the file", at: 1}, {name: "after the file", at: 1, after: true}, {name: "at the announcement", stage: vault.Begun}, {name: "after the first step", step: 1},
			{name: "after the second step", step: 2}, {name: "at the end", stage: vault.Ended}, {name: "at the destruction", stage: vault.Destroyed},
			{name: "before the file's second time", at: 2}, {name: "after the file's second time", at: 2, after: true},
		} {
			k := &brokenKeeper{File: vault.File(file), at: b.at, after: b.after}
			v, err := vault.OpenWith(k, clock.NewManual(noon))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			steps := 0
			broken := vault.Rotation{Vault: v, DB: db, Note: func(_ *sqldb.Tx, s vault.Stage, _ vault.MasterID) error {
				if s == b.stage {
					return errBroken
				}
				return nil
			}, Progress: func(int64, int64) {
				if steps++; steps == b.step {
					cancel()
				}
			}}
			if _, err = broken.Run(ctx); err == nil {
				_, err = broken.Destroy(ctx)
			}
			cancel()
			if !errors.Is(err, errBroken) && !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", b.name, err)
			}
			c.add(beside, 250+n, 1)
			c.readable(beside, 251+n)
			whole := vault.Rotation{Vault: open(t, file), DB: db}
			if _, err := whole.Run(t.Context()); err != nil {
				t.Errorf("%s: %v", b.name, err)
			}
			if _, err := whole.Destroy(t.Context()); err != nil {
				t.Errorf("%s: %v", b.name, err)
			}
			c.readable(beside, 251+n)
			c.turned(file)
		}
	})
}

// A version that somebody is under is not destroyed; after it is, what was copied of the key file before opens nothing more; two rotations exclude one another.
func TestOlderVersionsAreDestroyedOnlyWhenNobodyIsUnderThem(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, vault.Migrations, func(t *testing.T, db *sqldb.DB) {
		c := &crowd{t: t, db: db, of: map[vault.PersonID]vault.Sealed{}}
		file := filepath.Join(t.TempDir(), "keys", "master.key")
		v := open(t, file)
		in(t, db, v.Bind)
		c.add(v, 0, 150)
		copied := filepath.Join(t.TempDir(), "master.key")
		text, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(copied, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		r := vault.Rotation{Vault: v, DB: db, Progress: func(int64, int64) { cancel() }}
		if _, err := r.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if _, err := r.Destroy(t.Context()); !fault.Is(err, fault.Conflict) {
			t.Errorf("50 are left, and the destruction gave %v", err)
		}
		r.Progress = func(int64, int64) {
			if _, err := r.Run(t.Context()); !fault.Is(err, fault.Unavailable) {
				t.Errorf("a second rotation gave %v", err)
			}
		}
		if _, err := r.Run(t.Context()); err != nil {
			t.Error(err)
		}
		gone, err := r.Destroy(t.Context())
		if err != nil || len(gone) != 1 {
			t.Errorf("destroyed %v, %v", gone, err)
		}
		c.readable(open(t, file), 150)
		if err := db.Update(t.Context(), open(t, copied).Bind); !fault.Is(err, fault.Conflict) {
			t.Errorf("the older copy binds: %v", err)
		}
	})
}
