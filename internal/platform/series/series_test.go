package series

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func at(t *testing.T, now time.Time) (*Store, *clock.Manual) {
	c := clock.NewManual(now)
	return open(t, t.TempDir(), Options{Clock: c}), c
}

func add(t *testing.T, s *Store, samples ...Sample) {
	t.Helper()
	if err := s.Append(t.Context(), samples); err != nil {
		t.Fatal(err)
	}
}

func level(at time.Time, v float64) Sample {
	return Sample{Name: "level_cm", Labels: map[string]string{"area": "310115005"}, At: at, Value: v}
}

func up(ms int64, job, instance string, v float64) Sample {
	return Sample{Name: "up", Labels: map[string]string{"job": job, "instance": instance}, At: time.UnixMilli(ms), Value: v}
}

// sameJSON compares two JSON texts, numbers by their text.
func sameJSON(t *testing.T, got any, want string) {
	t.Helper()
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := canonical(t, string(text)), canonical(t, want); a != b {
		t.Errorf("got  %s\nwant %s", a, b)
	}
}

func canonical(t *testing.T, text string) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAnswersEqualThePublishedExamples(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1435781451781)
	for name, c := range map[string]struct {
		want    string
		samples []Sample
		ask     func(*Store) (any, error)
	}{
		"query": {instantExample,
			[]Sample{up(1435781450000, "prometheus", "localhost:9090", 1), up(1435781450000, "node", "localhost:9100", 0)},
			func(s *Store) (any, error) { return s.Query(t.Context(), `sort_desc(up)`, now) }},
		"query_range": {rangeExample,
			[]Sample{up(1435781430000, "prometheus", "localhost:9090", 1), up(1435781430000, "node", "localhost:9091", 0),
				up(1435781460000, "prometheus", "localhost:9090", 1), up(1435781460000, "node", "localhost:9091", 1)},
			func(s *Store) (any, error) {
				return ranked(s.QueryRange(t.Context(), `up`, now.Add(-21*time.Second), now.Add(9*time.Second), 15*time.Second))
			}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := at(t, now)
			add(t, s, c.samples...)
			got, err := c.ask(s)
			if err != nil {
				t.Fatal(err)
			}
			sameJSON(t, got, c.want)
		})
	}
}

// ranked puts the series of a matrix, whose order PromQL leaves open, in the order of the example.
func ranked(r Result, err error) (any, error) {
	if len(r.Series) == 2 && r.Series[0].Metric["job"] == "node" {
		r.Series[0], r.Series[1] = r.Series[1], r.Series[0]
	}
	return r, err
}

func TestAnswersOfEveryFormAsPublished(t *testing.T) {
	t.Parallel()
	s, _ := at(t, noon)
	add(t, s, level(noon, 5))
	for expr, want := range map[string]string{
		`1.5`:                `{"resultType":"scalar","result":[1780315200,"1.5"]}`,
		`"a \"word\""`:       `{"resultType":"string","result":[1780315200,"a \"word\""]}`,
		`nothing_at_all`:     `{"resultType":"vector","result":[]}`,
		`nothing_at_all[5m]`: `{"resultType":"matrix","result":[]}`,
		`sum(level_cm)`:      `{"resultType":"vector","result":[{"metric":{},"value":[1780315200,"5"]}]}`,
		`sum(level_cm)/0`:    `{"resultType":"vector","result":[{"metric":{},"value":[1780315200,"+Inf"]}]}`,
		`-sum(level_cm)/0`:   `{"resultType":"vector","result":[{"metric":{},"value":[1780315200,"-Inf"]}]}`,
		`scalar(none)`:       `{"resultType":"scalar","result":[1780315200,"NaN"]}`,
		`1e21`:               `{"resultType":"scalar","result":[1780315200,"1e+21"]}`,
		`0.0000001`:          `{"resultType":"scalar","result":[1780315200,"1e-07"]}`,
	} {
		got, err := s.Query(t.Context(), expr, noon)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		sameJSON(t, got, want)
	}
}

func TestQueryWithoutTimeAsksTheClock(t *testing.T) {
	t.Parallel()
	s, c := at(t, noon)
	add(t, s, level(noon, 5))
	for _, step := range []struct {
		move time.Duration
		want int
	}{{0, 1}, {4 * time.Minute, 1}, {2 * time.Minute, 0}} {
		c.Advance(step.move)
		r, err := s.Query(t.Context(), "level_cm", time.Time{})
		if err != nil || len(r.Series) != step.want {
			t.Errorf("at %s: %d series, %v; want %d", c.Now(), len(r.Series), err, step.want)
		}
	}
}

func TestBadSamplesAreAllNamedAndNothingIsStored(t *testing.T) {
	t.Parallel()
	s, _ := at(t, noon)
	labelled := func(name, value string) Sample {
		return Sample{Name: "n", Labels: map[string]string{name: value}, At: noon}
	}
	bad := []Sample{{Name: "", At: noon}, {Name: "1st", At: noon}, {Name: "水位", At: noon}, {Name: "a-b", At: noon},
		labelled("a:b", "x"), labelled("__name__", "x"), labelled("", "x"), labelled("a", "\xff")}
	err := s.Append(t.Context(), append([]Sample{level(noon, 1)}, bad...))
	if !fault.Is(err, fault.Invalid) || len(fault.Problems(err)) != len(bad) {
		t.Fatalf("got %v", err)
	}
	if p := fault.Problems(err)[0]; p.Field != "samples[1]" {
		t.Errorf("first problem is at %q", p.Field)
	}
	if got := s.Stats(); got != (Stats{}) {
		t.Errorf("stored something: %+v", got)
	}
}

