package detect

import "testing"

// absences finds the episodes of a person's silence: each begins when a gap is over with nothing newer, and ends with the first newer event.
func absences(l *keyedLog, items []int, gap int) (all []found) {
	for n, from := 1, 0; ; n++ {
		told := firstItem(items, from, func(i int) bool {
			newest, some := l.newest(items, i)
			return some && l.reached(i) >= newest+gap
		})
		if told < 0 {
			return all
		}
		newest, _ := l.newest(items, told)
		due := newest + gap
		all = append(all, found{told, due, startedLine(n, due, 0)})
		back := firstItem(items, told, func(i int) bool { return !l.all[i].tick && l.time(i) > newest })
		if back < 0 {
			return all
		}
		all = append(all, found{back, due, endedLine(n, max(l.time(back), due), due, 1)})
		from = back + 1
	}
}

func TestAbsenceFindsWhatTheOracleFinds(t *testing.T) {
	t.Parallel()
	checkKeyed(t, "operator: absence\nalso: [{on: meter, subject: data.who}]\nabsence: {gap: 40s}",
		func(keyedItem) bool { return true },
		func(l *keyedLog, items []int) []found { return absences(l, items, 40) })
}

func TestAbsenceOfFewEventsFindsWhatTheOracleFinds(t *testing.T) {
	t.Parallel()
	checkKeyed(t, "operator: absence\nwhere: data.cm >= 12.0\nabsence: {gap: 3m}",
		func(a keyedItem) bool { return a.typ == "door" && a.cm >= 12 },
		func(l *keyedLog, items []int) []found { return absences(l, items, 180) })
}
