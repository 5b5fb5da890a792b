package anomaly_test

import (
	"bytes"
	"encoding/hex"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/wire"
	"twoweave/internal/manage/operator"
	"twoweave/internal/manage/operator/anomaly"
)

// wave is a made-up series of five-minute values with a daily season, noise and now and then an oddity. It is made with +, −, × and ÷ only, so that it is the same on
// every machine.
func wave(n int) (all []arrival) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		hour := float64(i%288) / 12
		x := 20 + hour*(24-hour)/8 + float64(r.IntN(2001)-1000)/500
		if i%977 == 900 {
			x += 40
		}
		all = append(all, arrival{int64(i) * 5 * minute, x})
	}
	return all
}

func scores(all []arrival) (list []float64) {
	m := compiled(0, 0).New()
	for _, a := range all {
		list = append(list, observe(m, a.at, a.x).score)
	}
	return list
}

func TestScoresDoNotDependOnUnitOrSign(t *testing.T) {
	t.Parallel()
	all := wave(3000)
	want := scores(all)
	for _, factor := range []float64{-1, 1024, 1.0 / 65536, -0.25} {
		other := slices.Clone(all)
		for i := range other {
			other[i].x *= factor
		}
		if !slices.Equal(scores(other), want) {
			t.Errorf("times %v the scores are others", factor)
		}
	}
}

// Other factors round each value, so sizes may fall into the next bin; what is an alarm stays one.
func TestAlarmsDoNotDependOnUnit(t *testing.T) {
	t.Parallel()
	all := wave(3000)
	alarms := func(list []float64) (at []int) {
		for i, s := range list {
			if s >= 0.5 {
				at = append(at, i)
			}
		}
		return at
	}
	want := alarms(scores(all))
	for i := range all {
		all[i].x = all[i].x*9/5 + 32
	}
	if got := alarms(scores(all)); !slices.Equal(got, want) || len(want) == 0 {
		t.Errorf("in degrees Fahrenheit alarms at %v, in Celsius %v", got, want)
	}
}

func TestNothingIsKnownOfWhatFollows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all, other := draw(t), draw(t)
		cut := rapid.IntRange(0, len(all)).Draw(t, "cut")
		if a, b := scores(all), scores(append(slices.Clone(all[:cut]), other...)); !slices.Equal(a[:cut], b[:cut]) {
			t.Fatalf("the first %d scores depend on what follows", cut)
		}
	})
}

// The same scores to the last bit, on every machine.
func TestScoresAreTheSameToTheBit(t *testing.T) {
	t.Parallel()
	sum := fnv.New64a()
	for _, s := range scores(wave(9000)) {
		var b [8]byte
		for i, bits := 0, math.Float64bits(s); i < 8; i++ {
			b[i] = byte(bits >> (8 * i))
		}
		sum.Write(b[:])
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != "a2caf719b65362b8" {
		t.Errorf("the scores have the sum %s", got)
	}
}

func TestOddValuesAreAlarmsAndOrdinaryOnesNot(t *testing.T) {
	t.Parallel()
	odd, missed, wrong := 0, 0, 0
	for i, s := range scores(wave(9000)) {
		switch {
		case i%977 != 900 && s >= 0.5:
			wrong++
		case i%977 == 900:
			if odd++; s < 0.5 {
				missed++ // one that comes just after a false alarm belongs to that
			}
		}
	}
	if missed > 1 || wrong > odd {
		t.Errorf("%d of %d odd values missed, %d false alarms", missed, odd, wrong)
	}
}

// After a first alarm, one that is much worse is heard at once; one that is not belongs to the first.
func TestWhatIsMuchWorseIsAnAlarmAtOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		second float64
		alarm  bool
	}{{60, true}, {36, false}} {
		m, all := compiled(0, 0).New(), wave(600)
		for _, a := range all {
			observe(m, a.at, a.x)
		}
		at := 600 * 5 * minute
		if j := observe(m, at, 35); j.score < 0.5 || j.score > 0.7 {
			t.Errorf("the first scores %v", j.score)
		}
		if j := observe(m, at+5*minute, c.second); (j.score >= 0.5) != c.alarm {
			t.Errorf("then %v scores %v", c.second, j.score)
		}
	}
}

func TestFlatLines(t *testing.T) {
	t.Parallel()
	m := compiled(0, 0).New()
	for i := range 500 {
		if j := observe(m, int64(i)*minute, 0.1); j.score != 0 || i > 0 && j.expected != 0.1 {
			t.Fatalf("value %d of a flat line: %+v", i, j)
		}
	}
	if j := observe(m, 500*minute, 0.2); j.score < 0.7 {
		t.Errorf("the first change of a flat line scores %v", j.score)
	}
}