func TestRefusedSamplesAreCountedByReason(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := open(t, t.TempDir(), Options{Clock: clock.NewManual(noon), Log: slog.New(slog.NewTextHandler(&log, nil))})
	add(t, s, level(noon, 1))
	add(t, s, level(noon, 1))                                         // again
	add(t, s, level(noon, 2))                                         // otherwise
	add(t, s, level(noon.Add(-OutOfOrderWindow), 3))                  // late, just in time
	add(t, s, level(noon.Add(-OutOfOrderWindow-time.Millisecond), 4)) // too late
	add(t, s, level(noon.Add(AheadLimit), 5), level(noon.Add(AheadLimit+time.Millisecond), 6))
	want := Stats{Offered: 7, Stored: 3, Duplicate: 1, Conflicting: 1, TooOld: 1, Ahead: 1}
	if got := s.Stats(); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if !strings.Contains(log.String(), "samples were not stored") {
		t.Errorf("the log says nothing: %s", log.String())
	}
	r, err := s.Query(t.Context(), "level_cm[2h]", noon.Add(AheadLimit))
	if err != nil {
		t.Fatal(err)
	}
	if got := values(r); len(got) != 3 || got[0] != 3 || got[1] != 1 || got[2] != 5 {
		t.Errorf("stored values %v", got)
	}
}

func values(r Result) []float64 {
	var all []float64
	for _, s := range r.Series {
		for _, p := range s.Points {
			all = append(all, p.Value)
		}
	}
	return all
}

// Whatever is offered in whatever order, the account adds up, and what it says was stored can be read.
func TestAccountAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := open(t, t.TempDir(), Options{Clock: clock.NewManual(noon)})
		offset := rapid.IntRange(-90, 15)
		offered, distinct := 0, map[string]bool{}
		for range rapid.IntRange(1, 6).Draw(rt, "calls") {
			var batch []Sample
			for range rapid.IntRange(0, 12).Draw(rt, "samples") {
				one := level(noon.Add(time.Duration(offset.Draw(rt, "minute"))*time.Minute), float64(rapid.IntRange(0, 2).Draw(rt, "value")))
				one.Name = "m" + strconv.Itoa(rapid.IntRange(0, 2).Draw(rt, "series"))
				batch = append(batch, one)
				if one.At.Sub(noon) <= AheadLimit {
					distinct[one.Name+one.At.String()] = true
				}
			}
			offered += len(batch)
			if err := s.Append(t.Context(), batch); err != nil {
				rt.Fatal(err)
			}
		}
		checkAccount(rt, s, offered, len(distinct))
	})
}

func checkAccount(rt *rapid.T, s *Store, offered, distinct int) {
	a := s.Stats()
	if sum := a.Stored + a.Duplicate + a.Refused() + a.Failed; int(a.Offered) != offered || sum != a.Offered || a.Duplicate > a.Offered {
		rt.Fatalf("offered %d, account %+v", offered, a)
	}
	r, err := s.Query(rt.Context(), `{__name__=~"m.*"}[3h]`, noon.Add(AheadLimit))
	if err != nil {
		rt.Fatal(err)
	}
	held := len(values(r))
	if held > int(a.Stored) || held > distinct || distinct > held+int(a.TooOld) {
		rt.Fatalf("%d readable of %d distinct, account %+v", held, distinct, a)
	}
}

func TestReopenedStoreHoldsWhatWasAppended(t *testing.T) {
	t.Parallel()
	dir, o := t.TempDir(), Options{Clock: clock.NewManual(noon)}
	first, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	add(t, first, level(noon, 7), level(noon.Add(-time.Minute), 6))
	if _, err := Open(dir, o); !fault.Is(err, fault.Conflict) {
		t.Errorf("opened twice: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := open(t, dir, o)
	r, err := second.Query(t.Context(), "level_cm[5m]", noon)
	if err != nil || len(values(r)) != 2 {
		t.Errorf("got %v, %v", values(r), err)
	}
	add(t, second, level(noon, 7))
	if a := second.Stats(); a.Duplicate != 1 {
		t.Errorf("a sample repeated after the restart: %+v", a)
	}
}

func TestNaNIsAValueAndNotAnEnd(t *testing.T) {
	t.Parallel()
	s, _ := at(t, noon)
	add(t, s, level(noon, math.Float64frombits(0x7ff0000000000002))) // the library's mark for an ended series
	r, err := s.Query(t.Context(), "level_cm", noon)
	if err != nil || len(r.Series) != 1 || !math.IsNaN(r.Series[0].Points[0].Value) {
		t.Errorf("got %+v, %v", r, err)
	}
}
