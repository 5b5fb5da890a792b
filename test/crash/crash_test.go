package crash

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"twoweave/internal/platform/sqldb/sqldbtest"
)

const leastInFlight = 1000 // events, at each kill

func TestKilledAtRandomNothingIsLostOrDoubled(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { storm(t, atLength(6, 100)) })
	t.Run("postgres", func(t *testing.T) { storm(t, atLength(2, 20), "--database", sqldbtest.PostgresURL(t)) })
}

// siege is one program that is killed again and again under load.
type siege struct {
	t       *testing.T
	p       *program
	l       *ledger
	load    *load
	officer *officer
	chance  *rand.Rand
	packs   string
	edits   int

	inFlight []int          // events without an answer at each kill
	aimed    map[string]int // kills by moment
	missed   map[string]int // moments that did not come in time
	starts   []time.Duration
}

func storm(t *testing.T, kills int, flags ...string) {
	chance, _ := seeded(t)
	packs := copyPack(t)
	p := newProgram(t, append([]string{"--packs", packs, "--snapshot", "1s"}, flags...)...)
	l := newLedger()
	s := &siege{t: t, p: p, l: l, load: &load{p: p, l: l}, officer: newOfficer(p, l.fault), chance: chance, packs: packs,
		aimed: map[string]int{}, missed: map[string]int{}}
	p.start()
	p.key = p.account("operator")
	for range kills {
		s.life()
		begun := time.Now()
		p.start()
		s.starts = append(s.starts, time.Since(begun))
	}
	s.finish()
	s.report(kills)
}

// life is from a start to a kill.
func (s *siege) life() {
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	s.load.fresh.Store(true)
	s.load.up(s.t)
	s.officer.up(ctx)
	name := s.await(ctx)
	s.aimed[name]++
	if !within(20*time.Second, func() bool { return s.load.inFlight.Load() >= leastInFlight }) {
		s.t.Errorf("only %d events in flight", s.load.inFlight.Load())
	}
	s.p.kill()
	cancel()
	s.officer.down()
	s.load.down()
	s.inFlight = append(s.inFlight, int(s.load.lost.Load()))
}

// moments are what a kill is aimed at. Each returns once it has come, or false when it does not come.
func (s *siege) await(ctx context.Context) (name string) {
	moments := []struct {
		name string
		come func(context.Context) bool
	}{{"any time", s.anyTime}, {"group commit", s.groupCommit}, {"snapshot", s.snapshot}, {"relay", s.relay}, {"reload", s.reload}}
	m := moments[s.chance.IntN(len(moments))]
	if !m.come(ctx) {
		s.missed[m.name]++
	}
	return m.name
}

func (s *siege) anyTime(context.Context) bool {
	s.pause(600 * time.Millisecond)
	return true
}

// pause lets a random time pass.
func (s *siege) pause(most time.Duration) {
	wait := time.NewTimer(time.Duration(s.chance.Int64N(int64(most))))
	<-wait.C
}

// groupCommit: the first acknowledgements of a life have just come, the next batches are on their way.
func (s *siege) groupCommit(context.Context) bool {
	target := int64((1 + s.chance.IntN(8)) * batchEvents)
	return within(10*time.Second, func() bool { return s.load.acks.Load() >= target })
}

// snapshot: a snapshot is being written.
func (s *siege) snapshot(context.Context) bool {
	return within(5*time.Second, func() bool {
		names, err := os.ReadDir(filepath.Join(s.p.dir, "blobs", ".tmp"))
		return err == nil && len(names) > 0
	})
}

// relay: the first facts of cases have just come out, more are on their way from the outbox.
func (s *siege) relay(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	came := false
	n, enough := 0, 1+s.chance.IntN(12)
	_ = s.p.facts(ctx, 0, func(streamed) bool { // its end is what is waited for
		n++
		came = n >= enough
		return came
	})
	return came
}

// reload: the packs have changed and the program is told to read them, some thousandths of a second ago.
func (s *siege) reload(context.Context) bool {
	s.groupCommit(context.Background())
	s.edit()
	s.p.signal(syscall.SIGHUP)
	s.pause(60 * time.Millisecond)
	return true
}

