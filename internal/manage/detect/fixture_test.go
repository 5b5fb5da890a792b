package detect

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"twoweave/internal/manage/event"
	"twoweave/internal/manage/order"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// zero is the moment that the times of tests count from.
var zero = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

const eventTypes = `type: level
title: {zh: 水位, en: Level}
kind: observation
key: subject
retention: 7d
lateness: 30s
dedup: 2m
schema:
  type: object
  properties:
    cm: {type: number}
    plate: {type: string}
---
type: call
title: {zh: 来电, en: Call}
kind: notice
key: area
retention: 1d
lateness: 1m
dedup: 1m
cap: {sender: 5}
schema:
  type: object
  properties:
    urgent: {type: boolean}
    plate: {type: string}
`

// rules are the scenarios that tests choose from; a name with a dash and a letter is a changed version of the one before the dash.
var rules = map[string]string{
	"flat":        "operator: window\nwhere: data.cm > 0.0\nwindow: {over: 60s, measure: avg, of: data.cm}\nwhen: value >= 12.0\nuntil: value < 12.0 || count == 0",
	"flat-long":   "operator: window\nwhere: data.cm > 0.0\nwindow: {over: 90s, measure: avg, of: data.cm}\nwhen: value >= 14.0\nuntil: value < 14.0 || count == 0",
	"still":       "operator: sustain\nwhere: data.cm > 0.0\nwhen: data.cm >= 15.0\nfor: 30s",
	"still-more":  "operator: sustain\nwhere: data.cm > 0.0\nwhen: data.cm >= 15.0\nfor: 50s",
	"still-less":  "operator: sustain\nwhere: data.cm > 0.0\nwhen: data.cm >= 15.0\nfor: 15s",
	"steep":       "operator: window\nwindow: {over: 90s, measure: count}\nwhen: count >= 2\nfor: 20s",
	"steep-more":  "operator: window\nwindow: {over: 120s, measure: count}\nwhen: count >= 2\nfor: 10s",
	"held":        "operator: match\nwhen: data.cm >= 15.0\nuntil: data.cm < 0.0\nhold: 60s",
	"tense":       "operator: match\nwhen: data.cm >= limit.high\nuntil: data.cm < limit.low\nlimits: {high: {daily: 30.0, special: 20.0, emergency-3: 10.0}, low: {daily: 8.0}}\nstates: {emergency-4: {severity: critical}}",
	"byplate":     "operator: match\nsubject: data.plate\nwhen: data.cm >= 15.0",
	"high":        "operator: match\nwhen: data.cm >= 15.0\nuntil: data.cm < 10.0",
	"high-title":  "operator: match\nwhen: data.cm >= 15.0\nuntil: data.cm < 10.0\nseverity: critical",
	"high-rule":   "operator: match\nwhen: data.cm >= 12.0\nuntil: data.cm < 10.0",
	"over":        "operator: match\nwhen: data.cm >= 15.0",
	"both":        "operator: match\nwhen: data.cm >= 15.0\nuntil: data.cm >= 30.0 || data.cm < 10.0",
	"east":        "operator: match\nwhere: area == 'east'\nwhen: data.cm >= 15.0",
	"plate":       "operator: match\nsubject: subject + '/' + data.plate\nwhen: data.cm >= 15.0",
	"long":        "operator: sustain\nwhen: data.cm >= 15.0\nuntil: data.cm < 10.0\nfor: 60s",
	"long-rule":   "operator: sustain\nwhen: data.cm >= 15.0\nuntil: data.cm < 10.0\nfor: 90s",
	"steady":      "operator: sustain\nwhen: data.cm >= 15.0\nfor: 30s",
	"steady-high": "operator: sustain\nwhen: data.cm >= 18.0\nfor: 30s",
	"mean":        "operator: window\nwindow: {over: 60s, measure: avg, of: data.cm}\nwhen: value >= limit.high\nuntil: value < 10.0\nlimits: {high: {daily: 15.0, special: 12.0}}",
	"mean-long":   "operator: window\nwindow: {over: 120s, measure: avg, of: data.cm}\nwhen: value >= 14.0\nuntil: value < 10.0",
	"mean-vast":   "operator: window\nwindow: {over: 10m, measure: avg, of: data.cm}\nwhen: value >= 14.0\nuntil: value < 10.0",
	"tumble":      "operator: window\nwindow: {over: 30s, measure: max, of: data.cm, kind: tumbling}\nwhen: value >= 15.0",
	"plates":      "operator: window\nsubject: data.plate\nwindow: {over: 5m, measure: distinct, of: subject}\nwhen: value >= 3.0\nuntil: value < 2.0\nevidence: 20",
	"busy":        "operator: window\nwindow: {over: 5m, measure: count}\nwhen: count >= 1000\nevidence: 20",
	"streets":     "operator: cluster\nsubject: data.plate\ncluster: {metres: 300, over: 60s}\nwhen: count >= 4",
	"quiet":       "operator: absence\nabsence: {gap: 40s}",
	"quiet-long":  "operator: absence\nabsence: {gap: 70s}",
	"rise":        "operator: sequence\nwhere: data.cm < 10.0\nalso: [{on: level, where: data.cm >= 15.0}]\nsequence: {within: 60s}\nhold: 30s",
	"pair":        "operator: join\nsubject: data.plate\nwhere: data.cm >= 15.0\nalso: [{on: call, subject: data.plate}]\njoin: {within: 60s}\nwhen: both && other.data.urgent\nhold: 90s",
	"near":        "operator: cluster\nwhere: data.cm >= 12.0\ncluster: {metres: 300, over: 60s}\nwhen: count >= 4 && sources >= 2",
	"zone":        "operator: geofence\ngeofence: {fences: [{name: dock, centre: {lon: 121.5, lat: 31.2}, metres: 400}]}",
	"odd":         "operator: anomaly\nanomaly: {of: data.cm}\nwhen: score >= 0.9\nhold: 60s",
	"steady-low":  "operator: sustain\nwhen: data.cm >= 12.0\nfor: 30s",
}

