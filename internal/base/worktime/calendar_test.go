package worktime_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/worktime"
)

func date(t testing.TB, text string) worktime.Date {
	t.Helper()
	return worktime.DateOf(at(t, text+" 12:00"))
}

func changed(t testing.TB, c *worktime.Calendar, days ...worktime.Day) *worktime.Calendar {
	t.Helper()
	next, problems := c.WithDays(days...)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return next
}

func TestProvisional(t *testing.T) {
	t.Parallel()
	c := worktime.China()
	for _, x := range []struct {
		from, to string
		want     bool
	}{{"2026-01-01 00:00", "2026-12-31 23:59", false}, {"2026-12-31 00:00", "2027-01-01 00:00", true}, {"2015-12-31 00:00", "2016-01-01 00:00", true}, {"2016-01-01 00:00", "2026-01-01 00:00", false}} {
		if got := c.Provisional(at(t, x.from), at(t, x.to)); got != x.want {
			t.Errorf("%s to %s: %v", x.from, x.to, got)
		}
	}
}

// Somebody puts in next year's notice on a screen: the assumed days of that year give way.
func TestANoticeReplacesWhatWasAssumed(t *testing.T) {
	t.Parallel()
	const notice = "the State Council's"
	c := changed(t, worktime.China(),
		worktime.Day{Date: date(t, "2027-01-02"), Name: "元旦", Notice: notice},
		worktime.Day{Date: date(t, "2027-10-01"), Name: "国庆节", Off: true, Notice: notice})
	if working, day := c.Working(date(t, "2027-01-02")); !working || day.Name != "元旦" {
		t.Errorf("the Saturday that is worked: %v %+v", working, day)
	}
	if working, _ := c.Working(date(t, "2027-01-01")); !working || c.Provisional(at(t, "2027-05-05 00:00"), at(t, "2027-05-06 00:00")) {
		t.Error("with a notice nothing of that year is assumed")
	}
	if working, _ := c.Working(date(t, "2028-10-02")); working {
		t.Error("the years after stay assumed")
	}
	if working, _ := c.Working(date(t, "2026-10-01")); working || len(c.Days(2026)) != len(worktime.China().Days(2026)) {
		t.Error("the years before are as they were")
	}
}

// A city closes its offices for a typhoon: that is no notice for the year, whose National Day is still a holiday.
func TestOneDayIsNoYearlyNotice(t *testing.T) {
	t.Parallel()
	c := changed(t, worktime.China(), worktime.Day{Date: date(t, "2027-07-20"), Name: "台风", Off: true, Notice: "the city's"})
	if working, _ := c.Working(date(t, "2027-10-01")); working || !c.Provisional(at(t, "2027-03-01 00:00"), at(t, "2027-03-01 00:00")) {
		t.Error("one day stands for a year's notice")
	}
}

// What was put in on a screen, with or without a notice, is there after the next change.
func TestChangesAddUp(t *testing.T) {
	t.Parallel()
	first, second := date(t, "2028-03-03"), date(t, "2028-03-10")
	c := changed(t, worktime.China(), worktime.Day{Date: first, Off: true})
	c = changed(t, c, worktime.Day{Date: second, Off: true})
	for _, day := range []worktime.Date{first, second} {
		if working, _ := c.Working(day); working {
			t.Errorf("%s is worked", day)
		}
	}
	if working, _ := worktime.China().Working(first); !working {
		t.Error("the calendar that was changed is not as it was")
	}
}

func TestAllThatIsWrongIsSaid(t *testing.T) {
	t.Parallel()
	hour, day := time.Hour, date(t, "2026-12-24")
	for _, x := range []struct {
		days  []worktime.Day
		hours worktime.Hours
		want  int
	}{
		{nil, nil, 1},
		{nil, worktime.Hours{{From: 9 * hour, To: 9 * hour}}, 1},
		{nil, worktime.Hours{{From: 9 * hour, To: 12 * hour}, {From: 11 * hour, To: 13 * hour}}, 1},
		{nil, worktime.Hours{{From: -hour, To: 12 * hour}, {From: 13 * hour, To: 25 * hour}}, 2},
		{[]worktime.Day{{Date: day}, {Date: day + 1}, {Date: day, Off: true}}, worktime.OfficeHours, 1},
		{[]worktime.Day{{Date: day}, {Date: day}}, nil, 2},
	} {
		if c, problems := worktime.NewCalendar(x.days, x.hours); c != nil || len(problems) != x.want {
			t.Errorf("of days %v and hours %v it is said: %v", x.days, x.hours, problems)
		}
	}
}

// At any moment of the years that are promised, in any zone, to the nanosecond, and whatever an office's hours: counting adds up, what is due has been
// counted, and nothing earlier has.
func TestDueAndCountedUndoEachOther(t *testing.T) {
	t.Parallel()
	begin, end := at(t, "1990-01-01 00:00"), at(t, "2100-01-01 00:00")
	rapid.Check(t, func(t *rapid.T) {
		c, problems := worktime.NewCalendar(worktime.China().Days(rapid.IntRange(2015, 2027).Draw(t, "days of")), hours(t))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		east := rapid.IntRange(-12*3600, 14*3600).Draw(t, "seconds east")
		from := begin.Add(time.Duration(rapid.Int64Range(0, int64(end.Sub(begin))).Draw(t, "from"))).In(time.FixedZone("", east))
		clock := rapid.SampledFrom(worktime.Clocks).Draw(t, "clock")
		counted := time.Duration(rapid.Int64Range(1, int64(c.Length(worktime.Limit{Amount: 366, Clock: worktime.WorkingDay}))).Draw(t, "counted"))
		due := c.Due(from, counted, clock)
		if got := c.Counted(from, due, clock); got != counted || due.Location() != from.Location() {
			t.Fatalf("due %v has counted %v of %v", due, got, counted)
		}
		if got := c.Counted(from, due.Add(-1), clock); got != counted-1 {
			t.Fatalf("a nanosecond before it is due %v of %v is counted", got, counted)
		}
		part := time.Duration(rapid.Int64Range(0, int64(counted)).Draw(t, "part"))
		if again := c.Due(c.Due(from, part, clock), counted-part, clock); part < counted && !again.Equal(due) {
			t.Fatalf("in two parts it is due %v, in one %v", again, due)
		}
	})
}

// hours are one to three spans somewhere in a day.
func hours(t *rapid.T) (h worktime.Hours) {
	last := time.Duration(0)
	for range rapid.IntRange(1, 3).Draw(t, "spans") {
		from := last + time.Duration(rapid.Int64Range(0, int64(4*time.Hour)).Draw(t, "idle"))
		last = from + time.Duration(rapid.Int64Range(1, int64(4*time.Hour)).Draw(t, "work"))
		h = append(h, worktime.Span{From: from, To: last})
	}
	return h
}
