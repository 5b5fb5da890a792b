// Package worktime counts time as the limits of public work are counted: on four clocks, over the Chinese calendar.
//
// Two clocks run always: urgent hours and urgent days. Two run only while offices work: working hours and working days, which follow weekends, public
// holidays and the make-up working days that the State Council's yearly notices name. Counting is continuous, so that a clock can be stopped and go on: a
// limit is a length of counted time, a working day that of one day's work. Due says when so much time has been counted, Counted how much lies between
// two moments; each undoes the other.
//
// A Calendar never changes and knows no today. It answers for any moment: where no notice is known, weekends and the holidays of fixed date are assumed, those
// of the lunar calendar are not, and Provisional says so. It does not follow the rule of the statutory periods, which begin on the next day and end with a day's end (Civil Code,
// articles 201 to 203); that is the law's clock, not that of casework.
package worktime

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"twoweave/internal/base/lang"
)

// Clock is how time is counted.
type Clock string

const (
	WorkingHour Clock = "working hour" // 工作时
	WorkingDay  Clock = "working day"  // 工作日
	UrgentHour  Clock = "urgent hour"  // 紧急工作时: round the clock
	UrgentDay   Clock = "urgent day"   // 紧急工作日: likewise
)

// Clocks are all clocks.
var Clocks = []Clock{WorkingHour, WorkingDay, UrgentHour, UrgentDay}

// Working says whether the clock stands while offices do not work.
func (c Clock) Working() bool { return c == WorkingHour || c == WorkingDay }

// zh are the clocks' units as people in the trade say them.
var zh = map[Clock]string{WorkingHour: "工作时", WorkingDay: "工作日", UrgentHour: "紧急工作时", UrgentDay: "紧急工作日"}

// Limit is an amount on one of the clocks: 3 urgent hours, 5 working days.
type Limit struct {
	Amount int
	Clock  Clock
}

// most bounds a limit to about a year: 366 days, round the clock or of eight hours' work.
func (c Clock) most() int {
	switch c {
	case UrgentHour:
		return 366 * 24
	case WorkingHour:
		return 366 * 8
	}
	return 366
}

// IsZero says whether there is no limit.
func (l Limit) IsZero() bool { return l == Limit{} }

// String is the limit as it is written: "1 working day", "3 urgent hours"; nothing for none.
func (l Limit) String() string {
	switch {
	case l.IsZero():
		return ""
	case l.Amount == 1:
		return "1 " + string(l.Clock)
	}
	return fmt.Sprintf("%d %ss", l.Amount, l.Clock)
}

// Text is the limit for people.
func (l Limit) Text() lang.Text {
	if l.IsZero() {
		return lang.Text{}
	}
	return lang.Text{ZH: fmt.Sprintf("%d 个%s", l.Amount, zh[l.Clock]), EN: l.String()}
}

// MarshalText writes the limit.
func (l Limit) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads a limit; an empty text is none. What is refused leaves the limit as it was, and the error is safe to show.
func (l *Limit) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*l = Limit{}
		return nil
	}
	number, unit, _ := strings.Cut(string(text), " ")
	amount, err := strconv.Atoi(number)
	read := Limit{Amount: amount, Clock: Clock(strings.TrimSuffix(unit, "s"))}
	written := read.String() == string(text) || read.String() == string(text)+"s"
	if err != nil || !written || zh[read.Clock] == "" {
		return fmt.Errorf("%q is no limit; allowed is an amount of working hours, working days, urgent hours or urgent days, such as 3 urgent hours or 1 working day", text)
	}
	if amount < 1 || amount > read.Clock.most() {
		return fmt.Errorf("%q is out of bounds; allowed are 1 to %d %ss", text, read.Clock.most(), read.Clock)
	}
	*l = read
	return nil
}

// Span is a stretch of a day in which offices work, from and to as time since midnight.
type Span struct{ From, To time.Duration }

// Hours are the spans of a working day, in order.
type Hours []Span

// OfficeHours are eight hours a day, as the State Council's rule on working hours has it (国务院关于职工工作时间的规定, article 3); where in the day they lie is assumed.
var OfficeHours = Hours{{8*time.Hour + 30*time.Minute, 12 * time.Hour}, {13 * time.Hour, 17*time.Hour + 30*time.Minute}}

func (h Hours) length() (sum time.Duration) {
	for _, s := range h {
		sum += s.To - s.From
	}
	return sum
}

// before is how much of a day's work lies before a time of the day.
func (h Hours) before(at time.Duration) (sum time.Duration) {
	for _, s := range h {
		if at > s.From {
			sum += min(at, s.To) - s.From
		}
	}
	return sum
}

// at is the first time of the day before which so much of the work lies; counted is above 0 and at most a day's.
func (h Hours) at(counted time.Duration) time.Duration {
	for _, s := range h {
		if counted <= s.To-s.From {
			return s.From + counted
		}
		counted -= s.To - s.From
	}
	return h[len(h)-1].To
}

func (h Hours) check() (problems []error) {
	if len(h) == 0 {
		problems = append(problems, fmt.Errorf("there are no working hours; a working day has at least one span"))
	}
	last := time.Duration(0)
	for _, s := range h {
		if s.From < last || s.To <= s.From || s.To > 24*time.Hour {
			problems = append(problems, fmt.Errorf("working hours from %v to %v: spans lie within a day, one after another", s.From, s.To))
		}
		last = max(last, s.To)
	}
	return problems
}