func TestOlderAndMissingAndAbsurdNumbersChangeNothing(t *testing.T) {
	t.Parallel()
	m := compiled(0, 0).New()
	for _, a := range wave(100) {
		observe(m, a.at, a.x)
	}
	before, newest := m.Append(nil), 99*5*minute
	for _, e := range []arrival{{newest - 1, 20}, {newest + 1, math.NaN()}, {newest + 1, math.Inf(1)}, {newest + 1, -1e101}} {
		if j := observe(m, e.at, e.x); j.ok || !bytes.Equal(m.Append(nil), before) {
			t.Errorf("%+v was judged %+v", e, j)
		}
	}
	if j := observe(m, newest, 20); !j.ok {
		t.Error("a second value of the same moment was not judged")
	}
}

func TestASilenceOf35DaysIsANewBeginning(t *testing.T) {
	t.Parallel()
	const silence = 35 * 24 * 60 * minute
	op := compiled(0, 0)
	m := op.New()
	if !m.Spent(0) {
		t.Error("an untouched machine matters")
	}
	for _, a := range wave(300) {
		observe(m, a.at, a.x)
	}
	newest := 299 * 5 * minute
	if now := newest + silence + minute; m.Spent(now) || !m.Spent(now+1) {
		t.Errorf("at the silence's end plus the lateness spent: %v, then %v", m.Spent(now), m.Spent(now+1))
	}
	fresh := op.New()
	observe(m, newest+silence+1, 7)
	observe(fresh, newest+silence+1, 7)
	if !bytes.Equal(m.Append(nil), fresh.Append(nil)) {
		t.Error("something was remembered")
	}
}

func TestTimeAloneChangesNothing(t *testing.T) {
	t.Parallel()
	m := compiled(0, 0).New()
	observe(m, 0, 1)
	if _, ok := m.Advance(1e15); ok || m.Due() != operator.Never {
		t.Error("time was judged")
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		config anomaly.Config
		field  string
	}{
		{anomaly.Config{Of: "data.x"}, ""},
		{anomaly.Config{Of: "data.x", Every: time.Minute, Season: 24 * time.Hour}, ""},
		{anomaly.Config{Of: "data.x", Season: 168 * time.Hour}, ""},
		{anomaly.Config{}, "of"},
		{anomaly.Config{Of: "data.x", Every: -1}, "every"},
		{anomaly.Config{Of: "data.x", Every: 25 * time.Hour}, "every"},
		{anomaly.Config{Of: "data.x", Season: time.Hour}, "season"},
	} {
		problems := c.config.Check()
		if c.field == "" && len(problems) > 0 || c.field != "" && (len(problems) != 1 || problems[0].Field != c.field) {
			t.Errorf("%+v: %v", c.config, problems)
		}
	}
}

// Whatever is read, nothing panics, and what was accepted is what Append writes.
func FuzzRead(f *testing.F) {
	op := compiled(0, 0)
	for _, n := range []int{0, 1, 2, 61, 700} {
		m := op.New()
		for _, a := range wave(n) {
			m.Observe(operator.Event{At: a.at, Number: a.x})
		}
		f.Add(m.Append(nil))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := wire.Reader{Rest: body}
		m := op.Read(&r)
		if !r.Bad && !bytes.Equal(m.Append(nil), body[:len(body)-len(r.Rest)]) {
			t.Error("another state would be written")
		}
		for i := range 70 {
			observe(m, int64(i)*minute*60, float64(i%7))
		}
		m.Append(nil)
	})
}

func TestDamageIsNoticed(t *testing.T) {
	t.Parallel()
	op := compiled(0, 0)
	m := op.New()
	for _, a := range wave(400) {
		m.Observe(operator.Event{At: a.at, Number: a.x})
	}
	body := m.Append(nil)
	for cut := range len(body) {
		if r := (wire.Reader{Rest: body[:cut]}); func() bool { op.Read(&r); return !r.Bad }() {
			t.Fatalf("a state cut at %d of %d was read", cut, len(body))
		}
	}
}

// A series so long that its histories have faded several times goes on from what was written as it would have.
func TestALongSeriesGoesOnAfterReading(t *testing.T) {
	t.Parallel()
	op, all := compiled(0, 0), wave(12000)
	m, kept := op.New(), op.New()
	for i, a := range all {
		if i%1500 == 1499 {
			kept = cycle(t, op, kept)
		}
		if x, y := observe(m, a.at, a.x), observe(kept, a.at, a.x); x != y {
			t.Fatalf("value %d: %+v, after reading %+v", i, x, y)
		}
	}
}
