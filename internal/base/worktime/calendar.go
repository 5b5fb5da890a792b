package worktime

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// zone is China's time, which has had one offset and no summer time since 1991.
var zone = time.FixedZone("Asia/Shanghai", 8*60*60)

// Date is a day in China, in days since 1970-01-01.
type Date int

// DateOf is the day of a moment.
func DateOf(t time.Time) Date {
	return Date((t.Unix() + 8*3600 - floorMod(t.Unix()+8*3600, 86400)) / 86400)
}

func floorMod(a, b int64) int64 { return ((a % b) + b) % b }

// Start is the day's first moment.
func (d Date) Start() time.Time { return time.Unix(int64(d)*86400-8*3600, 0).In(zone) }

// Year is the calendar year.
func (d Date) Year() int { return d.Start().Year() }

// String is the day as 2026-10-01.
func (d Date) String() string { return d.Start().Format(time.DateOnly) }

// weekday counts from Monday = 0; 1970-01-01 was a Thursday.
func (d Date) weekday() int { return int(floorMod(int64(d)+3, 7)) }

// weekdays is the number of Mondays to Fridays between 1969-12-29, a Monday, and the day.
func weekdays(d Date) int {
	week, rest := (int(d)+3-d.weekday())/7, d.weekday()
	return 5*week + min(rest, 5)
}

// Day is one day that is not like others of its weekday.
type Day struct {
	Date   Date
	Name   string // of the holiday: 国庆节
	Off    bool   // a day off; else a day of the weekend on which offices work
	Notice string // where it was announced; empty = assumed
}

// Calendar says when offices work. It never changes.
type Calendar struct {
	hours Hours
	given []Day // as they were handed over
	days  []Day // and the assumed ones, by date
	moved []int // moved[i] is by how much the first i days change the number of working days
	known map[int]bool
}

//go:embed china.csv
var china string

// China is the shipped calendar, made from the State Council's notices. It is made once.
var China = sync.OnceValue(func() *Calendar {
	days, err := readDays(china)
	if err == nil {
		c, problems := NewCalendar(days, OfficeHours)
		if len(problems) == 0 {
			return c
		}
		err = errors.Join(problems...)
	}
	panic(err) // the file is part of the program, and a test reads it
})

// readDays reads lines of date, name, day_off, notice behind a heading.
func readDays(text string) ([]Day, error) {
	var days []Day
	for n, line := range strings.Split(strings.TrimSpace(text), "\n")[1:] {
		f := strings.Split(line, ",")
		if len(f) != 4 {
			return nil, fmt.Errorf("line %d: %q is not date, name, day_off, notice", n+2, line)
		}
		at, err := time.ParseInLocation(time.DateOnly, f[0], zone)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+2, err)
		}
		days = append(days, Day{DateOf(at), f[1], f[2] == "true", f[3]})
	}
	return days, nil
}

// firstYear and lastYear bound the years in which holidays of fixed date are assumed where no notice is known.
const firstYear, lastYear = 1990, 2100

// fixed are the public holidays that have the same date each year (全国年节及纪念日放假办法).
var fixed = []struct {
	month time.Month
	day   int
	name  string
}{{1, 1, "元旦"}, {5, 1, "劳动节"}, {5, 2, "劳动节"}, {10, 1, "国庆节"}, {10, 2, "国庆节"}, {10, 3, "国庆节"}}

// NewCalendar makes a calendar of the days that differ, and of the hours of a working day, or says all that is wrong with them.
//
// A year is known once its 1 October is there with a notice: each of the State Council's yearly notices names that day, whereas a day that a city closes
// for a typhoon, or a 31 December in next year's notice, tells nothing of the rest of the year. In other years the holidays of fixed date are assumed
// where nothing else is said of their day; those of the lunar calendar (Spring Festival, Qingming, Dragon Boat, Mid-Autumn) are not.
func NewCalendar(days []Day, hours Hours) (*Calendar, []error) {
	c := &Calendar{hours: slices.Clone(hours), given: byDate(days), known: map[int]bool{}}
	if problems := append(hours.check(), twice(c.given)...); len(problems) > 0 {
		return nil, problems
	}
	for _, d := range c.given {
		if _, month, day := d.Date.Start().Date(); month == time.October && day == 1 && d.Notice != "" {
			c.known[d.Date.Year()] = true
		}
	}
	c.days = byDate(append(c.assumed(), c.given...))
	c.moved = make([]int, len(c.days)+1)
	for i, d := range c.days {
		c.moved[i+1] = c.moved[i] + change(d)
	}
	return c, nil
}

// byDate is a sorted copy.
func byDate(days []Day) []Day {
	return slices.SortedFunc(slices.Values(days), func(a, b Day) int { return cmp.Compare(a.Date, b.Date) })
}

// twice complains of days, sorted, that are there more than once.
func twice(days []Day) (problems []error) {
	for i := 1; i < len(days); i++ {
		if days[i-1].Date == days[i].Date {
			problems = append(problems, fmt.Errorf("%s is there twice; a day is a holiday or worked, once", days[i].Date))
		}
	}
	return problems
}

// assumed are the holidays of fixed date in the years that are not known.
func (c *Calendar) assumed() (days []Day) {
	for year := firstYear; year <= lastYear; year++ {
		for _, f := range fixed {
			date := DateOf(time.Date(year, f.month, f.day, 0, 0, 0, 0, zone))
			if _, found := find(c.given, date); !c.known[year] && !found {
				days = append(days, Day{Date: date, Name: f.name, Off: true})
			}
		}
	}
	return days
}

// find is where a day is, or would be, among days sorted by date.
func find(days []Day, date Date) (int, bool) {
	return slices.BinarySearchFunc(days, date, func(d Day, date Date) int { return cmp.Compare(d.Date, date) })
}

// change is what a day adds to the number of working days.
func change(d Day) int {
	weekend := d.Date.weekday() >= 5
	switch {
	case d.Off && !weekend:
		return -1
	case !d.Off && weekend:
		return 1
	}
	return 0
}

// WithDays is a calendar with some days changed: those that are there already give way, all others stay.
func (c *Calendar) WithDays(days ...Day) (*Calendar, []error) {
	kept := slices.DeleteFunc(slices.Clone(c.given), func(old Day) bool {
		return slices.ContainsFunc(days, func(d Day) bool { return d.Date == old.Date })
	})
	return NewCalendar(append(kept, days...), c.hours)
}

// Working says whether offices work on a day, and what is particular about it, if anything.
func (c *Calendar) Working(date Date) (bool, Day) {
	i, found := find(c.days, date)
	if found {
		return !c.days[i].Off, c.days[i]
	}
	return date.weekday() < 5, Day{Date: date}
}

// Days are a year's days that differ from others of their weekday.
func (c *Calendar) Days(year int) []Day {
	var all []Day
	for _, d := range c.days {
		if d.Date.Year() == year {
			all = append(all, d)
		}
	}
	return all
}

// Provisional says whether between two moments lies a year for which no notice is known.
func (c *Calendar) Provisional(from, to time.Time) bool {
	for year := DateOf(from).Year(); year <= DateOf(to).Year(); year++ {
		if !c.known[year] {
			return true
		}
	}
	return false
}

// workdays is the number of working days before a day, counted from 1969-12-29.
func (c *Calendar) workdays(date Date) int {
	i, _ := find(c.days, date)
	return weekdays(date) + c.moved[i]
}
