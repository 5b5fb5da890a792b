package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/platform/backup"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// backupDatabases are two of each engine: one to copy, one to restore into.
var backupDatabases = map[string]func(testing.TB) string{
	"sqlite":   func(testing.TB) string { return "sqlite:twoweave.db" },
	"postgres": sqldbtest.PostgresURL,
}

// What was acknowledged before a backup was begun stands in what is restored from it, whole, although events, calls and commands came in all the while; and what
// stands there happened. What the log knew beyond the database is computed again, once.
func TestABackupWhilePeopleWorkIsWhole(t *testing.T) {
	t.Parallel()
	for engine, fresh := range backupDatabases {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			c := configIn(filepath.Join(t.TempDir(), "data"))
			c.Database = fresh(t)
			a := started(t, c, Options{Silent: true})
			file, recipient := backupKey(t)
			work := &traffic{app: a, t: t}
			stop := work.begin()
			var copies []copied
			for range 2 {
				work.atLeast(40 * (len(copies) + 1))
				var out bytes.Buffer
				acked := work.sofar()
				if _, err := a.writeBackup(t.Context(), &out, backup.Recipients{recipient}); err != nil {
					t.Fatal(err)
				}
				copies = append(copies, copied{acked, out.Bytes()})
			}
			stop()
			for n, copy := range copies {
				to := c
				to.Data, to.Database, to.Keys = filepath.Join(t.TempDir(), "data"), fresh(t), filepath.Join(c.Data, "keys")
				compareRestored(t, a, to, copy, file)
				t.Logf("copy %d: %d calls and %d events before it, %d afterwards; %d bytes", n+1, len(copy.acked.cases), len(copy.acked.subjects), len(work.sofar().cases)-len(copy.acked.cases), len(copy.archive))
			}
			stopped(t, a)
		})
	}
}

func backupKey(t *testing.T) (file, recipient string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "backup.key")
	recipient, err := backup.NewKey(file)
	if err != nil {
		t.Fatal(err)
	}
	return file, recipient
}

// copied is an archive, and what had been acknowledged when it was begun.
type copied struct {
	acked   acknowledged
	archive []byte
}

// acknowledged is what people and sensors were told is kept: the cases with their versions, the subjects of readings that are a matter.
type acknowledged struct {
	cases    map[casework.ID]int64
	subjects []string
}

// traffic is callers, operators and sensors at work.
type traffic struct {
	app *App
	t   *testing.T

	mu   sync.Mutex
	done acknowledged
}

func (w *traffic) begin() (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	w.done.cases = map[casework.ID]int64{}
	var all sync.WaitGroup
	for n := range 3 {
		all.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				w.call(fmt.Sprintf("%d-%d", n, i))
			}
		})
	}
	all.Go(func() {
		pace := time.NewTicker(5 * time.Millisecond)
		defer pace.Stop()
		for i := 0; ctx.Err() == nil; i++ {
			w.reading(fmt.Sprintf("gauge-%d", i))
			<-pace.C
		}
	})
	return func() { cancel(); all.Wait() }
}

// call takes a report and files the case.
func (w *traffic) call(key string) {
	in := casedesk.Intake{Channel: casedesk.Phone, Name: "来电人", Phone: "138" + fmt.Sprintf("%08x", len(key)*7919)[:8], Text: "路口积水 " + key, Class: "ponding", Area: ownArea,
		Place: casework.Place{Address: "风雨路 " + key + " 号"}}
	taken, err := w.app.desk.Take(w.t.Context(), casedesk.TakeRequest{Actor: boss, IdempotencyKey: "take" + key, Route: "reports", Intake: in})
	if err != nil {
		w.t.Error(err)
		return
	}
	w.note(taken.Case.ID, taken.Case.Version)
	v, err := w.app.desk.Do(w.t.Context(), casedesk.Request{CaseID: taken.Case.ID, Actor: boss, IdempotencyKey: "file" + key, Route: "test",
		Command: casework.Command{Kind: casework.File, Purpose: access.Casework, Version: taken.Case.Version}})
	if err != nil {
		w.t.Error(err)
		return
	}
	w.note(v.ID, v.Version)
}

func (w *traffic) note(id casework.ID, version int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done.cases[id] = version
}

