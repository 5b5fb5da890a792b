package detect

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/reform/pack"
)

const readingType = `type: reading
title: {zh: 读数, en: Reading}
kind: observation
key: subject
retention: 7d
lateness: 2h
dedup: 1h
schema:
  type: object
  properties:
    x: {type: integer}
    kind: {type: string}
`

// windows that the properties try: in minutes, and in hours with coarser panes.
var windows = []time.Duration{time.Minute, 3 * time.Minute, 2 * time.Hour}

// gauges is a set with one indicator of each measure and window, of events of which kind is not "no".
func gauges(t testing.TB) *pack.Set {
	t.Helper()
	files := fstest.MapFS{
		"pack.yaml":         {Data: []byte("pack: test\nversion: 1\ntitle: {zh: 试, en: Test}\nlicence: Apache-2.0\n")},
		"events/types.yaml": {Data: []byte(readingType)},
	}
	for _, m := range indicator.Measures {
		for _, w := range windows {
			id, of := fmt.Sprintf("%s-%d", m, w/time.Minute), ""
			if m.OfValues() {
				of = "of: data.x\n"
			}
			files["indicators/"+id+".yaml"] = &fstest.MapFile{Data: fmt.Appendf(nil, "indicator: %s\ntitle: {zh: 试, en: Test}\nunit: {zh: 个, en: things}\non: reading\n"+
				"where: data.kind != \"no\"\nmeasure: %s\n%swindow: %dm\nbands: {attention: 5, alarm: 9}\ncity: {attention: 50, alarm: 90}\n", id, m, of, w/time.Minute)}
		}
	}
	p, err := pack.Read(files)
	if err != nil {
		t.Fatal(err)
	}
	set, err := pack.Combine(p)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// told is one event of the properties, as it was sent.
type told struct {
	seq     int
	sent    time.Time
	at      time.Time
	subject string
	area    event.AreaCode
	kind    string
	x       int
	none    bool // x is missing
}

func (e *told) event() event.Event {
	data := fmt.Sprintf(`{"kind":%q,"x":%d}`, e.kind, e.x)
	if e.none {
		data = fmt.Sprintf(`{"kind":%q}`, e.kind)
	}
	out := event.Event{ID: fmt.Sprint(e.seq), Source: "s", Sender: "t", Type: "reading", Subject: e.subject, Area: e.area, Time: e.at, Data: []byte(data)}
	out.Body = out.BodyDigest(nil)
	return out
}

// tellings draws a log: events whose times go back and ahead, with minutes and hours between them.
func tellings(t *rapid.T) []told {
	now, all := zero, []told{}
	for i := range rapid.IntRange(1, 40).Draw(t, "events") {
		now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 20, 60, 61, 300, 3600}).Draw(t, "step")) * time.Second)
		back := time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, 59, 60, 300, 599, -60, -299}).Draw(t, "back")) * time.Second
		all = append(all, told{
			seq: i + 1, sent: now, at: now.Add(-back), subject: rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "subject"),
			area: rapid.SampledFrom([]event.AreaCode{"east", "west"}).Draw(t, "area"), kind: rapid.SampledFrom([]string{"yes", "yes", "no"}).Draw(t, "kind"),
			x: rapid.IntRange(-50, 50).Draw(t, "x"), none: rapid.IntRange(0, 9).Draw(t, "missing") == 0,
		})
	}
	return all
}

// TestWhatIsNoMeasurement: one reading that is absurdly great would make of a sum what no screen can be told.
func TestWhatIsNoMeasurement(t *testing.T) {
	t.Parallel()
	set := setFrom(t, map[string]string{
		"events/types.yaml": strings.Replace(readingType, "x: {type: integer}", "x: {type: number}", 1),
		"indicators/sum.yaml": "indicator: sum\ntitle: {zh: 试, en: Test}\nunit: {zh: 个, en: things}\non: reading\nmeasure: sum\nof: data.x\n" +
			"window: 5m\nbands: {attention: 5, alarm: 9}\ncity: {attention: 50, alarm: 90}\n",
	})
	p := New(0, set)
	b := &event.Batch{Stamp: zero}
	for i, x := range []string{"1e308", "7.5", "1e308", "-1e308", "-1.7e308"} {
		b.Events = append(b.Events, event.Event{ID: fmt.Sprint(i), Source: "s", Sender: "t", Type: "reading", Subject: "a", Area: "east", Time: zero, Data: []byte(`{"x":` + x + `}`)})
	}
	p.Events(1, b)
	out := p.Tick(2, zero.Add(time.Second))
	if len(out.Samples) != 1 || out.Samples[0].Partial != (indicator.Partial{Count: 1, Sum: 7.5, Min: 7.5, Max: 7.5}) {
		t.Errorf("told %+v, want 7.5 alone", out.Samples)
	}
}

