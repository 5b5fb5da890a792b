package worktime_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"twoweave/internal/base/worktime"
)

var zone = time.FixedZone("Asia/Shanghai", 8*60*60)

func at(t testing.TB, text string) time.Time {
	t.Helper()
	moment, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

// walk is the definition: it looks at every minute of the way and asks what day and what time of day it is, from the shipped file alone. Whether offices
// work on a day is looked up once.
type walk struct {
	off, worked map[string]bool
	open        map[int64]bool // by day
}

func newWalk(t testing.TB) walk {
	t.Helper()
	body, err := os.ReadFile("china.csv")
	if err != nil {
		t.Fatal(err)
	}
	w := walk{map[string]bool{}, map[string]bool{}, map[int64]bool{}}
	for line := range strings.Lines(string(body)) {
		f := strings.Split(line, ",")
		w.off[f[0]], w.worked[f[0]] = f[2] == "true", f[2] == "false"
	}
	return w
}

func (w walk) opens(moment time.Time) bool {
	day := moment.Format(time.DateOnly)
	weekend := moment.Weekday() == time.Saturday || moment.Weekday() == time.Sunday
	known := moment.Year() >= 2016 && moment.Year() <= 2026
	assumed := !known && strings.Contains(" 01-01 05-01 05-02 10-01 10-02 10-03 ", " "+day[5:]+" ")
	return w.worked[day] || !w.off[day] && !weekend && !assumed
}

func (w walk) counts(minute time.Time) bool {
	local := minute.Unix() + 8*3600
	open, known := w.open[local/86400]
	if !known {
		open = w.opens(minute)
		w.open[local/86400] = open
	}
	of := local % 86400 / 60
	return open && (of >= 8*60+30 && of < 12*60 || of >= 13*60 && of < 17*60+30)
}

func (w walk) counted(from, to time.Time) (n time.Duration) {
	for ; from.Before(to); from = from.Add(time.Minute) {
		if w.counts(from) {
			n += time.Minute
		}
	}
	return n
}

func (w walk) due(from time.Time, counted time.Duration) time.Time {
	for ; counted > 0; from = from.Add(time.Minute) {
		if w.counts(from) {
			counted -= time.Minute
		}
	}
	return from
}

func intervals() int {
	if os.Getenv("TWOWEAVE_SLOW") == "1" {
		return 100_000
	}
	return 3_000
}

// Random intervals, with a suspension in the middle: what was left before goes on after it.
func TestTheClockAgreesWithAWalkMinuteByMinute(t *testing.T) {
	t.Parallel()
	w, c, rng := newWalk(t), worktime.China(), rand.New(rand.NewPCG(1, 2))
	begin := at(t, "2015-01-01 00:00")
	for range intervals() {
		from := begin.Add(time.Duration(rng.IntN(15*365*24*60)) * time.Minute)
		limit := time.Duration(1+rng.IntN(6*8*60)) * time.Minute
		due := c.Due(from, limit, worktime.WorkingDay)
		if want := w.due(from, limit); !due.Equal(want) {
			t.Fatalf("%v from %v is due %v, want %v", limit, from, due, want)
		}
		stopped := from.Add(time.Duration(rng.IntN(1+int(due.Sub(from)/time.Minute))) * time.Minute)
		used := c.Counted(from, stopped, worktime.WorkingHour)
		if want := w.counted(from, stopped); used != want {
			t.Fatalf("from %v to %v %v are counted, want %v", from, stopped, used, want)
		}
		resumed := stopped.Add(time.Duration(rng.IntN(20*24*60)) * time.Minute)
		again := c.Due(resumed, limit-used, worktime.WorkingHour)
		if want := w.due(resumed, limit-used); !again.Equal(want) {
			t.Fatalf("%v left at %v are due %v, want %v", limit-used, resumed, again, want)
		}
		if back := c.Counted(resumed, again, worktime.WorkingHour); back != limit-used {
			t.Fatalf("due and counted are not inverse: %v, %v", limit-used, back)
		}
	}
}

// Seconds count as well, and where the moment was made does not matter.
func TestPartsOfAMinuteAndOtherZones(t *testing.T) {
	t.Parallel()
	c := worktime.China()
	from := at(t, "2026-07-01 11:59").Add(30*time.Second + 7).UTC()
	due := c.Due(from, time.Minute, worktime.WorkingHour)
	if want := at(t, "2026-07-01 13:00").Add(30*time.Second + 7); !due.Equal(want) || due.Location() != time.UTC {
		t.Errorf("due %v, want %v", due, want)
	}
	if got := c.Counted(from, due, worktime.WorkingHour); got != time.Minute {
		t.Errorf("counted %v", got)
	}
	if got := c.Counted(due, from, worktime.WorkingHour); got != -time.Minute {
		t.Errorf("counted backwards %v", got)
	}
}

func TestUrgentClocksRunAlways(t *testing.T) {
	t.Parallel()
	c, from := worktime.China(), at(t, "2026-10-01 23:00")
	for _, clock := range []worktime.Clock{worktime.UrgentHour, worktime.UrgentDay} {
		if due := c.Due(from, 3*time.Hour, clock); !due.Equal(from.Add(3 * time.Hour)) {
			t.Errorf("%s: due %v", clock, due)
		}
		if n := c.Counted(from, from.Add(50*time.Hour), clock); n != 50*time.Hour {
			t.Errorf("%s: counted %v", clock, n)
		}
	}
	for limit, want := range map[worktime.Limit]time.Duration{
		{3, worktime.UrgentHour}: 3 * time.Hour, {2, worktime.UrgentDay}: 48 * time.Hour, {4, worktime.WorkingHour}: 4 * time.Hour, {5, worktime.WorkingDay}: 40 * time.Hour,
	} {
		if got := c.Length(limit); got != want {
			t.Errorf("%s is %v, want %v", limit, got, want)
		}
	}
}

// The shipped calendar is that of the public data for trials, which lie beside the project.
func TestTheShippedDaysAreThoseOfTheNotices(t *testing.T) {
	t.Parallel()
	const file = "../../../../shared/data/cn-holidays.csv"
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("the public data for trials is not there (%v): put cn-holidays.csv into shared/data beside the project", err)
	}
	got, err := os.ReadFile("china.csv")
	if err != nil || strings.ReplaceAll(string(want), "\r", "") != string(got) {
		t.Errorf("china.csv is not %s (%v)", file, err)
	}
}

