package cluster_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/geo"
	"twoweave/internal/base/wire"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/operator"
	"twoweave/internal/manage/operator/cluster"
)

// minute is that of the tests' times.
const minute = int64(60e6)

// item is a report, or, with now, a tick.
type item struct {
	tick          bool
	at            int64 // of a tick log time
	seq           uint64
	n             int
	metres        int // along a street
	subject, from string
}

func (x item) place() geo.Point { return geo.Point{Lon: 121.5 + float64(x.metres)/95303.68, Lat: 31.2} }

func (x item) payload() []byte { return fmt.Appendf(nil, "%d.%d", x.seq, x.n) }

// seen is what a Found says.
type seen struct {
	at             int64
	subject        string
	count, sources int
	payloads       string
}

func see(f *cluster.Field, found cluster.Found) seen {
	if found.Count == 0 {
		return seen{}
	}
	return seen{found.At, found.Subject, found.Count, found.Sources, string(bytes.Join(f.Payloads(found), []byte(" ")))}
}

func give(f *cluster.Field, x item) cluster.Found {
	e := operator.Event{At: x.at, Seq: x.seq, N: x.n, Inputs: 1, Of: &event.Event{Subject: x.subject, Source: x.from}, Number: math.NaN()}
	return f.Observe(e, x.place(), x.payload())
}

// oracle reads the package's documentation as sentences about the complete list of what came. The only thing that it keeps are the labels that were given.
type oracle struct {
	metres  float64
	over    int64
	all     []item
	labels  []string    // by when they were given
	carried map[int]int // which one a report carries
}

// cluster are the reports of a centre's cluster.
func (o *oracle) cluster(c item) (members []int) {
	for i, x := range o.all {
		if !x.tick && x.at > c.at-o.over && x.at <= c.at && x.place().Distance(c.place()) <= o.metres {
			members = append(members, i)
		}
	}
	slices.SortFunc(members, func(i, j int) int { return order(o.all[i], o.all[j]) })
	return members
}

func order(a, b item) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq), cmp.Compare(a.n, b.n))
}

// largest is the centre of the largest cluster that the newest report is in.
func (o *oracle) largest() (centre item, members []int) {
	last := len(o.all) - 1
	for _, c := range o.all {
		m := o.cluster(c)
		if c.tick || !slices.Contains(m, last) {
			continue
		}
		if len(m) > len(members) || len(m) == len(members) && order(centre, c) < 0 {
			centre, members = c, m
		}
	}
	return centre, members
}

func (o *oracle) see() (seen, []int) {
	c, members := o.largest()
	oldest, sources, payloads := -1, map[string]bool{}, [][]byte{}
	for _, i := range members {
		if label, has := o.carried[i]; has && (oldest < 0 || label < oldest) {
			oldest = label
		}
		sources[cmp.Or(o.all[i].subject, o.all[i].from)] = true
		payloads = append(payloads, o.all[i].payload())
	}
	subject := fmt.Sprintf("%.3f,%.3f", c.place().Lon, c.place().Lat)
	if oldest >= 0 {
		subject = o.labels[oldest]
	}
	return seen{c.at, subject, len(members), len(sources), string(bytes.Join(payloads, []byte(" ")))}, members
}

// label gives the members the subject.
func (o *oracle) label(subject string, members []int) {
	oldest := len(o.labels)
	for _, i := range members {
		if label, has := o.carried[i]; has {
			oldest = min(oldest, label)
		}
	}
	if oldest == len(o.labels) {
		o.labels = append(o.labels, subject)
	}
	for _, i := range members {
		o.carried[i] = oldest
	}
}

// draw makes a list in which reports are shuffled, late and ahead of log time.
func draw(t *rapid.T, lateness int64) (all []item) {
	now := int64(1000)
	for i := range rapid.IntRange(1, 24).Draw(t, "items") {
		now += rapid.SampledFrom([]int64{0, 0, 1, 2, 5, 40}).Draw(t, "step")
		if rapid.IntRange(0, 4).Draw(t, "kind") == 0 {
			all = append(all, item{tick: true, at: now})
			continue
		}
		back := rapid.SampledFrom([]int64{0, 0, 1, 3, 10, lateness, -5, -1}).Draw(t, "back")
		all = append(all, item{
			at: now - min(back, lateness), seq: uint64(i / 3), n: i % 3,
			metres:  rapid.SampledFrom([]int{0, 50, 100, 200, 300, 350, 400, 700, 5000}).Draw(t, "metres"),
			subject: rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(t, "subject"), from: rapid.SampledFrom([]string{"a", "x"}).Draw(t, "from"),
		})
	}
	return all
}