// brute is an indicator's value of what was told, from its definition.
func brute(def *indicator.Compiled, all []told, area event.AreaCode, now time.Time) (float64, bool) {
	width := indicator.Pane(def.Window)
	number := func(t time.Time) int64 { return floorDiv(t.UnixMicro(), width.Microseconds()) }
	panes := int64(math.Ceil(float64(def.Window) / float64(width)))
	first, last := number(now)-panes+1, number(now)
	var xs []float64
	newest := map[string]told{}
	for _, e := range all {
		if area != "" && e.area != area || e.kind == "no" || e.none && def.Measure.OfValues() {
			continue
		}
		if n := number(e.at); n >= first && n <= last && !def.Measure.Last() {
			xs = append(xs, float64(e.x))
		}
		key := string(e.area) + "/" + e.subject
		if l, known := newest[key]; def.Measure.Last() && (!known || !e.at.Before(l.at)) {
			newest[key] = e
		}
	}
	for _, e := range newest {
		if number(e.at) >= first {
			xs = append(xs, float64(e.x))
		}
	}
	return valueOf(def, xs)
}

func valueOf(def *indicator.Compiled, xs []float64) (float64, bool) {
	n, sum := float64(len(xs)), 0.0
	for _, x := range xs {
		sum += x
	}
	switch def.Measure {
	case indicator.Count:
		return n, true
	case indicator.Rate:
		return n / def.Window.Hours(), true
	case indicator.Sum:
		return sum, true
	}
	if n == 0 {
		return 0, false
	}
	switch def.Measure {
	case indicator.LastSum:
		return sum, true
	case indicator.Least, indicator.LastLeast:
		return slices.Min(xs), true
	case indicator.Most, indicator.LastMost:
		return slices.Max(xs), true
	}
	return sum / n, true
}

// gathered is the partitions of one log, and what a receiver makes of their samples.
type gathered struct {
	set   *pack.Set
	parts map[int]*Partition
	seq   uint64
	heard map[indicator.ID]map[event.AreaCode]*indicator.Parts
}

func (g *gathered) take(all []indicator.Sample) {
	for i := range all {
		s := &all[i]
		if g.heard[s.Indicator] == nil {
			g.heard[s.Indicator] = map[event.AreaCode]*indicator.Parts{}
		}
		if g.heard[s.Indicator][s.Area] == nil {
			g.heard[s.Indicator][s.Area] = &indicator.Parts{}
		}
		g.heard[s.Indicator][s.Area].Put(s, s.At)
	}
}

func (g *gathered) send(e *told, stamp time.Time) {
	g.seq++
	ev := e.event()
	n := event.PartitionOf(e.subject)
	if g.parts[n] == nil {
		g.parts[n] = New(n, g.set)
	}
	g.take(g.parts[n].Events(seqOf(g.seq), &event.Batch{Stamp: stamp, Events: []event.Event{ev}}).Samples)
}

func (g *gathered) tick(now time.Time) {
	g.seq++
	for n := range event.Partitions {
		if p := g.parts[n]; p != nil {
			g.take(p.Tick(seqOf(g.seq), now).Samples)
		}
	}
}

func (g *gathered) total(id indicator.ID, area event.AreaCode) indicator.Partial {
	var sum indicator.Partial
	for code, parts := range g.heard[id] {
		if area == "" || code == area {
			part, _ := parts.Total(time.Time{})
			sum.Merge(part)
		}
	}
	return sum
}

