package geofence_test

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/geo"
	"twoweave/internal/base/wire"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/operator"
	"twoweave/internal/manage/operator/geofence"
	"twoweave/internal/rule"
)

// The fences of the tests: a square, a wedge that overlaps it, and a circle around 3,3 with a radius of half a degree of latitude.
func fences() *geofence.Config {
	return &geofence.Config{Fences: []geofence.Fence{
		{Name: "square", Polygon: []geo.Point{{Lon: 0, Lat: 0}, {Lon: 2, Lat: 0}, {Lon: 2, Lat: 2}, {Lon: 0, Lat: 2}}},
		{Name: "wedge", Polygon: []geo.Point{{Lon: 1, Lat: 1}, {Lon: 4, Lat: 1}, {Lon: 1, Lat: 4}}},
		{Name: "circle", Centre: &geo.Point{Lon: 3, Lat: 3}, Metres: 55300},
	}}
}

// fenceAt says by hand which fence a place of the tests is in.
func fenceAt(p geo.Point) string {
	switch {
	case p.Lon >= 0 && p.Lon <= 2 && p.Lat >= 0 && p.Lat <= 2:
		return "square"
	case p.Lon >= 1 && p.Lat >= 1 && p.Lon+p.Lat <= 5:
		return "wedge"
	case p.Distance(geo.Point{Lon: 3, Lat: 3}) <= 55300:
		return "circle"
	}
	return ""
}

// item is a position; without a place an event without one; with tick log time.
type item struct {
	tick  bool
	at    int64 // seconds
	place *geo.Point
}

func (x item) String() string { return fmt.Sprintf("{%v %d %v}", x.tick, x.at, x.place) }

const second = int64(1e6)

// judgement is what a machine says after an item.
type judgement struct {
	ok                  bool
	at                  int64
	known, inside, left bool
	fence               string
}

func give(m operator.Machine, x item) judgement {
	at, ok := int64(0), false
	if x.tick {
		at, ok = m.Advance(x.at * second)
	} else {
		at, ok = m.Observe(operator.Event{At: x.at * second, Inputs: 1, Of: &event.Event{Place: x.place}, Number: math.NaN()})
	}
	j := measured(m)
	if j.ok = ok; ok {
		j.at = at / second
	}
	return j
}

func measured(m operator.Machine) judgement {
	v := []rule.Value{rule.IntValue(1), rule.IntValue(1), rule.IntValue(1)}
	m.Measure(v)
	return judgement{known: !v[0].Missing(), inside: v[0].Bool(), left: v[1].Bool(), fence: v[2].Text()}
}

// oracle reads the documentation as sentences about the complete list of what came.
type oracle []item

// newest is the newest position among the first items; -1 when there is none.
func (o oracle) newest(first int) int {
	best := -1
	for i, x := range o[:first] {
		if x.place != nil && (best < 0 || x.at >= o[best].at) {
			best = i
		}
	}
	return best
}

// anew is the first of the positions since which it is remembered where the thing was.
func (o oracle) anew(first int) int {
	for i := first - 1; i > 0; i-- {
		if before := o.newest(i); o[i].place != nil && before >= 0 && o[i].at-o[before].at > int64(geofence.Memory/time.Second) {
			return i
		}
	}
	return 0
}

func (o oracle) measure(first int) (j judgement) {
	newest := o.newest(first)
	if newest < 0 {
		return j
	}
	j.known, j.fence = true, fenceAt(*o[newest].place)
	j.inside = j.fence != ""
	for _, x := range o[o.anew(first):first] {
		j.left = j.left || !j.inside && x.place != nil && fenceAt(*x.place) != ""
	}
	return j
}

func (o oracle) judge(i int) judgement {
	j := o.measure(i + 1)
	if o[i].place == nil {
		return j
	}
	newest := o.newest(i + 1)
	if newest == i || j.left && !o.measure(i).left {
		j.ok, j.at = true, o[newest].at
	}
	return j
}

var place = rapid.Custom(func(t *rapid.T) *geo.Point {
	if rapid.IntRange(0, 9).Draw(t, "none") == 0 {
		return nil
	}
	return &geo.Point{Lon: float64(rapid.IntRange(-2, 10).Draw(t, "lon")) / 2, Lat: float64(rapid.IntRange(-2, 10).Draw(t, "lat")) / 2}
})

