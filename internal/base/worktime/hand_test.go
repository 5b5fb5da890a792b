package worktime_test

import (
	"strings"
	"testing"

	"twoweave/internal/base/worktime"
)

// byHand are limits as somebody with the notices and a paper calendar worked them out: from | limit | suspended from – to, if it was | due.
// Offices work from 08:30 to 12:00 and from 13:00 to 17:30.
const byHand = `
# Golden Week 2024: Sunday 29 September and Saturday 12 October are worked.
2024-09-30 10:00 | 1 working day   | | 2024-10-08 10:00
2024-09-28 10:00 | 1 working hour  | | 2024-09-29 09:30
2024-09-27 17:00 | 1 working hour  | | 2024-09-29 09:00
2024-09-30 17:30 | 1 working hour  | | 2024-10-08 09:30
2024-10-03 12:00 | 1 working day   | | 2024-10-08 17:30
2024-10-11 17:00 | 1 working day   | | 2024-10-12 17:00
2024-10-12 17:00 | 1 working hour  | | 2024-10-14 09:00
2024-09-30 10:00 | 24 urgent hours | | 2024-10-01 10:00
2024-10-01 00:00 | 5 working days  | | 2024-10-12 17:30
2024-09-26 09:00 | 5 working days  | | 2024-10-09 09:00
# Spring Festival 2024: Sundays 4 and 18 February are worked, and Friday the 9th is no holiday.
2024-02-09 16:30 | 2 working hours | | 2024-02-18 09:30
2024-02-08 09:00 | 3 working days  | | 2024-02-19 09:00
2024-02-03 12:00 | 4 working hours | | 2024-02-04 13:30
2024-02-17 23:59 | 1 working hour  | | 2024-02-18 09:30
2024-02-10 08:30 | 2 urgent days   | | 2024-02-12 08:30
# Qingming, Labour Day, Dragon Boat and Mid-Autumn 2024.
2024-04-03 17:00 | 1 working hour  | | 2024-04-07 09:00
2024-04-05 10:00 | 1 working day   | | 2024-04-07 17:30
2024-04-26 15:00 | 1 working day   | | 2024-04-28 15:00
2024-04-30 13:00 | 2 working days  | | 2024-05-07 12:00
2024-05-10 13:00 | 1 working day   | | 2024-05-11 12:00
2024-06-07 16:30 | 2 working hours | | 2024-06-11 09:30
2024-09-13 17:00 | 1 working day   | | 2024-09-14 17:00
2024-09-14 16:00 | 4 working hours | | 2024-09-18 11:00
# The ends of 2023, 2024 and 2025.
2023-12-29 17:00 | 1 working hour  | | 2024-01-02 09:00
2024-12-31 10:00 | 1 working day   | | 2025-01-02 10:00
2025-01-01 10:00 | 2 urgent hours  | | 2025-01-01 12:00
2025-12-31 13:00 | 1 working day   | | 2026-01-04 12:00
2026-01-04 16:30 | 2 working hours | | 2026-01-05 09:30
# Spring Festival 2025: Sunday 26 January and Saturday 8 February are worked.
2025-01-24 13:00 | 2 working days  | | 2025-01-27 12:00
2025-01-27 17:00 | 1 working day   | | 2025-02-05 17:00
2025-02-07 09:00 | 2 working days  | | 2025-02-10 09:00
2025-01-28 00:00 | 1 working hour  | | 2025-02-05 09:30
# Qingming, Labour Day and Dragon Boat 2025.
2025-04-03 17:29 | 1 working hour  | | 2025-04-07 09:29
2025-04-25 17:30 | 1 working day   | | 2025-04-27 17:30
2025-04-30 14:00 | 1 working day   | | 2025-05-06 14:00
2025-05-30 16:00 | 3 working hours | | 2025-06-03 10:00
# Golden Week 2025: Sunday 28 September and Saturday 11 October are worked.
2025-09-26 16:00 | 1 working day   | | 2025-09-28 16:00
2025-09-30 17:00 | 1 working hour  | | 2025-10-09 09:00
2025-10-01 09:00 | 3 working days  | | 2025-10-11 17:30
2025-10-11 17:30 | 1 working day   | | 2025-10-13 17:30
# Spring Festival 2026: Saturdays 14 and 28 February are worked.
2026-02-13 17:00 | 1 working day   | | 2026-02-14 17:00
2026-02-14 17:00 | 1 working hour  | | 2026-02-24 09:00
2026-02-20 12:00 | 4 working hours | | 2026-02-24 13:30
2026-02-27 12:30 | 1 working day   | | 2026-02-28 12:00
2026-02-13 09:00 | 10 working days | | 2026-03-05 09:00
# Labour Day, Dragon Boat, Mid-Autumn and Golden Week 2026.
2026-04-30 17:15 | 1 working hour  | | 2026-05-06 09:15
2026-05-08 17:30 | 4 working hours | | 2026-05-09 13:30
2026-06-18 17:00 | 1 working hour  | | 2026-06-22 09:00
2026-09-18 17:30 | 1 working day   | | 2026-09-20 17:30
2026-09-24 17:00 | 1 working day   | | 2026-09-28 17:00
2026-09-30 15:00 | 2 working days  | | 2026-10-09 15:00
2026-10-09 17:00 | 1 working day   | | 2026-10-10 17:00
# The edges of a day.
2026-07-01 08:30 | 1 working day   | | 2026-07-01 17:30
2026-07-01 12:00 | 1 working hour  | | 2026-07-01 14:00
2026-07-01 11:00 | 1 working hour  | | 2026-07-01 12:00
2026-07-01 12:30 | 1 working hour  | | 2026-07-01 14:00
2026-07-01 23:00 | 1 working hour  | | 2026-07-02 09:30
2026-07-03 17:30 | 1 working hour  | | 2026-07-06 09:30
# A burst water main in the night before Golden Week: fence it, mend it, restore the surface.
2026-09-30 22:00 | 3 urgent hours  | | 2026-10-01 01:00
2026-10-01 00:30 | 8 urgent hours  | | 2026-10-01 08:30
2026-10-01 08:00 | 5 working days  | | 2026-10-13 17:30
# Suspended: into a holiday, over one, in the night, and on the clock that never rests.
2026-09-29 09:00 | 3 working days  | 2026-09-30 12:00 – 2026-10-09 13:00 | 2026-10-12 09:00
2025-09-30 09:00 | 1 working day   | 2025-09-30 10:00 – 2025-10-06 00:00 | 2025-10-09 16:30
2026-07-01 16:30 | 2 working hours | 2026-07-01 20:00 – 2026-07-02 07:00 | 2026-07-02 09:30
2026-07-01 10:00 | 8 urgent hours  | 2026-07-01 12:00 – 2026-07-03 01:00 | 2026-07-03 07:00
# A year without a notice: only the days of fixed date are assumed.
2027-09-30 17:00 | 1 working hour  | | 2027-10-04 09:00
`

func TestByHand(t *testing.T) {
	t.Parallel()
	c, tried := worktime.China(), 0
	for line := range strings.Lines(byHand) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "|")
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		var limit worktime.Limit
		if err := limit.UnmarshalText([]byte(f[1])); err != nil {
			t.Fatal(err)
		}
		from, left := at(t, f[0]), c.Length(limit)
		if stopped, resumed, was := strings.Cut(f[2], " – "); was {
			left -= c.Counted(from, at(t, stopped), limit.Clock)
			from = at(t, resumed)
		}
		if due := c.Due(from, left, limit.Clock); !due.Equal(at(t, f[3])) {
			t.Errorf("%s: due %s", line, due.In(zone).Format("2006-01-02 15:04"))
		}
		tried++
	}
	if tried < 60 {
		t.Errorf("only %d by hand", tried)
	}
}
