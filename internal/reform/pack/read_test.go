package pack_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"twoweave/internal/base/fault"
	"twoweave/internal/reform/pack"
)

// small is a whole pack with one of each.
var small = map[string]string{
	"pack.yaml": "pack: small\nversion: 1\ntitle: {zh: 小, en: Small}\nlicence: Apache-2.0\n",
	"areas.yaml": `frame: {width: 10, height: 10}
areas:
  - {code: "001", name: {zh: 一, en: One}, kind: street, shape: [[0, 0], [5, 0], [5, 5]]}
`,
	"units.yaml": "units:\n  - {unit: water-bureau, name: {zh: 水务, en: Water}, kind: water}\n",
	"events/level.yaml": `type: level
title: {zh: 水位, en: Level}
kind: observation
key: subject
retention: 7d
lateness: 10m
dedup: 24h
schema:
  type: object
  required: [cm]
  additionalProperties: false
  properties:
    cm: {type: number, minimum: 0}
    site: {type: string}
---
type: visit
title: {zh: 就诊, en: Visit}
kind: notice
key: area
retention: 1d
lateness: 0s
dedup: 1h
personal: {kind: phone, by: phone, fields: [phone, name]}
schema:
  type: object
  properties:
    phone: {type: string}
    name: {type: string}
    triage: {type: integer}
`,
	"scenarios/high.yaml": `scenario: high
version: 1
title: {zh: 高, en: High}
domain: facilities
on: level
operator: match
when: data.cm >= 15.0
until: data.cm < 10.0
severity: major
class: ponding
note: assumed
`,
	"indicators/visits.yaml": `indicator: visits
title: {zh: 就诊, en: Visits}
unit: {zh: 次, en: visits}
on: visit
window: 60m
bands: {attention: 5, alarm: 9}
city: {attention: 50, alarm: 90}
scenarios: [high]
`,
	"classes/ponding.yaml": "class: ponding\ntitle: {zh: 积水, en: Ponding}\nsource: assumed\nunit: water\nlimit: 2h\nreminder: 30m\n",
	"tests/high.yaml": `test: high-fires
about: [high]
steps:
  - {at: 0s, event: level, subject: a, area: "001", data: {cm: 15}}
  - {at: 1s, expect: [{started: high, subject: a, episode: 1}]}
`,
	"maps/levels.yaml": `map: levels
title: {zh: 水位, en: Levels}
type: level
zone: Asia/Shanghai
missing: ["", "NA"]
id: {columns: [station, n]}
subject: {columns: [station]}
time: {columns: [year, month, day, hour], format: "2006 1 2 15"}
area: {column: station, codes: {a: "001"}, unplaced: [nowhere]}
data:
  - {field: cm, column: cm, as: number, required: true}
  - {field: site, column: kind, values: {R: road}, unmapped: [X]}
`,
}