// edit changes the packs so that they are another activation, and leaves what they find as it is.
func (s *siege) edit() {
	s.edits++
	file := filepath.Join(s.packs, "scenarios", "water.yaml")
	body, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	body = append(body, fmt.Appendf(nil, "# edited %d\n", s.edits)...)
	if err := os.WriteFile(file, body, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// finish lets everything unacknowledged be sent until it is acknowledged, and checks what has become of it all.
func (s *siege) finish() {
	s.load.fresh.Store(false)
	ctx, cancel := context.WithCancel(s.t.Context())
	s.officer.up(ctx)
	s.load.up(s.t)
	s.load.down()
	eventually(s.t, 60*time.Second, "everything is computed", func() bool {
		a := s.p.accounting()
		return a.Log.InFlight <= 0 && a.Log.Position == a.Log.LastSeq
	})
	cancel()
	s.officer.down()
	for _, f := range s.l.faults {
		s.t.Error(f)
	}
	s.checkAccounting()
	cases := s.checkCases()
	s.checkFacts(cases)
	s.p.stop()
	s.p.verifyAudit()
}

func (s *siege) checkAccounting() {
	a := s.p.accounting()
	if s.l.acked != s.l.made {
		s.t.Errorf("%d batches made, %d acknowledged", s.l.made, s.l.acked)
	}
	if in := a.Ingest; in.Received != in.Accepted+in.Refused+in.InDoubt || in.Refused != 0 {
		s.t.Errorf("the gateway's figures do not add up: %+v", in)
	}
	l := a.Log
	if l.Events != l.Evaluated+l.Duplicate+l.Conflict+l.Late+l.Dead || l.InFlight != 0 {
		s.t.Errorf("the log's figures do not add up: %+v", l)
	}
	if want := int64(s.l.made * batchEvents); l.Evaluated != want || l.Conflict+l.Late+l.Dead != 0 {
		s.t.Errorf("%d different events sent, each must be evaluated once: %+v", want, l)
	}
	if most := int64(s.l.resent * batchEvents); l.Duplicate > most {
		s.t.Errorf("%d duplicates from %d events sent again", l.Duplicate, most)
	}
	s.t.Logf("accounting: %d events in the log = %d evaluated + %d duplicate", l.Events, l.Evaluated, l.Duplicate)
}

// checkCases: one case a subject, and as the last reading says.
func (s *siege) checkCases() map[string]caseView {
	bySubject, byID := map[string]int{}, map[string]caseView{}
	for _, c := range s.p.cases(nil) {
		bySubject[c.Subject]++
		byID[c.ID] = c
		if !s.l.opened[c.Subject] || c.Episode != 1 || c.Scenario != "gas-leak" {
			s.t.Errorf("a case nobody caused: %+v", c)
		}
		if (c.EndedAt != nil) != s.l.closed[c.Subject] {
			s.t.Errorf("%s: ended %v, but its recovery was acknowledged: %v", c.Subject, c.EndedAt, s.l.closed[c.Subject])
		}
	}
	for subject := range s.l.opened {
		if n := bySubject[subject]; n != 1 {
			s.t.Errorf("%s has %d cases", subject, n)
		}
	}
	return byID
}

// checkFacts: each step of each case came out once and in order, each acknowledged command among them.
func (s *siege) checkFacts(cases map[string]caseView) {
	want := 0
	for _, c := range cases {
		want += int(c.Version)
	}
	seen, filed := map[string]int64{}, map[string]int{}
	for _, f := range s.p.everyFact(s.t, want) {
		if f.Fact.Version != seen[f.Case.ID]+1 {
			s.t.Errorf("case %s: fact %d follows %d in the stream", f.Case.ID, f.Fact.Version, seen[f.Case.ID])
		}
		seen[f.Case.ID] = f.Fact.Version
		if f.Fact.Kind == "filed" {
			filed[f.Case.ID]++
		}
	}
	for id, c := range cases {
		if seen[id] != c.Version {
			s.t.Errorf("case %s is at version %d, its facts go to %d", id, c.Version, seen[id])
		}
	}
	for id := range s.officer.acked {
		if filed[id] != 1 {
			s.t.Errorf("case %s: the command was acknowledged, %d facts say so", id, filed[id])
		}
	}
	s.t.Logf("%d cases, %d facts, %d commands acknowledged", len(cases), want, len(s.officer.acked))
}

func (s *siege) report(kills int) {
	slices.Sort(s.inFlight)
	slices.Sort(s.starts)
	s.t.Logf("%d kills %v (moments that did not come: %v); events in flight at a kill: min %d, median %d", kills, s.aimed, s.missed,
		s.inFlight[0], s.inFlight[len(s.inFlight)/2])
	s.t.Logf("%d events sent and acknowledged, %d sent again; %d reloads; start after a kill: median %v, longest %v", s.l.acked*batchEvents,
		s.l.resent*batchEvents, s.edits, s.starts[len(s.starts)/2], s.starts[len(s.starts)-1])
	if s.inFlight[0] < leastInFlight {
		s.t.Errorf("a kill with only %d events in flight: %v", s.inFlight[0], s.inFlight)
	}
	if kills >= 40 {
		for _, name := range slices.Sorted(maps.Keys(s.aimed)) {
			if s.missed[name]*2 > s.aimed[name] {
				s.t.Errorf("%s: %d of %d kills missed their moment", name, s.missed[name], s.aimed[name])
			}
		}
	}
}

// copyPack is a folder with the demo city's pack that the test may change.
func copyPack(t *testing.T) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "pudong")
	if err := os.CopyFS(to, os.DirFS("../../packs/pudong")); err != nil {
		t.Fatal(err)
	}
	return to
}
