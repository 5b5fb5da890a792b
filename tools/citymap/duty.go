package main

import (
	"bufio"
	"fmt"
	"math"
)

// patches cuts an area's outline into responsibility grids: a subdistrict into two, a town into four.
func patches(kind string, outline []point) [][]point {
	halves := cut(outline)
	if kind != "town" {
		return halves
	}
	return append(cut(halves[0]), cut(halves[1])...)
}

// cut divides an outline across its longest extent into two parts of the same size, corners rounded to a tenth.
func cut(outline []point) [][]point {
	along, from, to := point{1, 0}, math.Inf(1), math.Inf(-1)
	for turn := range 12 { // the direction, out of twelve, in which it is longest
		angle := float64(turn) * math.Pi / 12
		d := point{math.Cos(angle), math.Sin(angle)}
		if lo, hi := extent(outline, d); hi-lo > to-from {
			along, from, to = d, lo, hi
		}
	}
	whole := size(outline)
	for range 40 {
		middle := (from + to) / 2
		if size(clip(outline, at(along, middle-1), at(along, middle+1))) < whole/2 {
			from = middle
		} else {
			to = middle
		}
	}
	near, far := at(along, from-1), at(along, from+1)
	return [][]point{rounded(clip(outline, near, far)), rounded(clip(outline, far, near))}
}

func at(d point, far float64) point { return point{d.x * far, d.y * far} }

func extent(outline []point, d point) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, p := range outline {
		v := p.x*d.x + p.y*d.y
		lo, hi = min(lo, v), max(hi, v)
	}
	return lo, hi
}

func size(outline []point) float64 {
	var sum float64
	for i, p := range outline {
		q := outline[(i+1)%len(outline)]
		sum += p.x*q.y - q.x*p.y
	}
	return math.Abs(sum) / 2
}

func rounded(outline []point) []point {
	var out []point
	for _, p := range outline {
		p = point{math.Round(p.x*10) / 10, math.Round(p.y*10) / 10}
		if n := len(out); n == 0 || out[n-1] != p && out[0] != p {
			out = append(out, p)
		}
	}
	return out
}

func writeGrids(out *bufio.Writer, shapes [][]point) {
	fmt.Fprintln(out, "# Responsibility grids (责任网格), schematic (示意): each area cut into patches of the same size on our own drawing; no real grid looks like this.")
	fmt.Fprintln(out, "# Made by tools/citymap; do not edit by hand.")
	fmt.Fprintln(out, "grids:")
	for i, p := range places {
		for n, patch := range patches(p.kind, shapes[i]) {
			fmt.Fprintf(out, "  - grid: %s-%02d\n    name: {zh: %s%d号（示意）, en: '%s, grid %d (schematic)'}\n", p.code, n+1, p.zh, n+1, p.en, n+1)
			fmt.Fprintf(out, "    area: %q\n    unit: street-%s\n    workers: [demo-field-street-%s]\n    shape: [", p.code, p.code, p.code)
			for k, c := range patch {
				if k > 0 {
					fmt.Fprint(out, ", ")
				}
				fmt.Fprintf(out, "[%g, %g]", c.x, c.y)
			}
			fmt.Fprintln(out, "]")
		}
	}
}

// seat is a post of the centre: four invented persons in turns of a week, and beside them one whom the demonstration plays.
type seat struct {
	id, zh, en, plays, next string
	minutes                 int
	shifts                  []string
}

var roundTheClock = []string{"day", "evening", "night"}

var seats = []seat{
	{"dispatcher", "派遣员", "Dispatcher", "demo-dispatcher-1", "director", 5, roundTheClock},
	{"operator", "受理员", "Operator", "demo-operator-1", "dispatcher", 3, roundTheClock},
	{"verifier", "核查员", "Verifier", "demo-verifier-1", "operator", 10, []string{"day", "evening"}},
	{"director", "带班领导", "Director on duty", "", "", 10, []string{"whole-day"}},
}

