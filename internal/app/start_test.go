package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/platform/vault"
	"twoweave/internal/reform/pack"
)

func newApp(t *testing.T, c Config, o Options) *App {
	t.Helper()
	o.Clock = clock.System{}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a, err := New(c, o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func started(t *testing.T, c Config, o Options) *App {
	t.Helper()
	a := newApp(t, c, o)
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}

func stopped(t *testing.T, a *App) {
	t.Helper()
	if err := a.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

// A start that fails late gives back everything it took: the folder's lock, the database, the log.
func TestAStartThatFailsLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	c := configIn(filepath.Join(t.TempDir(), "data"))
	c.Listen = taken.Addr().String()
	if err := newApp(t, c, Options{}).Start(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("started on an address that is taken: %v", err)
	}
	if _, err := os.Stat(filepath.Join(c.Data, "log")); !os.IsNotExist(err) {
		t.Errorf("an address that is taken was noticed after the log was opened: %v", err)
	}
	c.Listen = "127.0.0.1:0"
	bad := newApp(t, c, Options{Packs: func() ([]*pack.Pack, error) { return nil, fault.New(fault.Invalid, "test", "no packs today") }})
	if err := bad.Start(t.Context()); !fault.Is(err, fault.Invalid) {
		t.Fatalf("started without packs: %v", err)
	}
	a := started(t, c, Options{})
	if err := newApp(t, c, Options{}).Start(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("two programs share a folder: %v", err)
	}
	stopped(t, a)
	stopped(t, started(t, c, Options{}))
}

// The folder of the secrets can be read by nobody else, and one that is damaged stops the start instead of being made anew.
func TestSecretsAreKeptAndNeverReplaced(t *testing.T) {
	t.Parallel()
	c := configIn(filepath.Join(t.TempDir(), "data"))
	c.Listen = "127.0.0.1:0"
	stopped(t, started(t, c, Options{}))
	for _, name := range []string{"session.key", "master.key"} {
		path := filepath.Join(c.Data, "keys", name)
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, whole[:len(whole)/2], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := newApp(t, c, Options{}).Start(t.Context()); err == nil {
			t.Errorf("started with half of %s", name)
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(c.Data, "keys", "master.key")); err != nil {
		t.Fatal(err)
	}
	if err := newApp(t, c, Options{}).Start(t.Context()); err == nil {
		t.Error("started with another master key than the one the database was sealed with")
	}
}

// Packs change while events come in: each accepted event has one outcome, and none is dead, for what is accepted is known to detection.
func TestReloadWhileEventsComeIn(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	version := 1
	c := configIn(filepath.Join(t.TempDir(), "data"))
	a := started(t, c, Options{Silent: true, Packs: func() ([]*pack.Pack, error) {
		mu.Lock()
		defer mu.Unlock()
		version = 3 - version
		return readTown(version)
	}})
	defer stopped(t, a)
	const senders, each = 4, 60
	var all sync.WaitGroup
	for s := range senders {
		all.Go(func() {
			for i := range each {
				e := event.Event{ID: fmt.Sprint(i), Source: fmt.Sprint(s), Type: "gas.level", Subject: fmt.Sprint(s, i%7), Area: "310115004000",
					Data: []byte(fmt.Sprintf(`{"lel_pct": %d}`, i%50))}
				if out, err := a.ingest.Accept(t.Context(), "test", []event.Event{e}); err != nil || !out[0].Accepted {
					t.Errorf("%v %v", out, err)
				}
			}
		})
	}
	for range 8 {
		if err := a.Reload(t.Context()); err != nil {
			t.Error(err)
		}
	}
	all.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	last, err := a.bus.LastSeq(ctx)
	if err == nil {
		err = a.runner.WaitFor(ctx, last)
	}
	if got := a.outcomes(); err != nil || got.Evaluated != senders*each || got.Events != got.Evaluated {
		t.Errorf("%+v, %v", got, err)
	}
}

// A person who was forgotten stays sealed, in the same data in which another's values are opened.
func TestForgottenPersonsStaySealed(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations(), func(t *testing.T, db *sqldb.DB) {
		v, err := vault.Open(filepath.Join(t.TempDir(), "master.key"), clock.System{})
		if err == nil {
			err = db.Update(t.Context(), v.Bind)
		}
		if err != nil {
			t.Fatal(err)
		}
		s := sealer{db, v}
		person, sealed, err := s.Seal(t.Context(), "phone", "13912345678", map[string][]byte{"name": []byte("Zhang Wei")})
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(map[string]any{personField: person, "name": sealed["name"], "level": 3, "note": "tink1"})
		if err != nil {
			t.Fatal(err)
		}
		if open := revealed(t, s, data); !strings.Contains(open, `"name":"Zhang Wei"`) || !strings.Contains(open, `"level":3`) {
			t.Errorf("not opened: %s", open)
		}
		if err := db.Update(t.Context(), func(tx *sqldb.Tx) error { return v.Forget(tx, vault.PersonID(person)) }); err != nil {
			t.Fatal(err)
		}
		if open := revealed(t, s, data); strings.Contains(open, "Zhang Wei") || !strings.Contains(open, sealed["name"]) {
			t.Errorf("a forgotten person's values: %s", open)
		}
	})
}

func revealed(t *testing.T, s sealer, data []byte) (open string) {
	t.Helper()
	err := s.db.View(t.Context(), func(tx *sqldb.Tx) error {
		body, err := s.reveal(t.Context(), tx, data)
		open = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return open
}

// The wall's figures are there at once after a restart, not only when they next change.
func TestSignsSurviveARestart(t *testing.T) {
	t.Parallel()
	c := configIn(filepath.Join(t.TempDir(), "data"))
	c.Listen = "127.0.0.1:0"
	a := started(t, c, Options{})
	var visits []event.Event
	for _, id := range []string{"1", "2", "3"} {
		visits = append(visits, event.Event{ID: id, Source: "/er", Type: "er.visit", Area: "310115005000", Data: []byte(`{"triage":3}`)})
	}
	if _, err := a.ingest.Accept(t.Context(), "test", visits); err != nil {
		t.Fatal(err)
	}
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(10 * time.Second); visitsOn(t, a) != 3; <-look.C {
		if time.Now().After(deadline) {
			t.Fatalf("the sign says %v", visitsOn(t, a))
		}
	}
	stopped(t, a)
	again := started(t, c, Options{})
	if got := visitsOn(t, again); got != 3 {
		t.Errorf("after a restart the sign says %v", got)
	}
	stopped(t, again)
}

func visitsOn(t *testing.T, a *App) float64 {
	t.Helper()
	board, err := a.board.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range board.Signs {
		if s.Indicator == "emergency-room-visits" {
			return s.Value
		}
	}
	return -1
}
