package registry_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/lang"
	"twoweave/internal/base/worktime"
	"twoweave/internal/registry"
)

func day(text string) registry.Date {
	var d registry.Date
	if err := d.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return d
}

// staffed is a small centre: an operator's post in three shifts that two persons take in turn weekly, a leader on working days and one on the others.
func staffed() registry.Content {
	c := city()
	name := lang.Text{ZH: "岗", EN: "post"}
	for _, id := range []registry.PersonID{"ann", "bo", "chen", "dong", "eve"} {
		c.Roster.Persons = append(c.Roster.Persons, registry.Person{ID: id, Name: both(strings.ToUpper(string(id)))})
	}
	c.Roster.Shifts = []registry.Shift{
		{ID: "day", Name: both("day"), From: 8 * 60, To: 16 * 60}, {ID: "evening", Name: both("evening"), From: 16 * 60, To: 24 * 60},
		{ID: "night", Name: both("night"), From: 22 * 60, To: 8 * 60}, {ID: "office", Name: both("office"), From: 9 * 60, To: 17*60 + 30, Days: registry.Working},
		{ID: "weekend", Name: both("weekend"), From: 9 * 60, To: 9 * 60, Days: registry.Off},
	}
	c.Roster.Posts = []registry.Post{
		{ID: "operator", Name: name, Shifts: []registry.ShiftID{"day", "evening", "night"}, Next: "leader"},
		{ID: "leader", Name: name, Shifts: []registry.ShiftID{"office", "weekend"}, Within: 10 * time.Minute},
		{ID: "street", Name: name, Unit: "street-1", Shifts: []registry.ShiftID{"day"}, Next: "operator"},
	}
	c.Roster.Duties = []registry.Duty{
		{Post: "operator", Shift: "day", Persons: []registry.PersonID{"ann", "bo"}, From: day("2026-06-01"), Turn: 7},
		{Post: "operator", Shift: "night", Persons: []registry.PersonID{"chen"}, From: day("2026-06-01"), Until: day("2026-07-03")},
		{Post: "leader", Shift: "office", Persons: []registry.PersonID{"dong"}}, {Post: "leader", Shift: "weekend", Persons: []registry.PersonID{"eve"}},
		{Post: "street", Shift: "day", Persons: []registry.PersonID{"bo", "ann"}},
	}
	c.Roster.Otherwise = "leader"
	return c
}

// at is a moment in China.
func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, registry.China())
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// weekdays is a calendar of which one Wednesday is a holiday and one Saturday is worked.
func weekdays(t time.Time) bool {
	switch text := t.In(registry.China()).Format(time.DateOnly); text {
	case "2026-07-08":
		return false
	case "2026-07-11":
		return true
	}
	wd := t.In(registry.China()).Weekday()
	return wd != time.Saturday && wd != time.Sunday
}

func names(all []registry.OnDuty) string {
	var ids []string
	for _, o := range all {
		ids = append(ids, string(o.Person))
	}
	return strings.Join(ids, " ")
}