// folder is small with some files replaced; an empty text removes one.
func folder(change map[string]string) fstest.MapFS {
	all := maps.Clone(small)
	maps.Copy(all, change)
	fsys := fstest.MapFS{}
	for name, text := range all {
		if text != "" {
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return fsys
}

func edit(file, old, new string) map[string]string {
	if !strings.Contains(small[file], old) {
		panic(fmt.Sprintf("%s does not hold %q", file, old))
	}
	return map[string]string{file: strings.Replace(small[file], old, new, 1)}
}

func TestAPackSurvivesItsArchive(t *testing.T) {
	t.Parallel()
	p, err := pack.Read(folder(nil))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Types) != 2 || len(p.Scenarios) != 1 || len(p.Indicators) != 1 || len(p.Classes) != 1 || len(p.Areas) != 1 || len(p.Tests) != 1 || len(p.Maps) != 1 {
		t.Fatalf("something of the pack is missing: %+v", p)
	}
	again, err := pack.Open(p.Archive())
	if err != nil {
		t.Fatal(err)
	}
	if again.Hash() != p.Hash() || again.Scenarios[0].When != "data.cm >= 15.0" {
		t.Errorf("the archive gives another pack: %s, %s", again.Hash(), p.Hash())
	}
	other, err := pack.Read(folder(edit("scenarios/high.yaml", "15.0", "16.0")))
	if err != nil {
		t.Fatal(err)
	}
	if other.Hash() == p.Hash() {
		t.Error("another content has the same hash")
	}
	for _, n := range []int{0, 1, 5, len(p.Archive()) / 2, len(p.Archive()) - 1} {
		if _, err := pack.Open(p.Archive()[:n]); !fault.Is(err, fault.Invalid) {
			t.Errorf("an archive cut at %d gives %v", n, err)
		}
	}
}

// Each case is one mistake; the problem must name the place and what is allowed.
func TestMistakesAreToldWithTheirPlace(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change map[string]string
		want   string
	}{
		"unknown field":     {edit("scenarios/high.yaml", "severity:", "severty:"), "scenarios/high.yaml:9:1: severty: unknown field; allowed are absence, also, anomaly, class,"},
		"repeated key":      {edit("scenarios/high.yaml", "version: 1", "version: 1\nversion: 2"), "scenarios/high.yaml:3:1: version: the key is there twice"},
		"wrong type":        {edit("scenarios/high.yaml", "version: 1", "version: one"), `scenarios/high.yaml:2:10: version: "one" is not a whole number`},
		"word not allowed":  {edit("scenarios/high.yaml", "match", "watch"), `scenarios/high.yaml:6:11: operator: "watch" is not allowed; allowed are match, sustain`},
		"one language":      {edit("scenarios/high.yaml", "{zh: 高, en: High}", "{zh: 高}"), "scenarios/high.yaml:3:8: title: both languages"},
		"no note":           {edit("scenarios/high.yaml", "note: assumed", "note: ''"), "note: where the threshold comes from"},
		"for with match":    {edit("scenarios/high.yaml", "note:", "for: 5m\nnote:"), "scenarios/high.yaml:11:6: for: the operator match has no for"},
		"bad duration":      {edit("events/level.yaml", "7d", "week"), `events/level.yaml:5:12: retention: "week" is not a duration; allowed`},
		"part of a day":     {edit("events/level.yaml", "7d", "36h"), "events/level.yaml:5:12: retention: the retention is whole days"},
		"not YAML":          {edit("classes/ponding.yaml", "unit:", "unit: ["), "classes/ponding.yaml:"},
		"alias":             {edit("classes/ponding.yaml", "unit: water", "unit: &u water"), "classes/ponding.yaml:4:7: unit: anchors and aliases"},
		"outside the frame": {edit("areas.yaml", "[5, 5]", "[50, 5]"), "areas.yaml:3:"},
		"area code":         {edit("areas.yaml", `"001"`, `"0 1"`), "is not an area code"},
		"window":            {edit("indicators/visits.yaml", "60m", "90m"), "indicators/visits.yaml:5:9: window: the window is whole minutes"},
		"bands":             {edit("indicators/visits.yaml", "alarm: 9", "alarm: 5"), "indicators/visits.yaml:6:8: bands"},
		"time goes back":    {edit("tests/high.yaml", "at: 1s", "at: -1s"), "steps.1.at: time does not go back"},
		"test cannot fail":  {edit("tests/high.yaml", ", expect: [{started: high, subject: a, episode: 1}]", ""), "the test could not fail"},
		"zone":              {edit("maps/levels.yaml", "Asia/Shanghai", "Asia/Nowhere"), `maps/levels.yaml:4:7: zone: "Asia/Nowhere" is not a time zone`},
		"mapped twice":      {edit("maps/levels.yaml", "unmapped: [X]", "unmapped: [R]"), `"R" is mapped and unmapped`},
		"no pack file":      {map[string]string{"pack.yaml": ""}, "pack.yaml: the file is missing"},
		"stray file":        {map[string]string{"scenario/x.yaml": "a: b"}, "scenario/x.yaml: no part of a pack is in such a file"},
		"same name":         {map[string]string{"scenarios/low.yaml": small["scenarios/high.yaml"]}, "scenarios/low.yaml:1:11: scenario: scenario high is there twice, first in scenarios/high.yaml:1"},
		"personal":          {edit("events/level.yaml", "by: phone", "by: id"), "personal.by: the identifying field"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := pack.Read(folder(c.change))
			wantProblem(t, err, c.want)
		})
	}
}

func wantProblem(t *testing.T, err error, want string) {
	t.Helper()
	if !fault.Is(err, fault.Invalid) {
		t.Fatalf("got %v, want an Invalid fault", err)
	}
	problems := fault.Problems(err)
	if !slices.ContainsFunc(problems, func(p fault.Problem) bool { return strings.Contains(p.String(), want) }) {
		t.Errorf("no problem tells %q; got %v", want, problems)
	}
}

func TestAllProblemsAreToldAtOnce(t *testing.T) {
	t.Parallel()
	change := edit("scenarios/high.yaml", "severity: major", "severity: huge")
	maps.Copy(change, edit("classes/ponding.yaml", "limit: 2h", "limit: 2"))
	maps.Copy(change, edit("pack.yaml", "version: 1", "version: 0"))
	_, err := pack.Read(folder(change))
	if got := fault.Problems(err); len(got) != 3 {
		t.Errorf("three files have one mistake each; told are %v", got)
	}
}

func TestContentThatWasMadeToDoHarmIsRefused(t *testing.T) {
	t.Parallel()
	head := "pack: town\nversion: 1\ntitle: {zh: 小镇, en: Town}\nlicence: Apache-2.0\n"
	for name, text := range map[string]string{
		"larger than 1 MiB": head + "# " + strings.Repeat("x", 1<<20),
		"nested more than":  head + "without: " + strings.Repeat("[", 100) + strings.Repeat("]", 100),
		"not YAML":          head + "without: " + strings.Repeat("[", 100_000),
		"anchor":            head + "without: &a [x, x]\n",
	} {
		_, err := pack.Read(fstest.MapFS{"pack.yaml": {Data: []byte(text)}})
		if problems := fault.Problems(err); len(problems) != 1 || !strings.Contains(problems[0].Message, name) {
			t.Errorf("%s: %v", name, problems)
		}
	}
}