// draw makes a list in which positions are shuffled, late and ahead of log time.
func draw(t *rapid.T, lateness int64) (all oracle) {
	now := int64(1000)
	for range rapid.IntRange(1, 20).Draw(t, "items") {
		now += rapid.SampledFrom([]int64{0, 0, 1, 7, 10, 30, 100, int64(geofence.Memory / time.Second), 40 * 86400}).Draw(t, "step")
		if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
			all = append(all, item{tick: true, at: now})
			continue
		}
		back := rapid.SampledFrom([]int64{0, 0, 1, 5, 30, lateness, -10, -300}).Draw(t, "back")
		all = append(all, item{at: now - min(back, lateness), place: place.Draw(t, "place")})
	}
	return all
}

// cycle writes the machine and reads it back.
func cycle(t *rapid.T, op operator.Operator, m operator.Machine) operator.Machine {
	body := m.Append(nil)
	r := wire.Reader{Rest: body}
	again := op.Read(&r)
	if !r.Done() || !bytes.Equal(again.Append(nil), body) || measured(again) != measured(m) {
		t.Fatalf("% x was read as % x, done %v", body, again.Append(nil), r.Done())
	}
	return again
}

func TestStreamingJudgesWhatTheOracleJudges(t *testing.T) {
	t.Parallel()
	for range 100 { // times the 100 cases of each check
		rapid.Check(t, agree)
	}
}

func agree(t *rapid.T) {
	lateness := rapid.Int64Range(0, 120).Draw(t, "lateness")
	op := fences().New(operator.Setting{Lateness: time.Duration(lateness) * time.Second, Inputs: 1})
	o, m := draw(t, lateness), op.New()
	cycled, spent := rapid.Uint64().Draw(t, "cycled"), false
	for i, x := range o {
		got, want := give(m, x), o.judge(i)
		if spent = spent && x.place == nil; spent {
			want = judgement{} // what is new knows nothing until there is a position
		}
		if got != want {
			t.Fatalf("lateness %d: item %d of %v: %+v, want %+v", lateness, i, o, got, want)
		}
		if x.tick && m.Spent(x.at*second) {
			m, spent = op.New(), true
		}
		if cycled>>i&1 == 1 {
			m = cycle(t, op, m)
		}
	}
}

// TestThePicture is the documentation's.
func TestThePicture(t *testing.T) {
	t.Parallel()
	m := fences().New(operator.Setting{}).New()
	for i, want := range []judgement{
		{true, 1, true, false, false, ""}, {true, 2, true, true, false, "square"}, {true, 3, true, true, false, "square"},
		{true, 4, true, false, true, ""}, {true, 5, true, false, true, ""},
	} {
		x := item{at: int64(i + 1), place: &geo.Point{Lon: float64(i) - 0.5, Lat: 0.5}}
		if got := give(m, x); got != want {
			t.Errorf("position %v: %+v, want %+v", x, got, want)
		}
	}
	out, in := &geo.Point{Lon: -1}, &geo.Point{Lon: 1}
	m = fences().New(operator.Setting{}).New()
	for i, x := range []item{{at: 1, place: out}, {at: 11, place: out}, {at: 6, place: in}} {
		want := []judgement{{ok: true, at: 1, known: true}, {ok: true, at: 11, known: true}, {ok: true, at: 11, known: true, left: true}}[i]
		if got := give(m, x); got != want {
			t.Errorf("late: position %v: %+v, want %+v", x, got, want)
		}
	}
}