func TestWhoIsOnDuty(t *testing.T) {
	t.Parallel()
	w := directory(t, staffed()).Watch(weekdays)
	for _, c := range []struct {
		post registry.PostID
		at   string
		want string
	}{
		{"operator", "2026-06-01 08:00", "ann"}, {"operator", "2026-06-07 15:59", "ann"}, {"operator", "2026-06-08 08:00", "bo"}, {"operator", "2026-06-15 09:00", "ann"},
		{"operator", "2026-05-31 09:00", ""}, {"operator", "2026-06-01 16:00", ""}, // nobody keeps the evening
		{"operator", "2026-06-01 21:59", ""}, {"operator", "2026-06-01 22:00", "chen"}, {"operator", "2026-06-02 07:59", "chen"}, {"operator", "2026-06-02 08:00", "ann"},
		{"operator", "2026-06-01 07:00", ""},                                           // the night before is not rostered
		{"operator", "2026-07-04 07:59", "chen"}, {"operator", "2026-07-04 22:00", ""}, // the last night ends on the next morning
		{"leader", "2026-07-07 09:00", "dong"}, {"leader", "2026-07-07 17:30", ""}, // an ordinary Tuesday
		{"leader", "2026-07-08 09:00", "eve"}, {"leader", "2026-07-09 08:59", "eve"}, // a holiday, and its night
		{"leader", "2026-07-11 09:00", "dong"}, {"leader", "2026-07-11 20:00", ""}, // a Saturday that is worked
		{"leader", "2026-07-12 09:00", "eve"}, {"leader", "2026-07-13 09:00", "dong"}, // an ordinary Sunday
		{"street", "2026-07-07 10:00", "bo ann"}, {"no such post", "2026-07-07 10:00", ""},
	} {
		got := w.OnDuty(c.post, at(c.at))
		if names(got) != c.want {
			t.Errorf("%s at %s: %q, want %q", c.post, c.at, names(got), c.want)
		}
		for _, o := range got {
			if !o.Why.Complete() || !o.Name.Complete() || at(c.at).Before(o.From) || !at(c.at).Before(o.Until) {
				t.Errorf("%+v", o)
			}
		}
	}
}

// TestTheChineseCalendarDecides: a make-up Saturday is a working day, National Day is not.
func TestTheChineseCalendarDecides(t *testing.T) {
	t.Parallel()
	w := directory(t, staffed()).Watch(registry.ByCalendar(worktime.China()))
	for when, want := range map[string]string{"2025-10-01 10:00": "eve", "2025-09-28 10:00": "dong", "2025-10-09 10:00": "dong", "2025-10-12 10:00": "eve"} {
		if got := names(w.OnDuty("leader", at(when))); got != want {
			t.Errorf("at %s: %q, want %q", when, got, want)
		}
	}
}

