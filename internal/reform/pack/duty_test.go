package pack_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"twoweave/internal/reform/pack"
	"twoweave/internal/registry"
)

// staffed is the small pack with grids, rules and a roster.
func staffed(change map[string]string) map[string]string {
	all := map[string]string{
		"grids.yaml": `grids:
  - {grid: 001-01, name: {zh: 一格, en: Grid One}, area: "001", unit: water-bureau, workers: [ann], shape: [[0, 0], [5, 0], [5, 5]]}
`,
		"routing.yaml": `routing:
  - {rule: our-ponding, class: ponding, area: "001", to: water-bureau, why: {zh: 协议, en: an agreement}}
  - {rule: high, scenario: high, to_kind: water, why: {zh: 协议, en: an agreement}}
`,
		"roster.yaml": `persons:
  - {person: ann, name: {zh: 安, en: Ann}}
  - {person: bo, name: {zh: 博, en: Bo}, unit: water-bureau}
shifts:
  - {shift: day, name: {zh: 早班, en: Day}, from: 08:00, to: "20:00", days: working}
posts:
  - {post: operator, name: {zh: 受理, en: Operator}, shifts: [day], within: 3m}
  - {post: water, name: {zh: 水务值班, en: Water}, unit: water-bureau, shifts: [day], next: operator}
duties:
  - {post: operator, shift: day, persons: [ann], from: 2026-01-01, turn: 1}
  - {post: water, shift: day, persons: [bo], until: 2026-12-31}
deputies:
  - {for: bo, by: ann, from: 2026-07-01T00:00:00Z, until: 2026-07-02T00:00:00Z, why: leave}
otherwise: operator
`,
	}
	maps.Copy(all, change)
	return all
}

func TestAPackSaysWhoIsResponsibleAndOnDuty(t *testing.T) {
	t.Parallel()
	d := combine(t, read(t, staffed(nil))).Directory
	a := d.Route(registry.Question{Class: "ponding", Area: "001"})
	if !a.OK || a.Steps[0].Rule != "our-ponding" || a.Unit != "water-bureau" {
		t.Errorf("%+v", a)
	}
	if g, ok := d.GridDrawnAt(4, 1); !ok || g.ID != "001-01" {
		t.Errorf("%+v", g)
	}
	w := d.Watch(func(time.Time) bool { return true })
	for at, want := range map[string]registry.PersonID{"2026-07-01T01:00:00Z": "ann", "2026-07-02T01:00:00Z": "bo"} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		ladder := w.Ladder("water-bureau", when)
		if len(ladder) != 2 || len(ladder[0].People) != 1 || ladder[0].People[0].Person != want || ladder[1].Within != 3*time.Minute {
			t.Errorf("at %s: %+v", at, ladder)
		}
	}
}

func TestMistakesInDutyFilesAreToldWithTheirPlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, old, new, want string }{
		"class":         {"routing.yaml", "class: ponding", "class: pond", `routing.yaml:2:32: routing.0.class: no pack has the matter class "pond"`},
		"scenario":      {"routing.yaml", "scenario: high", "scenario: low", `routing.yaml:3:28: routing.1.scenario: no pack has the scenario "low"`},
		"unit":          {"routing.yaml", "to: water-bureau", "to: bureau", "routing.yaml:2:58: routing.0.to: rule our-ponding names unit bureau, which does not exist"},
		"no reason":     {"routing.yaml", "why: {zh: 协议, en: an agreement}}\n  - {rule: high", "why: {zh: 协议}}\n  - {rule: high", "routing.0.why: both languages"},
		"rule's name":   {"routing.yaml", "rule: high", "rule: High", `"High" is not a name`},
		"frame":         {"grids.yaml", "[5, 5]", "[5, 50]", "grids.yaml:2:123: grids.0.shape.2: the point [5 50] is outside the frame of 10 × 10"},
		"grid's area":   {"grids.yaml", `"001"`, `"002"`, "grids.yaml:2:56: grids.0.area: grid 001-01 names area"},
		"worker":        {"grids.yaml", "[ann]", "[eve]", "grids.yaml:2:92: grids.0.workers: grid 001-01 names person eve"},
		"grid's name":   {"grids.yaml", "en: Grid One", "en: ''", "grids.0.name: both languages"},
		"time":          {"roster.yaml", "from: 08:00", "from: eight", `roster.yaml:5:49: shifts.0.from: "eight" is not a time of day`},
		"day":           {"roster.yaml", "from: 2026-01-01", "from: 1.1.", `duties.0.from: "1.1." is not a day`},
		"moment":        {"roster.yaml", "2026-07-01T00:00:00Z", "soon", "deputies.0.from: "},
		"shift":         {"roster.yaml", "shift: day, persons: [bo]", "shift: night, persons: [bo]", `roster.yaml:11:26: duties.1.shift: the duty names shift "night"`},
		"stranger":      {"roster.yaml", "persons: [bo]", "persons: [eve]", "duties.1.persons: the duty names person eve"},
		"otherwise":     {"roster.yaml", "otherwise: operator", "otherwise: boss", "roster.yaml:14:12: otherwise: otherwise names post boss"},
		"post's name":   {"roster.yaml", "zh: 受理, en: Operator", "zh: 受理", "posts.0.name: both languages"},
		"unknown field": {"roster.yaml", "otherwise:", "otherwhere:", "roster.yaml:14:1: otherwhere: unknown field; allowed are deputies, duties, otherwise, persons, posts, shifts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := staffed(nil)
			changed := strings.Replace(files[c.file], c.old, c.new, 1)
			if changed == files[c.file] {
				t.Fatal("nothing was changed")
			}
			p, err := pack.Read(folder(staffed(map[string]string{c.file: changed})))
			if err == nil {
				_, err = pack.Combine(p)
			}
			wantProblem(t, err, c.want)
		})
	}
}

func TestRostersOfTwoPacksAreOne(t *testing.T) {
	t.Parallel()
	other := map[string]string{}
	for name := range small {
		other[name] = ""
	}
	other["pack.yaml"] = "pack: other\nversion: 1\ntitle: {zh: 别, en: Other}\nlicence: Apache-2.0\n"
	other["roster.yaml"] = "duties:\n  - {post: water, shift: day, persons: [ann]}\n"
	d := combine(t, read(t, staffed(nil)), read(t, other)).Directory
	if on := d.Watch(func(time.Time) bool { return true }).OnDuty("water", time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)); len(on) != 2 {
		t.Errorf("%+v", on)
	}
	other["roster.yaml"] += "  - {post: gone, shift: day, persons: [ann]}\notherwise: water\n"
	_, err := pack.Combine(read(t, staffed(nil)), read(t, other))
	wantProblem(t, err, `other/roster.yaml:3:12: duties.1.post: the duty names post "gone"`)
	wantProblem(t, err, "otherwise: another pack calls post")
}