// setOf is a set with the named scenarios, and the indicator calls.
func setOf(t testing.TB, names ...string) *pack.Set {
	t.Helper()
	files := fstest.MapFS{
		"pack.yaml":             {Data: []byte("pack: test\nversion: 1\ntitle: {zh: 试, en: Test}\nlicence: Apache-2.0\n")},
		"events/types.yaml":     {Data: []byte(eventTypes)},
		"classes/all.yaml":      {Data: []byte("class: ponding\ntitle: {zh: 积水, en: Ponding}\nsource: assumed\nunit: water\nlimit: 2h\nreminder: 30m\n")},
		"indicators/calls.yaml": {Data: []byte(callsIndicator)},
	}
	for _, name := range names {
		files["scenarios/"+name+".yaml"] = &fstest.MapFile{Data: []byte(scenarioText(t, name))}
	}
	p, err := pack.Read(files)
	if err != nil {
		t.Fatal(err)
	}
	set, err := pack.Combine(p)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

const callsIndicator = `indicator: calls
title: {zh: 来电, en: Calls}
unit: {zh: 次, en: calls}
on: call
window: 3m
bands: {attention: 5, alarm: 9}
city: {attention: 50, alarm: 90}
scenarios: []
`

func scenarioText(t testing.TB, name string) string {
	t.Helper()
	text, ok := rules[name]
	if !ok {
		t.Fatalf("no rule %q", name)
	}
	id, _, _ := strings.Cut(name, "-")
	if !strings.Contains(text, "\nseverity:") {
		text += "\nseverity: major"
	}
	return fmt.Sprintf("scenario: %s\nversion: 1\ntitle: {zh: 试, en: Test}\ndomain: facilities\non: level\nclass: ponding\nnote: assumed\n%s\n", id, text)
}

// script runs a partition from lines and writes what came out below each:
//
//	10s a cm=20          an event about a, stamped and dated 10 s after zero
//	10s a cm=20 t=5s     dated 5 s; also id=, area=, type=, plate=; without cm the value is missing
//	10s a cm=20 ; b cm=3 two events of one batch
//	60s tick
//	60s activate high    the set with these scenarios
type script struct {
	t   *testing.T
	p   *Partition
	seq uint64
	out strings.Builder
}

// transcript runs the inputs of a text (lines that do not begin with ">") and returns it with the outputs as they were.
func transcript(t *testing.T, p *Partition, text string) string {
	t.Helper()
	s := &script{t: t, p: p}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '>' {
			continue
		}
		s.out.WriteString(line + "\n")
		s.line(strings.Fields(line))
	}
	return s.out.String()
}