// restore takes every partition through its records.
func (g *gathered) restore(t *rapid.T) {
	for n, p := range g.parts {
		records := p.all()
		m, err := decodeMeta(records)
		if err != nil {
			t.Fatal(err)
		}
		if g.parts[n], err = restore(n, p.seq, m, records, []*pack.Set{g.set}); err != nil {
			t.Fatal(err)
		}
	}
}

// The partial values of all partitions, merged, are the indicator's definition over everything that was told; with restarts between.
func TestPartialValuesOfPartitionsMakeTheWhole(t *testing.T) {
	t.Parallel()
	set := gauges(t)
	rapid.Check(t, func(t *rapid.T) {
		all := tellings(t)
		g := &gathered{set: set, parts: map[int]*Partition{}, heard: map[indicator.ID]map[event.AreaCode]*indicator.Parts{}}
		now := zero
		for i := range all {
			now = latest(now, all[i].sent)
			g.send(&all[i], now)
			if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
				g.restore(t)
			}
			if rapid.Bool().Draw(t, "tick") {
				now = now.Add(time.Second)
				g.tick(now)
				compareAll(t, g, all[:i+1], now)
			}
		}
	})
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func compareAll(t *rapid.T, g *gathered, all []told, now time.Time) {
	for _, def := range g.set.Indicators {
		for _, area := range []event.AreaCode{"", "east", "west"} {
			if area != "" && g.heard[def.ID][area] == nil {
				continue
			}
			got, some := def.Value(g.total(def.ID, area))
			want, also := brute(def, all, area, now)
			if some != also || math.Abs(got-want) > 1e-9 {
				t.Fatalf("%s of %q at %s: %v (%v), want %v (%v) of %+v", def.ID, area, now.Sub(zero), got, some, want, also, all)
			}
		}
	}
}

// A partition that was written down and read back says the same, to the byte, from then on.
func TestRestoredGaugesSayTheSame(t *testing.T) {
	t.Parallel()
	set := gauges(t)
	rapid.Check(t, func(t *rapid.T) {
		all := tellings(t)
		running := New(5, set)
		other := running
		now := zero
		for i := range all {
			now = latest(now, all[i].sent)
			ev := all[i].event()
			batch := func() *event.Batch { return &event.Batch{Stamp: now, Events: []event.Event{ev}} }
			a := running.Events(seqOf(uint64(2*i+1)), batch())
			if other != running {
				a.Samples = slices.Concat(a.Samples, other.Events(seqOf(uint64(2*i+1)), batch()).Samples)
			}
			if i == len(all)/2 {
				records := running.all()
				m, err := decodeMeta(records)
				if err != nil {
					t.Fatal(err)
				}
				if other, err = restore(5, running.seq, m, records, []*pack.Set{set}); err != nil {
					t.Fatal(err)
				}
			}
			now = now.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "wait")) * time.Second)
			want := running.Tick(seqOf(uint64(2*i+2)), now).Samples
			if other == running {
				continue
			}
			if got := other.Tick(seqOf(uint64(2*i+2)), now).Samples; !slices.Equal(got, want) {
				t.Fatalf("restored says %+v, running %+v", got, want)
			}
			if got, want := other.all(), running.all(); !slices.EqualFunc(got, want, func(a, b record) bool { return a.key == b.key && bytes.Equal(a.value, b.value) }) {
				t.Fatal("the states differ")
			}
		}
	})
}

func TestAThingBeyondTheBoundIsCounted(t *testing.T) {
	t.Parallel()
	m := &meter{gauge: &gauge{def: &indicator.Compiled{Indicator: indicator.Indicator{Measure: indicator.LastSum, Window: time.Minute}}}}
	m.things = make([]thing, maxThings)
	for i := range m.things {
		m.things[i] = thing{subject: fmt.Sprintf("%08d", i)}
	}
	if !slices.IsSortedFunc(m.things, func(a, b thing) int { return cmp.Compare(a.subject, b.subject) }) {
		t.Fatal("not sorted")
	}
	if m.read("new", 0, 1) || !m.read("00000007", 1, 1) {
		t.Error("a new subject is taken beyond the bound, or a known one is not")
	}
}