func TestLimitsAsText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]worktime.Limit{
		"1 working day": {1, worktime.WorkingDay}, "5 working days": {5, worktime.WorkingDay}, "3 urgent hours": {3, worktime.UrgentHour}, "1 urgent day": {1, worktime.UrgentDay}, "": {},
		"8784 urgent hours": {8784, worktime.UrgentHour}, "2928 working hours": {2928, worktime.WorkingHour}, "366 working days": {366, worktime.WorkingDay},
	} {
		var got worktime.Limit
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want || got.String() != text {
			t.Errorf("%q is read as %v (%v)", text, got, err)
		}
	}
	for _, text := range []string{"5", "days", "0 working days", "-1 working day", "1.5 urgent hours", "3 hours", "3  urgent hours", "03 urgent hours", "8785 urgent hours", "2929 working hours", "367 working days", "367 urgent days", "99999999999999999999 urgent days", "3 urgent hours ", "+3 urgent hours"} {
		var got worktime.Limit
		if err := got.UnmarshalText([]byte(text)); err == nil || !got.IsZero() {
			t.Errorf("%q is read as %v", text, got)
		}
	}
	if text := (worktime.Limit{Amount: 5, Clock: worktime.WorkingDay}).Text(); text.ZH != "5 个工作日" || text.EN != "5 working days" {
		t.Errorf("for people: %+v", text)
	}
}

func TestLimitsInJSON(t *testing.T) {
	t.Parallel()
	type answer struct {
		Limit worktime.Limit `json:"limit,omitzero"`
	}
	for body, want := range map[string]answer{`{"limit":"3 urgent hours"}`: {worktime.Limit{Amount: 3, Clock: worktime.UrgentHour}}, `{}`: {}} {
		var got answer
		if err := json.Unmarshal([]byte(body), &got); err != nil || got != want {
			t.Errorf("%s is read as %v (%v)", body, got, err)
		}
		if again, err := json.Marshal(got); err != nil || string(again) != body {
			t.Errorf("%s is written as %s (%v)", body, again, err)
		}
	}
}

func FuzzLimit(f *testing.F) {
	f.Add("3 urgent hours")
	f.Add("1 working day")
	f.Fuzz(func(t *testing.T, text string) {
		var l worktime.Limit
		if l.UnmarshalText([]byte(text)) != nil {
			return
		}
		var again worktime.Limit
		if err := again.UnmarshalText([]byte(l.String())); err != nil || again != l {
			t.Errorf("%q is read as %v, and that as %v (%v)", text, l, again, err)
		}
	})
}

func BenchmarkDue(b *testing.B) {
	c, from := worktime.China(), at(b, "2026-01-05 10:00")
	for b.Loop() {
		c.Due(from, 2000*time.Hour, worktime.WorkingDay)
	}
}