// expect runs a text and compares it with itself.
func expect(t *testing.T, set *pack.Set, text string) {
	t.Helper()
	if got, want := transcript(t, New(0, set), text), clean(text); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func clean(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

func (s *script) line(words []string) {
	s.t.Helper()
	at := zero.Add(duration(s.t, words[0]))
	s.seq++
	before := s.p.Accounting()
	var out Output
	switch words[1] {
	case "tick":
		out = s.p.Tick(seqOf(s.seq), at)
	case "activate":
		set := setOf(s.t, words[2:]...)
		out = s.p.Activate(seqOf(s.seq), ActivationOf(set), set)
	case "state", "silence", "takeback":
		out = s.p.Order(seqOf(s.seq), s.order(words[1:]))
	default:
		b := &event.Batch{Stamp: at}
		if words[1] == "copies" {
			b.Copies, words = true, words[1:]
		}
		for words := range slices.Values(splitWords(words[1:])) {
			b.Events = append(b.Events, s.event(at, words))
		}
		out = s.p.Events(seqOf(s.seq), b)
	}
	s.outcomes(before)
	s.out.WriteString(show(&out))
}

// order reads "state ID LEVEL", "silence ID" or "takeback ID", with area=, until=, from=, scenarios= and subjects= (by commas).
func (s *script) order(words []string) order.Control {
	s.t.Helper()
	given := map[string]string{}
	for _, w := range words[2:] {
		name, value, _ := strings.Cut(w, "=")
		given[name] = value
	}
	moment := func(name string) (at time.Time) {
		if text, some := given[name]; some {
			at = zero.Add(duration(s.t, text))
		}
		return at
	}
	list := func(name string) []string {
		return strings.FieldsFunc(given[name], func(r rune) bool { return r == ',' })
	}
	id, area := words[1], event.AreaCode(given["area"])
	switch words[0] {
	case "state":
		return order.Control{Kind: order.PutState, State: &order.State{ID: id, Level: order.Level(words[2]), Area: area, Until: moment("until")}}
	case "silence":
		return order.Control{Kind: order.PutSilence, Silence: &order.Silence{
			ID: id, Area: area, Scenarios: list("scenarios"), Subjects: list("subjects"), From: moment("from"), Until: moment("until"),
		}}
	}
	return order.Control{Kind: order.TakeBack, ID: id}
}

func splitWords(words []string) [][]string {
	all := [][]string{nil}
	for _, w := range words {
		if w == ";" {
			all = append(all, nil)
			continue
		}
		all[len(all)-1] = append(all[len(all)-1], w)
	}
	return all
}

func (s *script) event(at time.Time, words []string) event.Event {
	s.t.Helper()
	e := event.Event{
		ID: fmt.Sprintf("%d/%s", s.seq, words[0]), Source: "test", Type: "level", Sender: "tester", Subject: words[0], Time: at, Area: "middle",
	}
	var data []string
	for _, w := range words[1:] {
		name, value, _ := strings.Cut(w, "=")
		switch name {
		case "t":
			e.Time = zero.Add(duration(s.t, value))
		case "id":
			e.ID = value
		case "area":
			e.Area = event.AreaCode(value)
		case "type":
			e.Type = event.TypeName(value)
		case "data":
			data = []string{value}
		case "cm":
			data = append(data, `"cm":`+value)
		default:
			data = append(data, fmt.Sprintf("%q:%q", name, value))
		}
	}
	e.Data = []byte("{" + strings.Join(data, ",") + "}")
	h := fnv.New64a()
	h.Write(e.Data)
	e.Body = h.Sum64()
	return e
}

// outcomes writes what became of events that were not evaluated.
func (s *script) outcomes(before Accounting) {
	after := s.p.Accounting()
	for _, o := range []struct {
		name string
		n    int64
	}{
		{"duplicate", after.Duplicate - before.Duplicate}, {"conflict", after.Conflict - before.Conflict},
		{"late", after.Late - before.Late}, {"dead", after.Dead - before.Dead}, {"clamped", after.Clamped - before.Clamped},
		{"after-end", after.AfterEnd - before.AfterEnd}, {"overflow", after.Overflow - before.Overflow},
		{"forgotten", after.Forgotten - before.Forgotten}, {"capped", after.Capped - before.Capped}, {"new-capped", after.NewCapped - before.NewCapped},
		{"silenced", after.Silenced - before.Silenced}, {"copy-lost", after.CopiesLost - before.CopiesLost},
	} {
		for range o.n {
			s.out.WriteString("> " + o.name + "\n")
		}
	}
}

func show(out *Output) string {
	var b strings.Builder
	for _, d := range out.Detections {
		fmt.Fprintf(&b, "> %s %s %s#%d at %s since %s in %s evidence", d.Change, d.Scenario, d.Subject, d.Episode, offset(d.At), offset(d.Since), d.Area)
		for _, r := range d.Evidence {
			fmt.Fprintf(&b, " %s", offset(r.Time))
		}
		if d.More != 0 {
			fmt.Fprintf(&b, " +%d", d.More)
		}
		b.WriteByte('\n')
	}
	for _, s := range out.Samples {
		fmt.Fprintf(&b, "> %s %s = %s\n", s.Indicator, s.Area, strconv.FormatInt(s.Count, 10))
	}
	return b.String()
}

func offset(t time.Time) string {
	return strings.TrimSuffix(t.Sub(zero).String(), "m0s") + pad(t.Sub(zero))
}

// pad gives back the m that a whole number of minutes lost.
func pad(d time.Duration) string {
	if d != 0 && d%time.Minute == 0 {
		return "m"
	}
	return ""
}

func duration(t testing.TB, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func splitNames(names string) []string { return strings.Fields(names) }

func seqOf(n uint64) bus.Seq { return bus.Seq(n) }