// reading is one that opens a case.
func (w *traffic) reading(subject string) {
	e := event.Event{ID: "r", Source: subject, Type: "water.level", Subject: subject, Area: ownArea, Data: []byte(`{"level_cm": 60}`)}
	if out, err := w.app.ingest.Accept(w.t.Context(), "test", []event.Event{e}); err != nil || !out[0].Accepted {
		w.t.Errorf("%v %v", out, err)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done.subjects = append(w.done.subjects, subject)
}

func (w *traffic) sofar() acknowledged {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := acknowledged{cases: map[casework.ID]int64{}, subjects: append([]string(nil), w.done.subjects...)}
	for id, version := range w.done.cases {
		now.cases[id] = version
	}
	return now
}

// atLeast waits until so many calls were taken.
func (w *traffic) atLeast(n int) {
	w.t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for len(w.sofar().cases) < n {
		select {
		case <-look.C:
		case <-w.t.Context().Done():
			w.t.Fatal(w.t.Context().Err())
		}
	}
}

// compareRestored restores a copy, lets the program work off what its log holds, and holds it against the original.
func compareRestored(t *testing.T, original *App, c Config, from copied, keyFile string) {
	t.Helper()
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(from.archive)), nil }
	if _, err := Restore(t.Context(), c, slog.New(slog.DiscardHandler), open, keyFile); err != nil {
		t.Fatal(err)
	}
	a := started(t, c, Options{Silent: true})
	defer stopped(t, a)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	last, err := a.bus.LastSeq(ctx)
	if err == nil {
		err = a.runner.WaitFor(ctx, last)
	}
	if err != nil {
		t.Fatal(err)
	}
	byID, bySubject := allCases(t, a)
	for id, version := range from.acked.cases {
		if v, there := byID[id]; !there || v.Version < version {
			t.Errorf("case %s had version %d when the backup was begun; restored: %v, %d", id, version, there, v.Version)
		}
	}
	for _, subject := range from.acked.subjects {
		if bySubject[subject] != 1 {
			t.Errorf("the reading of %s, accepted before the backup, has %d cases", subject, bySubject[subject])
		}
	}
	for id, v := range byID {
		if v.Scenario == "" { // others may be found in the log anew
			samePast(t, original, a, id)
		}
	}
}

func allCases(t *testing.T, a *App) (byID map[casework.ID]casedesk.View, bySubject map[string]int) {
	t.Helper()
	byID, bySubject = map[casework.ID]casedesk.View{}, map[string]int{}
	for f := (casedesk.Filter{Limit: 200}); ; {
		page, err := a.desk.List(t.Context(), casedesk.Reader{Actor: boss, Purpose: access.Supervision}, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.Items {
			byID[v.ID] = v
			if v.Subject != "" {
				bySubject[v.Subject]++
			}
		}
		if page.Next == "" {
			return byID, bySubject
		}
		f.Cursor = page.Next
	}
}

// samePast sees that what is restored of a case is what the original's history began with, and so are its reports.
func samePast(t *testing.T, original, restored *App, id casework.ID) {
	t.Helper()
	read := func(a *App) (casedesk.Detail, []casedesk.ReportView) {
		d, err := a.desk.Case(t.Context(), casedesk.Reader{Actor: boss, Purpose: access.Casework}, id, true)
		if err != nil {
			t.Fatal(id, err)
		}
		reports, err := a.desk.Told(t.Context(), casedesk.Reader{Actor: boss, Purpose: access.Casework}, id)
		if err != nil {
			t.Fatal(id, err)
		}
		for i := range reports {
			reports[i].Case = nil // as it is now
		}
		return d, reports
	}
	was, said := read(original)
	is, says := read(restored)
	if len(is.Facts) > len(was.Facts) || !reflect.DeepEqual(was.Facts[:len(is.Facts)], is.Facts) {
		t.Errorf("case %s: restored facts %+v, originally %+v", id, is.Facts, was.Facts)
	}
	if !reflect.DeepEqual(said, says) {
		t.Errorf("case %s: restored reports %+v, originally %+v", id, says, said)
	}
}

// A restore that was broken off is known by what it leaves, and nothing starts on it or is restored over it; nor over anything else.
func TestAHalfRestoredFolderIsRefused(t *testing.T) {
	t.Parallel()
	c := configIn(filepath.Join(t.TempDir(), "data"))
	a := started(t, c, Options{Silent: true})
	file, recipient := backupKey(t)
	var out bytes.Buffer
	if _, err := a.writeBackup(t.Context(), &out, backup.Recipients{recipient}); err != nil {
		t.Fatal(err)
	}
	stopped(t, a)
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(out.Bytes())), nil }
	log := slog.New(slog.DiscardHandler)
	if _, err := Restore(t.Context(), c, log, open, file); !fault.Is(err, fault.Conflict) {
		t.Errorf("restored over another: %v", err)
	}
	half := configIn(filepath.Join(t.TempDir(), "half"))
	if err := newApp(t, half, Options{Silent: true}).restoreHalf(open, file); err == nil {
		t.Fatal("a restore that was broken off went well")
	}
	for name, again := range map[string]func() error{
		"start":   func() error { return newApp(t, half, Options{Silent: true}).Start(t.Context()) },
		"restore": func() error { _, err := Restore(t.Context(), half, log, open, file); return err },
	} {
		if err := again(); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "broken off") {
			t.Errorf("%s on half a restore: %v", name, err)
		}
	}
}

// restoreHalf does what Restore does, up to the middle of the database, as if the machine had gone off then.
func (a *App) restoreHalf(open func() (io.ReadCloser, error), keyFile string) error {
	if err := a.prepareRestore(); err != nil {
		return err
	}
	_, err := readArchive(open, keyFile, func(name string, _ int64, body io.Reader) error {
		if !strings.HasPrefix(name, databasePart) {
			return nil
		}
		return errors.Join(writeFile(a.path("twoweave.db"), io.LimitReader(body, 1000)), errors.New("off"))
	})
	return err
}
