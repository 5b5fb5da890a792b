package pack_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/base/worktime"
	"twoweave/internal/reform/pack"
	"twoweave/internal/registry"
	"twoweave/packs"
)

func pudong(t testing.TB) *pack.Pack {
	t.Helper()
	folder, err := packs.FS(packs.Demo)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pack.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func amend(t testing.TB, base *pack.Pack, entries ...pack.Entry) *pack.Amendment {
	t.Helper()
	a, err := pack.Amend("local", 1, lang.Text{ZH: "本地", EN: "Local"}, base.Frame, entries)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// What a set says of itself, put over it again, changes nothing: no field is lost on the way to a form and back, and no order.
func TestAmendingWithTheSameChangesNothing(t *testing.T) {
	t.Parallel()
	base := pudong(t)
	before := combine(t, base)
	var all []pack.Entry
	for _, kind := range pack.EntryKinds() {
		entries := before.Entries(kind)
		if len(entries) == 0 && kind != pack.HolidayEntry {
			t.Errorf("there is no %s in the city", kind)
		}
		all = append(all, entries...)
	}
	rapid.Check(t, func(rt *rapid.T) {
		some := rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 30, func(e pack.Entry) string { return string(e.Kind) + e.ID }).Draw(rt, "entries")
		after := combine(t, base, amend(t, base, some...).Pack)
		if !reflect.DeepEqual(before.Directory.Content, after.Directory.Content) || !reflect.DeepEqual(before.Classes, after.Classes) {
			rt.Errorf("the city is another one after %v", some)
		}
	})
}

func entry(kind pack.EntryKind, id, body string) pack.Entry {
	return pack.Entry{Kind: kind, ID: id, Body: json.RawMessage(body)}
}

func TestAnAmendmentReplacesAddsAndTakesOut(t *testing.T) {
	t.Parallel()
	base := pudong(t)
	set := combine(t, base, amend(t, base,
		entry(pack.UnitEntry, "street-310115004000", `{"unit": "street-310115004000", "name": {"zh": "新名", "en": "New name"}, "kind": "street", "area": "310115004000"}`),
		entry(pack.RuleEntry, "new-rule", `{"rule": "new-rule", "class": "ponding", "area": "310115004000", "to": "street-310115004000", "why": {"zh": "试", "en": "a trial"}}`),
		pack.Entry{Kind: pack.RuleEntry, ID: "owner-power"},
		entry(pack.DutyEntry, "dispatcher", `[{"post": "dispatcher", "shift": "night", "persons": ["dispatcher-1"]}]`),
		entry(pack.HolidayEntry, "2026-11-23", `{"date": "2026-11-23", "name": "试行日", "off": true}`),
	).Pack)
	d := set.Directory
	if u, _ := d.Unit("street-310115004000"); u.Name.EN != "New name" || d.Units[0].ID != u.ID {
		t.Errorf("the unit is %+v, the first is %s", u, d.Units[0].ID)
	}
	if a := d.Route(registry.Question{Class: "ponding", Kind: "water", Area: "310115004000"}); a.Unit != "street-310115004000" || a.Steps[0].Rule != "new-rule" {
		t.Errorf("the new rule has no say: %+v", a)
	}
	if slices.ContainsFunc(d.Rules, func(r registry.Rule) bool { return r.ID == "owner-power" }) {
		t.Error("the rule that was taken out is there")
	}
	var kept []string
	for _, u := range d.Roster.Duties {
		if u.Post == "dispatcher" {
			kept = append(kept, string(u.Shift))
		}
	}
	if !slices.Equal(kept, []string{"night"}) {
		t.Errorf("the dispatcher's duties are %v", kept)
	}
	if working, day := set.Calendar.Working(worktime.DateOf(time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC))); working || day.Name != "试行日" {
		t.Error("a Monday that was made a day off is worked")
	}
	if h := set.Holidays; len(h) != 1 || h[0].Name != "试行日" {
		t.Errorf("holidays are %+v", h)
	}
}

func TestProblemsOfAnAmendmentNameTheirEntry(t *testing.T) {
	t.Parallel()
	base := pudong(t)
	for name, c := range map[string]struct {
		entries []pack.Entry
		whose   string // kind/id field
		says    string
	}{
		"form":  {[]pack.Entry{entry(pack.UnitEntry, "a", `{"unit": "a", "kind": "street"}`)}, "unit/a name", "zh"},
		"field": {[]pack.Entry{entry(pack.UnitEntry, "a", `{"unit": "a", "colour": "red"}`)}, "unit/a colour", "unknown field"},
		"names": {[]pack.Entry{
			entry(pack.UnitEntry, "a", `{"unit": "a", "name": {"zh": "甲", "en": "A"}, "kind": "street"}`),
			entry(pack.UnitEntry, "b", `{"unit": "b", "name": {"zh": "乙", "en": "B"}, "kind": "street", "area": "nowhere"}`),
		}, "unit/b area", "does not exist"},
		"class": {[]pack.Entry{entry(pack.ClassEntry, "ponding", `{"class": "ponding", "title": {"zh": "积水", "en": "Ponding"}, "kind": "event", "unit": "water", "limit": "5 moons"}`)},
			"class/ponding limit", "moons"},
		"duty": {[]pack.Entry{entry(pack.DutyEntry, "dispatcher", `[{"post": "dispatcher", "shift": "day", "persons": ["dispatcher-1"]}, {"post": "dispatcher", "shift": "day", "persons": ["nobody"]}]`)},
			"duty/dispatcher persons", "nobody"},
		"left behind": {[]pack.Entry{{Kind: pack.UnitEntry, ID: "street-310115004000"}}, "", "which does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := pack.Amend("local", 1, lang.Text{ZH: "本地", EN: "Local"}, base.Frame, c.entries)
			if err == nil {
				_, err = pack.Combine(base, a.Pack)
			}
			if !fault.Is(err, fault.Invalid) || len(fault.Problems(err)) == 0 {
				t.Fatalf("%v", err)
			}
			p := fault.Problems(err)[0]
			e, field, ok := a.Whose(p)
			if got := string(e.Kind) + "/" + e.ID + " " + field; ok && got != c.whose || ok != (c.whose != "") || !strings.Contains(p.Message, c.says) {
				t.Errorf("whose: %q %v, problem %+v", got, ok, p)
			}
		})
	}
}

func TestOneOfThePacksMayAmend(t *testing.T) {
	t.Parallel()
	base := pudong(t)
	other, err := pack.Amend("other", 1, lang.Text{ZH: "另", EN: "Other"}, base.Frame, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pack.Combine(base, amend(t, base).Pack, other.Pack); !fault.Is(err, fault.Invalid) {
		t.Errorf("two amend: %v", err)
	}
	if _, err := pack.Amend("other", 1, lang.Text{ZH: "另", EN: "Other"}, base.Frame, []pack.Entry{{Kind: pack.ClassEntry, ID: "ponding"}}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a class was taken out: %v", err)
	}
}

func BenchmarkCombine(b *testing.B) {
	base := pudong(b)
	for b.Loop() {
		combine(b, base)
	}
}
