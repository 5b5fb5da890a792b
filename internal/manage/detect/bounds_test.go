package detect

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"twoweave/internal/base/geo"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

func TestBoundsAreCounted(t *testing.T) {
	t.Parallel()
	p := New(0, setOf(t, "high"))
	p.bounds.subjects = 2
	text := clean(`
		0s a cm=20 ; b cm=20 ; c cm=20
		> overflow
		> started high a#1 at 0s since 0s in middle evidence 0s
		> started high b#1 at 0s since 0s in middle evidence 0s
		1s c cm=3
		2s a cm=3
		> ended high a#1 at 2s since 0s in middle evidence 0s 2s`)
	if got := transcript(t, p, text); got != text {
		t.Errorf("got\n%s\nwant\n%s", got, text)
	}
	p = New(0, setOf(t))
	p.bounds.keys = 4
	text = clean(`
		0s a id=1 ; a id=2
		1s a id=3 ; a id=4
		2s a id=5
		> forgotten
		> forgotten
		3s a id=3
		> duplicate
		3s a id=1`)
	if got := transcript(t, p, text); got != text {
		t.Errorf("got\n%s\nwant\n%s", got, text)
	}
}

func TestQuietSubjectsAreForgotten(t *testing.T) {
	t.Parallel()
	p := New(0, setOf(t, "long"))
	transcript(t, p, `
		0s a cm=3 ; b cm=20
		1s b cm=3
		50s c cm=20
		51s d cm=3`)
	if p.states != 4 {
		t.Fatalf("%d states before, want 4", p.states)
	}
	p.Tick(100, zero.Add(time.Minute))
	_, pending := p.watches["long"].states["c"]
	_, young := p.watches["long"].states["d"]
	if p.states != 2 || !pending || !young {
		t.Errorf("%d states are kept, want those of c and d", p.states)
	}
}

// TestSubjectsOfLongAgoAreForgotten: their numbers are not used again, whatever is activated or restored.
func TestSubjectsOfLongAgoAreForgotten(t *testing.T) {
	t.Parallel()
	set := setOf(t, "high", "steep")
	p := New(0, set)
	p.Activate(1, ActivationOf(set), set)
	transcript(t, p, "1s a cm=20 ; b cm=20\n2s a cm=3\n3s a cm=20\n4s a cm=3\n5s c cm=3\n2000h tick")
	p.Tick(9, zero.Add(2161*time.Hour))
	if high := p.watches["high"]; high.states["a"] != nil || high.states["b"] == nil || p.states != 1 {
		t.Fatalf("%d states are kept, want that of b, whose episode is open", p.states)
	}
	none := setOf(t)
	for _, next := range []*pack.Set{none, set} {
		p = restarted(t, p, []*pack.Set{set, none})
		p.Activate(10, ActivationOf(next), next)
	}
	p = restarted(t, p, []*pack.Set{set, none})
	p.changes()
	got := transcript(t, p, "2162h a cm=20 ; d cm=20 ; b cm=20")
	want := clean(`
		2162h a cm=20 ; d cm=20 ; b cm=20
		> started high a#3 at 2162h0m since 2162h0m in middle evidence 2162h0m
		> started high d#3 at 2162h0m since 2162h0m in middle evidence 2162h0m
		> started high b#2 at 2162h0m since 2162h0m in middle evidence 2162h0m`)
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	p.Activate(11, ActivationOf(none), none)
	for _, at := range []string{"2163h", "4325h"} {
		p = restarted(t, p, []*pack.Set{set, none})
		transcript(t, p, at+" tick")
	}
	if p.states != 0 {
		t.Errorf("%d states of a scenario that was gone for long are kept", p.states)
	}
	p.Activate(12, ActivationOf(set), set)
	if got := transcript(t, p, "4326h a cm=20"); !strings.Contains(got, "started high a#4") {
		t.Errorf("after it came back: %s", got)
	}
}