func TestDeputies(t *testing.T) {
	t.Parallel()
	d := directory(t, staffed())
	from, until := at("2026-06-01 10:00"), at("2026-06-01 12:00")
	deputy := func(who, by registry.PersonID, post registry.PostID) registry.Deputy {
		return registry.Deputy{For: who, By: by, Post: post, From: from, Until: until}
	}
	for _, c := range []struct {
		name     string
		deputies []registry.Deputy
		at       time.Time
		want     string
	}{
		{"for a time", []registry.Deputy{deputy("ann", "eve", "")}, from, "eve"},
		{"not before", []registry.Deputy{deputy("ann", "eve", "")}, from.Add(-time.Second), "ann"},
		{"not after", []registry.Deputy{deputy("ann", "eve", "")}, until, "ann"},
		{"at one post", []registry.Deputy{deputy("ann", "eve", "operator")}, from, "eve"},
		{"at another post", []registry.Deputy{deputy("ann", "eve", "street")}, from, "ann"},
		{"of a deputy", []registry.Deputy{deputy("dong", "eve", ""), deputy("ann", "dong", "")}, from, "eve"},
		{"the later word", []registry.Deputy{deputy("ann", "eve", ""), deputy("ann", "dong", "")}, from, "dong"},
		{"in a circle", []registry.Deputy{deputy("ann", "eve", ""), deputy("eve", "ann", "")}, from, "ann"},
	} {
		got := d.Watch(weekdays, c.deputies...).OnDuty("operator", c.at)
		if names(got) != c.want || len(got) == 1 && (got[0].For == "ann") != (c.want != "ann") {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	if got := d.Watch(weekdays, deputy("bo", "ann", "")).OnDuty("street", from); names(got) != "ann" {
		t.Errorf("who is there already is there once: %q", names(got))
	}
}

func TestLadders(t *testing.T) {
	t.Parallel()
	w := directory(t, staffed()).Watch(weekdays)
	show := func(all []registry.Rung) string {
		var parts []string
		for _, r := range all {
			parts = append(parts, fmt.Sprintf("%s(%s) %v", r.Post, names(r.People), r.Within))
		}
		return strings.Join(parts, ", ")
	}
	when := at("2026-07-07 10:00")
	if got := show(w.Ladder("street-1", when)); got != "street(bo ann) 5m0s, operator(bo) 5m0s, leader(dong) 10m0s" {
		t.Error(got)
	}
	if got := show(w.Ladder("street-2", when)); got != "leader(dong) 10m0s" {
		t.Errorf("a unit without a post: %s", got)
	}
	if got := show(w.Ladder("", when)); got != "operator(bo) 5m0s, leader(dong) 10m0s" {
		t.Errorf("the centre: %s", got)
	}
	if got := show(w.LadderFrom("leader", at("2026-07-07 20:00"))); got != "leader() 10m0s" {
		t.Errorf("nobody there: %s", got)
	}
	if got := w.LadderFrom("no such post", when); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestGaps(t *testing.T) {
	t.Parallel()
	w := directory(t, staffed()).Watch(weekdays)
	gaps := w.Gaps("operator", day("2026-07-03"), day("2026-07-04"))
	if len(gaps) != 3 || gaps[0].Shift != "evening" || gaps[1].Shift != "evening" || gaps[2].Shift != "night" || !gaps[2].Until.Equal(at("2026-07-05 08:00")) {
		t.Errorf("%+v", gaps)
	}
	if gaps := w.Gaps("leader", day("2026-07-01"), day("2026-07-31")); len(gaps) != 0 {
		t.Errorf("%+v", gaps)
	}
}

// TestARosterThatCoversTheDayIsNeverEmpty: whatever the shifts' borders and turns, when they go round the clock exactly one person is on duty, and the times told
// hold the moment.
func TestARosterThatCoversTheDayIsNeverEmpty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.IntRange(0, 24*60-3).Draw(t, "first")
		b := rapid.IntRange(a+1, 24*60-2).Draw(t, "second")
		e := rapid.IntRange(b+1, 24*60-1).Draw(t, "third")
		var r registry.Roster
		r.Persons = []registry.Person{{ID: "p"}, {ID: "q"}, {ID: "r"}}
		post := registry.Post{ID: "post"}
		for i, s := range [][2]int{{a, b}, {b, e}, {e, a}} {
			id := registry.ShiftID(fmt.Sprint("s", i))
			r.Shifts = append(r.Shifts, registry.Shift{ID: id, From: registry.TimeOfDay(s[0]), To: registry.TimeOfDay(s[1])})
			post.Shifts = append(post.Shifts, id)
			r.Duties = append(r.Duties, registry.Duty{Post: "post", Shift: id, Persons: []registry.PersonID{"p", "q", "r"}, From: day("2020-01-01"), Turn: rapid.IntRange(1, 5).Draw(t, "turn")})
		}
		r.Posts = []registry.Post{post}
		d, wrong := registry.New(registry.Content{Roster: r})
		if len(wrong) > 0 {
			t.Fatal(wrong)
		}
		at := at("2026-01-01 00:00").Add(time.Duration(rapid.Int64Range(0, 365*24*3600).Draw(t, "at")) * time.Second)
		if on := d.Watch(weekdays).OnDuty("post", at); len(on) != 1 || at.Before(on[0].From) || !at.Before(on[0].Until) {
			t.Fatalf("%+v", on)
		}
	})
}

func TestWrongRostersAreTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(r *registry.Roster)
		part  registry.Part
		field string
	}{
		"a person twice": {func(r *registry.Roster) {
			r.Persons[1].ID = r.Persons[4].ID
			r.Duties[0].Persons, r.Duties[4].Persons = r.Duties[0].Persons[:1], r.Duties[4].Persons[1:]
		}, registry.InPersons, "person"},
		"a person's unit":        {func(r *registry.Roster) { r.Persons[1].Unit = "gone" }, registry.InPersons, "unit"},
		"a shift's days":         {func(r *registry.Roster) { r.Shifts[0].Days = "sometimes" }, registry.InShifts, "days"},
		"a post's unit":          {func(r *registry.Roster) { r.Posts[2].Unit = "gone" }, registry.InPosts, "unit"},
		"a post's shift":         {func(r *registry.Roster) { r.Posts[2].Shifts = append(r.Posts[2].Shifts, "gone") }, registry.InPosts, "shifts"},
		"a post's next":          {func(r *registry.Roster) { r.Posts[1].Next = "gone" }, registry.InPosts, "next"},
		"a post's time":          {func(r *registry.Roster) { r.Posts[1].Within = -1 }, registry.InPosts, "within"},
		"a duty's post":          {func(r *registry.Roster) { r.Duties[0].Post = "gone" }, registry.InDuties, "post"},
		"a duty's shift":         {func(r *registry.Roster) { r.Duties[4].Shift = "night" }, registry.InDuties, "shift"},
		"a duty of nobody":       {func(r *registry.Roster) { r.Duties[4].Persons = nil }, registry.InDuties, "persons"},
		"a duty of a stranger":   {func(r *registry.Roster) { r.Duties[4].Persons[0] = "gone" }, registry.InDuties, "persons"},
		"a turn from nowhere":    {func(r *registry.Roster) { r.Duties[4].Turn = 7 }, registry.InDuties, "turn"},
		"a duty of no days":      {func(r *registry.Roster) { r.Duties[1].Until = r.Duties[1].From - 1 }, registry.InDuties, "until"},
		"a deputy of a stranger": {func(r *registry.Roster) { r.Deputies = []registry.Deputy{{For: "gone", By: "ann", Until: now}} }, registry.InDeputies, "for"},
		"a deputy of oneself":    {func(r *registry.Roster) { r.Deputies = []registry.Deputy{{For: "ann", By: "ann", Until: now}} }, registry.InDeputies, "by"},
		"a deputy for no time": {func(r *registry.Roster) {
			r.Deputies = []registry.Deputy{{For: "bo", By: "ann", From: now, Until: now}}
		}, registry.InDeputies, "until"},
		"a deputy at no post": {func(r *registry.Roster) {
			r.Deputies = []registry.Deputy{{For: "bo", By: "ann", Post: "gone", Until: now}}
		}, registry.InDeputies, "post"},
		"otherwise": {func(r *registry.Roster) { r.Otherwise = "gone" }, registry.InRoster, "otherwise"},
	} {
		content := staffed()
		c.spoil(&content.Roster)
		_, wrong := registry.New(content)
		if len(wrong) != 1 || wrong[0].Part != c.part || wrong[0].Field != c.field || wrong[0].Text == "" {
			t.Errorf("%s: %+v", name, wrong)
		}
	}
	circle := staffed()
	circle.Roster.Posts[1].Next = "street"
	if _, wrong := registry.New(circle); len(wrong) != 3 || wrong[0].Field != "next" {
		t.Errorf("a circle: %+v", wrong)
	}
}

func TestDaysAndTimesAreTexts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"2026-10-01", "1971-01-01", "2099-12-31"} {
		d := day(text)
		if back, _ := d.MarshalText(); string(back) != text || registry.DateOf(d.Start()) != d || registry.DateOf(d.Start().Add(-1)) != d-1 {
			t.Errorf("%s comes back as %s", text, back)
		}
	}
	for _, text := range []string{"00:00", "08:30", "23:59", "24:00"} {
		var tod registry.TimeOfDay
		if err := tod.UnmarshalText([]byte(text)); err != nil || tod.String() != text {
			t.Errorf("%s comes back as %s (%v)", text, tod, err)
		}
	}
	for _, text := range []string{"24:01", "8", "noon", "-1:00", "08:60"} {
		if new(registry.TimeOfDay).UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q is taken for a time", text)
		}
	}
	for _, text := range []string{"2026-02-30", "1.1.2026", "2026-1-1 "} {
		if new(registry.Date).UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q is taken for a day", text)
		}
	}
}

func BenchmarkOnDuty(b *testing.B) {
	w := directory(b, staffed()).Watch(weekdays)
	when := at("2026-07-07 10:00")
	for b.Loop() {
		w.OnDuty("operator", when)
	}
}