func writeRoster(out *bufio.Writer) {
	fmt.Fprint(out, `# Who is on duty, schematic (示意): posts and shifts follow public practice, all persons are invented or played by the demonstration.
# A unit's first post is the one that is called first. Made by tools/citymap; do not edit by hand.
otherwise: dispatcher
shifts:
  - {shift: day, name: {zh: 早班, en: day shift}, from: "08:00", to: "16:00"}
  - {shift: evening, name: {zh: 中班, en: evening shift}, from: "16:00", to: "24:00"}
  - {shift: night, name: {zh: 夜班, en: night shift}, from: "00:00", to: "08:00"}
  - {shift: office, name: {zh: 日班, en: office hours}, from: "09:00", to: "17:30", days: working}
  - {shift: after-office, name: {zh: 夜间值班, en: after office hours}, from: "17:30", to: "09:00", days: working}
  - {shift: day-off, name: {zh: 节假日值班, en: weekend and holiday duty}, from: "09:00", to: "09:00", days: off}
  - {shift: whole-day, name: {zh: 全天, en: the whole day}, from: "09:00", to: "09:00"}
`)
	fmt.Fprintln(out, "persons:")
	for _, s := range seats {
		writeSeatPersons(out, s)
	}
	eachUnit(func(id, zh, en, _ string) {
		writePerson(out, "demo-field-"+id, zh+"处置员（示意）", en+", field worker (schematic)", id)
	})
	for _, p := range places {
		for n, half := range []string{"甲", "乙"} {
			writePerson(out, fmt.Sprintf("leader-%s-%d", p.code, n+1), p.zh+"值班长"+half+"（示意）", fmt.Sprintf("%s, shift leader %d (schematic)", p.en, n+1), "street-"+p.code)
		}
	}
	writePosts(out)
	writeDuties(out)
}

func writeSeatPersons(out *bufio.Writer, s seat) {
	if s.plays != "" {
		writePerson(out, s.plays, "模拟"+s.zh, "Simulated "+s.en, "")
	}
	for n, who := range []string{"甲", "乙", "丙", "丁"} {
		writePerson(out, fmt.Sprintf("%s-%d", s.id, n+1), s.zh+who+"（示意）", fmt.Sprintf("%s %d (schematic)", s.en, n+1), "")
	}
}

func writePerson(out *bufio.Writer, id, zh, en, unit string) {
	if unit != "" {
		unit = ", unit: " + unit
	}
	fmt.Fprintf(out, "  - {person: %s, name: {zh: %s, en: '%s'}%s}\n", id, zh, en, unit)
}

func eachUnit(do func(id, zh, en, code string)) {
	for _, p := range places {
		do("street-"+p.code, p.zh, p.en, p.code)
	}
	for _, b := range bureaus {
		do(b.id, b.zh, b.en, "")
	}
}

func writePosts(out *bufio.Writer) {
	fmt.Fprintln(out, "posts:")
	for _, s := range seats {
		next := ""
		if s.next != "" {
			next = ", next: " + s.next
		}
		fmt.Fprintf(out, "  - {post: %s, name: {zh: %s, en: %s}, shifts: %s%s, within: %dm}\n", s.id, s.zh, s.en, list(s.shifts), next, s.minutes)
	}
	eachUnit(func(id, zh, en, code string) {
		next := "dispatcher"
		if code != "" {
			next = "leader-" + code
		}
		fmt.Fprintf(out, "  - {post: on-call-%s, name: {zh: %s应急处置, en: '%s, on call'}, unit: %s, shifts: [whole-day], next: %s, within: 5m}\n", id, zh, en, id, next)
		if code != "" {
			fmt.Fprintf(out, "  - {post: leader-%s, name: {zh: %s值班长, en: '%s, shift leader'}, unit: %s, shifts: [office, after-office, day-off], next: dispatcher, within: 10m}\n", code, zh, en, id)
		}
	})
}

func writeDuties(out *bufio.Writer) {
	fmt.Fprintln(out, "duties:")
	for _, s := range seats {
		for n, shift := range s.shifts {
			if s.plays != "" {
				fmt.Fprintf(out, "  - {post: %s, shift: %s, persons: [%s]}\n", s.id, shift, s.plays)
			}
			order := make([]string, 4)
			for k := range order {
				order[k] = fmt.Sprintf("%s-%d", s.id, (k+n)%4+1) // nobody has two shifts in one week
			}
			fmt.Fprintf(out, "  - {post: %s, shift: %s, persons: %s, from: 2026-01-05, turn: 7}\n", s.id, shift, list(order))
		}
	}
	eachUnit(func(id, _, _, code string) {
		fmt.Fprintf(out, "  - {post: on-call-%s, shift: whole-day, persons: [demo-field-%s]}\n", id, id)
		for _, d := range [...]struct {
			shift string
			turn  int
		}{{"office", 7}, {"after-office", 1}, {"day-off", 1}} {
			if code != "" {
				fmt.Fprintf(out, "  - {post: leader-%s, shift: %s, persons: [leader-%s-1, leader-%s-2], from: 2026-01-05, turn: %d}\n", code, d.shift, code, code, d.turn)
			}
		}
	})
}

func list(words []string) string {
	text := "["
	for i, w := range words {
		if i > 0 {
			text += ", "
		}
		text += w
	}
	return text + "]"
}