// cycle writes the field and reads it back.
func cycle(t *rapid.T, c *cluster.Config, s operator.Setting, f *cluster.Field) *cluster.Field {
	body := f.Append(nil)
	r := wire.Reader{Rest: body}
	again := c.Read(s, &r)
	if !r.Done() || !bytes.Equal(again.Append(nil), body) || again.Due() != f.Due() || again.Dropped() != f.Dropped() {
		t.Fatalf("% x was read as % x, done %v, due %d and %d", body, again.Append(nil), r.Done(), f.Due(), again.Due())
	}
	return again
}

func TestStreamingFindsWhatTheOracleFinds(t *testing.T) {
	t.Parallel()
	for range 100 { // times the 100 cases of each check
		rapid.Check(t, agree)
	}
}

func agree(t *rapid.T) {
	over, lateness := rapid.Int64Range(1, 30).Draw(t, "over"), rapid.Int64Range(0, 20).Draw(t, "lateness")
	c := &cluster.Config{Metres: 300.0001, Over: time.Duration(over) * time.Microsecond}
	s := operator.Setting{Lateness: time.Duration(lateness) * time.Microsecond, Inputs: 1}
	f, o := c.New(s), &oracle{metres: c.Metres, over: over, carried: map[int]int{}}
	cycled, threshold := rapid.Uint64().Draw(t, "cycled"), rapid.IntRange(1, 4).Draw(t, "threshold")
	for i, x := range draw(t, lateness) {
		o.all = append(o.all, x)
		if cycled>>i&1 == 1 {
			f = cycle(t, c, s, f)
		}
		if x.tick {
			if f.Advance(x.at); f.Spent(x.at) {
				f = c.New(s)
			}
			continue
		}
		found := give(f, x)
		want, members := o.see()
		if got := see(f, found); got != want {
			t.Fatalf("over %d, lateness %d: after %+v\n got %+v\nwant %+v", over, lateness, o.all, got, want)
		}
		if found.Count >= threshold {
			f.Label(found)
			o.label(want.subject, members)
		}
	}
}

// TestNeitherSeamsNorPoles: what is near is found wherever it is.
func TestNeitherSeamsNorPoles(t *testing.T) {
	t.Parallel()
	c := &cluster.Config{Metres: 1000, Over: time.Hour}
	for range 20 {
		rapid.Check(t, func(t *rapid.T) {
			f, places := c.New(operator.Setting{}), []geo.Point{}
			lat := rapid.SampledFrom([]float64{0, 31.2, -60, 89.99, 90, -90}).Draw(t, "lat")
			for i := range rapid.IntRange(1, 8).Draw(t, "reports") {
				lon := rapid.SampledFrom([]float64{180, -180, 179.995, -179.995, 0, 90}).Draw(t, "lon")
				p := geo.Point{Lon: lon, Lat: max(-90, min(90, lat+rapid.Float64Range(-0.01, 0.01).Draw(t, "off")))}
				places = append(places, p)
				found := f.Observe(operator.Event{At: 1, N: i, Of: &event.Event{Source: "x"}}, p, nil)
				if want := largestOf(places, c.Metres); found.Count != want {
					t.Fatalf("%v: found %d, want %d", places, found.Count, want)
				}
			}
		})
	}
}

// largestOf is the size of the largest cluster of reports at one moment that the last one is in.
func largestOf(places []geo.Point, metres float64) (most int) {
	last := places[len(places)-1]
	for _, c := range places {
		n := 0
		for _, p := range places {
			if p.Distance(c) <= metres {
				n++
			}
		}
		if c.Distance(last) <= metres {
			most = max(most, n)
		}
	}
	return most
}

func field(over time.Duration) *cluster.Field {
	return (&cluster.Config{Metres: 300, Over: over}).New(operator.Setting{})
}

// TestThePicture is the documentation's.
func TestThePicture(t *testing.T) {
	t.Parallel()
	a, b, c := item{at: 0, seq: 1, from: "a"}, item{at: 10 * minute, seq: 2, metres: 150, from: "b"}, item{at: 20 * minute, seq: 3, metres: 420, from: "c"}
	d, e := item{at: 25 * minute, seq: 4, metres: 200, from: "d"}, item{at: 35 * minute, seq: 5, metres: 250, from: "e"}
	f := field(30 * time.Minute)
	for i, want := range []int{1, 2, 2, 4, 4} {
		if found := give(f, []item{a, b, c, d, e}[i]); found.Count != want || found.Sources != want {
			t.Errorf("report %d: %+v, want %d", i, found, want)
		}
	}
	f = field(30 * time.Minute)
	for i, want := range []int{1, 2, 3, 4} {
		x := []item{a, b, d, c}[i]
		if found := give(f, x); found.Count != want || i == 3 && found.At != d.at {
			t.Errorf("late: report %d: %+v, want %d", i, found, want)
		}
	}
}

