package series

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
)

func TestBadQueriesSayWhere(t *testing.T) {
	t.Parallel()
	s, _ := at(t, noon)
	for expr, column := range map[string]int{`sum(`: 5, `rate(level_cm)`: 6, `level_cm{area=1}`: 15, ``: 1} {
		_, err := s.Query(t.Context(), expr, noon)
		problems := fault.Problems(err)
		if !fault.Is(err, fault.Invalid) || len(problems) == 0 || problems[0].Column != column || problems[0].Message == "" {
			t.Errorf("%q: %v %+v", expr, err, problems)
		}
	}
	add(t, s, level(noon, 1), Sample{Name: "level_cm", Labels: map[string]string{"area": "310115006"}, At: noon})
	if _, err := s.Query(t.Context(), `level_cm * on() level_cm`, noon); !fault.Is(err, fault.Invalid) {
		t.Errorf("many-to-many: %v", err)
	}
}

func TestRangesAreChecked(t *testing.T) {
	t.Parallel()
	s, _ := at(t, noon)
	ask := func(length, step time.Duration) error {
		_, err := s.QueryRange(t.Context(), "level_cm", noon, noon.Add(length), step)
		return err
	}
	for name, err := range map[string]error{
		"no step": ask(time.Hour, 0), "below a millisecond": ask(time.Hour, time.Microsecond),
		"backwards": ask(-time.Second, time.Second), "too many points": ask(MaxPoints*time.Second, time.Second),
	} {
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := ask((MaxPoints-1)*time.Second, time.Second); err != nil {
		t.Error(err)
	}
}

func TestQueriesAreBounded(t *testing.T) {
	t.Parallel()
	few := open(t, t.TempDir(), Options{Clock: clock.NewManual(noon), MaxSamples: 2})
	add(t, few, level(noon, 1), level(noon.Add(-time.Second), 1), level(noon.Add(-2*time.Second), 1))
	if _, err := few.Query(t.Context(), "level_cm[1m]", noon); !fault.Is(err, fault.Exhausted) {
		t.Errorf("too many samples: %v", err)
	}
	quick := open(t, t.TempDir(), Options{Clock: clock.NewManual(noon), Timeout: time.Nanosecond})
	if _, err := quick.Query(t.Context(), "1", noon); !fault.Is(err, fault.Unavailable) {
		t.Errorf("too long: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := few.Query(ctx, "level_cm", noon); !fault.Is(err, fault.Unavailable) {
		t.Errorf("cancelled: %v", err)
	}
	if err := few.Append(ctx, []Sample{level(noon, 1)}); err == nil {
		t.Error("appended under a cancelled context")
	}
}

func TestSeriesAndLabels(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1435781451781)
	s, _ := at(t, now)
	ms := now.UnixMilli()
	start := up(ms, "prometheus", "localhost:9090", 1)
	start.Name = "process_start_time_seconds"
	other := up(ms, "other", "localhost:1", 1)
	other.Name = "unasked"
	add(t, s, up(ms, "prometheus", "localhost:9090", 1), up(ms, "node", "localhost:9091", 1), start, other)

	all, err := s.Series(t.Context(), []string{`up`, `process_start_time_seconds{job="prometheus"}`, `up{job="node"}`}, time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	sameSet(t, all, seriesExample)
	for name, c := range map[string]struct {
		got  func() ([]string, error)
		want []string
	}{
		"names":  {func() ([]string, error) { return s.LabelNames(t.Context(), nil, now, now) }, []string{"__name__", "instance", "job"}},
		"values": {func() ([]string, error) { return s.LabelValues(t.Context(), "job", nil, time.Time{}, now) }, []string{"node", "other", "prometheus"}},
		"selected": {func() ([]string, error) {
			return s.LabelValues(t.Context(), "job", []string{"up", `up{job="node"}`}, now, now)
		}, []string{"node", "prometheus"}},
		"unknown": {func() ([]string, error) { return s.LabelValues(t.Context(), "colour", nil, now, now) }, []string{}},
	} {
		if got, err := c.got(); err != nil || !slices.Equal(got, c.want) || got == nil {
			t.Errorf("%s: %v, %v; want %v", name, got, err, c.want)
		}
	}
}

func sameSet(t *testing.T, got []map[string]string, want string) {
	t.Helper()
	var wanted []map[string]string
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	key := func(all []map[string]string) []string {
		var keys []string
		for _, m := range all {
			b, _ := json.Marshal(m)
			keys = append(keys, string(b))
		}
		slices.Sort(keys)
		return keys
	}
	if a, b := key(got), key(wanted); !slices.Equal(a, b) {
		t.Errorf("got  %v\nwant %v", a, b)
	}
}

func TestBadSelectorsAreInvalid(t *testing.T) {
	t.Parallel()
	s, _ := at(t, noon)
	_, none := s.Series(t.Context(), nil, noon, noon)
	_, broken := s.LabelNames(t.Context(), []string{`up{`}, noon, noon)
	_, name := s.LabelValues(t.Context(), "a-b", nil, noon, noon)
	for what, err := range map[string]error{"no selector": none, "broken selector": broken, "bad name": name} {
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// fill appends a sample a minute for the hours up to the clock's time and compacts, so that blocks exist.
func fill(t *testing.T, s *Store, c *clock.Manual, hours int) {
	t.Helper()
	for range hours * 60 {
		c.Advance(time.Minute)
		add(t, s, level(c.Now(), 1))
	}
	if err := s.db.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func oldest(t *testing.T, s *Store, c *clock.Manual) time.Duration {
	t.Helper()
	r, err := s.Query(t.Context(), "level_cm[10d]", c.Now())
	if err != nil || len(r.Series) == 0 {
		t.Fatalf("%v, %d series", err, len(r.Series))
	}
	return c.Now().Sub(r.Series[0].Points[0].At)
}

func TestRetentionFollowsTheClock(t *testing.T) {
	t.Parallel()
	c := clock.NewManual(noon)
	s := open(t, t.TempDir(), Options{Clock: c, Retention: 24 * time.Hour})
	fill(t, s, c, 20)
	if got := oldest(t, s, c); got < 19*time.Hour {
		t.Errorf("too young to go, yet only %s is left", got)
	}
	fill(t, s, c, 20)
	if got := oldest(t, s, c); got < 24*time.Hour || got > 30*time.Hour {
		t.Errorf("the oldest sample is %s old", got)
	}
}

func TestSizeGuardRemovesTheOldest(t *testing.T) {
	t.Parallel()
	c := clock.NewManual(noon)
	s := open(t, t.TempDir(), Options{Clock: c, MaxBytes: 1})
	fill(t, s, c, 20)
	if got := oldest(t, s, c); got > 4*time.Hour {
		t.Errorf("the oldest sample is %s old; every finished block is larger than the limit", got)
	}
}