// TestKeysOfReportsAreBounded: the reports of one key take room as a subject does, until they have left.
func TestKeysOfReportsAreBounded(t *testing.T) {
	t.Parallel()
	p := New(0, setOf(t, "streets"))
	p.bounds.subjects = 2
	s := &script{t: t, p: p}
	var streets []string // whose copies belong here
	for i := 0; len(streets) < 3; i++ {
		if street := fmt.Sprint("street-", i); event.PartitionOf(street) == 0 {
			streets = append(streets, street)
		}
	}
	for hour := range 2 {
		b := &event.Batch{Stamp: zero.Add(time.Duration(hour) * time.Hour), Copies: true}
		for _, street := range streets {
			e := s.event(b.Stamp, []string{street, "plate=" + street})
			e.ID, e.Place = fmt.Sprint(street, hour), &geo.Point{Lon: 121.5, Lat: 31.2}
			b.Events = append(b.Events, e)
		}
		p.Events(bus.Seq(hour+1), b)
		if got := p.Accounting().Overflow; got != int64(hour+1) || len(p.watches["streets"].fields) != 2 || p.states != 2 {
			t.Errorf("hour %d: %d did not fit; %d states, %d streets", hour, got, p.states, len(p.watches["streets"].fields))
		}
	}
	set := setOf(t)
	if p.Activate(9, ActivationOf(set), set); p.states != 0 {
		t.Errorf("%d states of a scenario that is gone", p.states)
	}
}

func TestEvidenceIsBounded(t *testing.T) {
	t.Parallel()
	p := New(0, setOf(t, "long"))
	big := strings.Repeat("x", 30<<10)
	for i := range 60 {
		transcript(t, p, fmt.Sprintf("%ds a id=%d cm=20 plate=%s", i, i, big))
	}
	out := p.Tick(100, zero.Add(time.Minute))
	d := out.Detections[0]
	if len(d.Evidence) != scenario.MaxEvidence || d.More != 60-scenario.MaxEvidence {
		t.Fatalf("%d readings and %d more, want %d of 60", len(d.Evidence), d.More, scenario.MaxEvidence)
	}
	kept := 0
	for _, r := range d.Evidence {
		kept += len(r.Data)
	}
	last := d.Evidence[scenario.MaxEvidence-1]
	if kept > maxProofData+len(last.Data) || len(last.Data) < len(big) || len(d.Evidence[0].Data) < len(big) {
		t.Errorf("%d bytes of data are kept; the first and the newest must be among them", kept)
	}
	if at := last.Time.Sub(zero); at != 59*time.Second {
		t.Errorf("the last reading is of %s, want the newest", at)
	}
}

// TestReadingsFromBeforeAreBounded: what is kept of a window's events, too, is not all of their data.
func TestReadingsFromBeforeAreBounded(t *testing.T) {
	t.Parallel()
	p := New(0, setOf(t, "busy"))
	big := strings.Repeat("x", 30<<10)
	for i := range 25 {
		transcript(t, p, fmt.Sprintf("%ds a id=%d cm=1 plate=%s", i, i, big))
	}
	held, kept := 0, p.watches["busy"].states["a"].kept
	for _, r := range kept {
		held += len(r.Data)
	}
	if newest := kept[len(kept)-1].Data; len(kept) != 20 || held > maxProofData || len(newest) < len(big) {
		t.Errorf("%d readings with %d bytes of data are kept; 20 with the newest one's data must be", len(kept), held)
	}
}

// TestASubjectHasAnEnd: no database has room for any subject in its indexes; one event must not stop the log.
func TestASubjectHasAnEnd(t *testing.T) {
	t.Parallel()
	p := New(0, setOf(t, "plate"))
	s := &script{t: t, p: p}
	longest := strings.Repeat("p", pack.MaxKey-len("a/"))
	if out := p.Events(1, batchOf(s, "1s", "a", "cm=20", "plate="+longest)); len(out.Detections) != 1 {
		t.Errorf("the longest subject gave %+v", out)
	}
	out := p.Events(2, batchOf(s, "2s", "a", "cm=20", "plate=p"+longest, "id=x"))
	if len(out.Detections) != 0 || len(out.Exceptions) != 1 || !strings.Contains(out.Exceptions[0].Reason, "longer than 1024 bytes") {
		t.Errorf("a longer one gave %+v", out)
	}
}