func TestWhereThereIsNoRoomTheOldestGo(t *testing.T) {
	t.Parallel()
	f := field(time.Hour)
	for i := range cluster.MaxReports + 3 {
		found := give(f, item{at: minute + int64(i), metres: i % 1000 * 1000, from: "x"})
		if want := i/1000 + 1; i < cluster.MaxReports && found.Count != want {
			t.Fatalf("report %d: %+v, want %d", i, found, want)
		}
	}
	if f.Dropped() != 3 {
		t.Errorf("%d were dropped, want 3", f.Dropped())
	}
	if found := give(f, item{at: minute, from: "x"}); found.Count != 0 || f.Dropped() != 4 {
		t.Errorf("one older than all was found as %+v, dropped %d", found, f.Dropped())
	}
	body := f.Append(nil)
	r := wire.Reader{Rest: body}
	again := (&cluster.Config{Metres: 300, Over: time.Hour}).Read(operator.Setting{}, &r)
	if !r.Done() || again.Dropped() != 4 || !bytes.Equal(again.Append(nil), body) {
		t.Errorf("a full field is not read back: done %v", r.Done())
	}
}

func TestPayloadIsBounded(t *testing.T) {
	t.Parallel()
	f, big := field(time.Hour), make([]byte, cluster.MaxPayload/4)
	for i, want := range []int{1, 2, 3, 4, 4, 4} {
		found := f.Observe(operator.Event{At: int64(i), Of: &event.Event{Source: "x"}}, geo.Point{}, big)
		if found.Count != want {
			t.Errorf("report %d: %d found, want %d", i, found.Count, want)
		}
	}
	if f.Dropped() != 2 {
		t.Errorf("%d were dropped, want 2", f.Dropped())
	}
}

// TestWhatWasDroppedCountsNoMore: the cluster of c would be as large as that of d, and newer, if it still had a.
func TestWhatWasDroppedCountsNoMore(t *testing.T) {
	t.Parallel()
	f, big, found := field(time.Hour), make([]byte, cluster.MaxPayload/4), cluster.Found{}
	for i, x := range []item{{at: 0}, {at: 11, metres: 400}, {at: 1, metres: 450}, {at: 12}, {at: 5, metres: 200}} {
		found = f.Observe(operator.Event{At: x.at, Seq: uint64(i), Of: &event.Event{Source: "x"}}, x.place(), big)
	}
	if f.Dropped() != 1 || found.Count != 3 || found.At != 11 {
		t.Errorf("%d dropped, found %+v", f.Dropped(), found)
	}
}

func TestNamesAreAsFineAsTheMetres(t *testing.T) {
	t.Parallel()
	for metres, want := range map[float64]string{100: "121.512,31.221", 99: "121.5123,31.2212", 10: "121.5123,31.2212", 9: "121.51234,31.22123"} {
		f := (&cluster.Config{Metres: metres, Over: time.Hour}).New(operator.Setting{})
		if found := f.Observe(operator.Event{Of: &event.Event{}}, geo.Point{Lon: 121.512341, Lat: 31.221234}, nil); found.Subject != want {
			t.Errorf("%v m: %q, want %q", metres, found.Subject, want)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		config cluster.Config
		fields string
	}{
		{cluster.Config{Metres: 1, Over: time.Microsecond}, ""},
		{cluster.Config{Metres: 100000, Over: cluster.MaxOver}, ""},
		{cluster.Config{}, "metres over "},
		{cluster.Config{Metres: 0.9, Over: cluster.MaxOver + 1}, "metres over "},
		{cluster.Config{Metres: math.NaN(), Over: time.Hour}, "metres "},
		{cluster.Config{Metres: 100001, Over: time.Hour}, "metres "},
		{cluster.Config{Metres: 1, Over: -time.Hour}, "over "},
	} {
		got := ""
		for _, p := range c.config.Check() {
			got += p.Field + " "
		}
		if got != c.fields {
			t.Errorf("%+v: problems in %q, want %q", c.config, got, c.fields)
		}
	}
	if got := (&cluster.Config{Over: time.Hour}).Span(operator.Setting{Lateness: time.Minute}); got != time.Hour+time.Minute+event.MaxAhead {
		t.Errorf("span %v", got)
	}
}