// TestCirclesAreWhole: the box that is looked at first cuts nothing off, wherever the circle is.
func TestCirclesAreWhole(t *testing.T) {
	t.Parallel()
	for range 20 {
		rapid.Check(t, func(t *rapid.T) {
			centre := geo.Point{Lon: rapid.SampledFrom([]float64{180, -180, 179.5, 0, 121.5}).Draw(t, "lon"), Lat: rapid.Float64Range(-90, 90).Draw(t, "lat")}
			metres := rapid.SampledFrom([]float64{1, 300, 20000, 100000}).Draw(t, "metres")
			op := (&geofence.Config{Fences: []geofence.Fence{{Name: "x", Centre: &centre, Metres: metres}}}).New(operator.Setting{})
			degrees := metres / 111000
			p := geo.Point{Lon: centre.Lon + rapid.Float64Range(-3, 3).Draw(t, "east")*degrees, Lat: centre.Lat + rapid.Float64Range(-1.1, 1.1).Draw(t, "north")*degrees}
			if p.Lon > 180 {
				p.Lon -= 360
			}
			if p.Lat < -90 || p.Lat > 90 || p.Lon < -180 {
				return
			}
			if got, want := give(op.New(), item{place: &p}).inside, p.Distance(centre) <= metres; got != want {
				t.Fatalf("%v in %v m around %v: %v", p, metres, centre, got)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	square, centre := fences().Fences[0].Polygon, &geo.Point{}
	for _, c := range []struct {
		fences []geofence.Fence
		fields string
	}{
		{fences().Fences, ""},
		{nil, "fences "},
		{[]geofence.Fence{{Name: "a", Polygon: square}, {Name: "a", Polygon: square}, {Polygon: square}}, "fences.1.name fences.2.name "},
		{[]geofence.Fence{{Name: "a"}}, "fences.0 "},
		{[]geofence.Fence{{Name: "a", Polygon: square, Centre: centre, Metres: 5}}, "fences.0 "},
		{[]geofence.Fence{{Name: "a", Polygon: square[:2]}}, "fences.0.polygon "},
		{[]geofence.Fence{{Name: "a", Polygon: append(square[:2:2], square[0])}}, "fences.0.polygon "},
		{[]geofence.Fence{{Name: "a", Polygon: append(square[:3:3], geo.Point{Lat: 91})}}, "fences.0.polygon.3 "},
		{[]geofence.Fence{{Name: "a", Polygon: []geo.Point{{Lon: 179}, {Lon: -179}, {Lon: -179, Lat: 1}}}}, "fences.0.polygon.0 fences.0.polygon.1 "},
		{[]geofence.Fence{{Name: "a", Polygon: make([]geo.Point, geofence.MaxCorners+1)}}, "fences.0.polygon fences.0.polygon "},
		{[]geofence.Fence{{Name: "a", Centre: centre}}, "fences.0.metres "},
		{[]geofence.Fence{{Name: "a", Metres: 100001}}, "fences.0.centre fences.0.metres "},
		{[]geofence.Fence{{Name: "a", Centre: &geo.Point{Lon: 181}, Metres: math.NaN()}}, "fences.0.centre fences.0.metres "},
	} {
		got := ""
		for _, p := range (&geofence.Config{Fences: c.fences}).Check() {
			got += p.Field + " "
		}
		if got != c.fields {
			t.Errorf("%+v: problems in %q, want %q", c.fences, got, c.fields)
		}
	}
}

func states(op operator.Operator) (all [][]byte) {
	m := op.New()
	all = append(all, m.Append(nil))
	for _, p := range []geo.Point{{Lon: -1}, {Lon: 1}, {Lon: 3.2, Lat: 3}, {Lon: -1}} {
		give(m, item{at: int64(len(all)), place: &p})
		all = append(all, m.Append(nil))
	}
	return all
}

func FuzzRead(f *testing.F) {
	op := fences().New(operator.Setting{})
	for _, body := range states(op) {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := wire.Reader{Rest: body}
		m := op.Read(&r)
		if r.Bad {
			return
		}
		written := m.Append(nil)
		again := wire.Reader{Rest: written}
		if n := op.Read(&again); !again.Done() || !bytes.Equal(n.Append(nil), written) {
			t.Fatalf("% x is written as % x and that as % x", body, written, n.Append(nil))
		}
		give(m, item{at: 50, place: &geo.Point{Lon: 1}})
		m.Spent(7)
	})
}

func TestDamageIsSeen(t *testing.T) {
	t.Parallel()
	op := fences().New(operator.Setting{})
	for _, body := range states(op) {
		for cut := range body {
			r := wire.Reader{Rest: body[:cut]}
			if op.Read(&r); !r.Bad {
				t.Errorf("% x cut at %d was read as whole", body, cut)
			}
		}
	}
	for _, body := range [][]byte{{9}, {2, 2, 4}} {
		r := wire.Reader{Rest: body}
		if op.Read(&r); !r.Bad {
			t.Errorf("% x was read", body)
		}
	}
}
