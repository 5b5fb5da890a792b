package backtest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/geo"
	"twoweave/internal/manage/detect"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// A gauge's level, watched one by one, over a time, and by street; and streets that fall silent. Street scenarios follow a key of their own.
var files = map[string]string{
	"pack.yaml":          "pack: streets\nversion: 1\ntitle: {zh: 试, en: Test}\nlicence: Apache-2.0\n",
	"classes/class.yaml": "class: water\ntitle: {zh: 水, en: Water}\nsource: assumed\nunit: street\nlimit: 1h\nreminder: 10m\n",
	"events/level.yaml": `type: level
title: {zh: 水位, en: Level}
kind: observation
key: subject
retention: 7d
lateness: 5m
dedup: 1h
schema: {type: object, required: [cm], properties: {cm: {type: integer}, street: {type: string}}}
`,
	"scenarios/high.yaml": scenarioText("high", "", "operator: match\nwhen: data.cm >= limit.high\nuntil: data.cm < 5\nlimits: {high: {daily: 15, special: 10}}") + "---\n" +
		scenarioText("long", "", "operator: sustain\nwhen: data.cm >= 12\nfor: 10m") + "---\n" +
		scenarioText("street", "data.street", "operator: match\nwhen: data.cm >= 18") + "---\n" +
		scenarioText("silent", "data.street", "operator: absence\nabsence: {gap: 15m}") + "---\n" +
		scenarioText("often", "data.street", "operator: window\nwhere: data.cm > 8\nwindow: {over: 20m, measure: count}\nwhen: value >= 4.0\nevidence: 4\nhold: 30m") + "---\n" +
		scenarioText("near", "", "operator: cluster\nwhere: data.cm > 10\ncluster: {metres: 300, over: 15m}\nwhen: sources >= 2") + "---\n" +
		scenarioText("ring", "", "operator: geofence\ngeofence: {fences: [{name: core, centre: {lon: 121.5, lat: 31.2}, metres: 400}]}\nfor: 5m"),
}

func scenarioText(id, subject, rest string) string {
	if subject != "" {
		rest += "\nsubject: " + subject
	}
	return "scenario: " + id + "\nversion: 1\ntitle: {zh: 试, en: Test}\ndomain: facilities\non: level\n" + rest +
		"\nseverity: minor\nclass: water\nnote: assumed\n"
}

func readSet(t testing.TB) *pack.Set {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	p, err := pack.Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	set, err := pack.Combine(p)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func draft(t interface {
	Helper()
	Fatal(...any)
}, text string) *pack.Draft {
	t.Helper()
	d, err := pack.ReadDraft("changed.yaml", []byte(text), "")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var dawn = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// past is a log in memory, written as ingest writes it, with what detection finds in it.
type past struct {
	set      *pack.Set // in force
	sets     []*pack.Set
	messages []bus.Message
	now      time.Time
	sent     int
	parts    [event.Partitions]*detect.Partition
	found    []scenario.Detection
}

// newPast begins with the activation of a set.
func newPast(set *pack.Set) *past {
	p := &past{now: dawn}
	for n := range p.parts {
		p.parts[n] = detect.New(n, nil)
	}
	p.activate(set)
	return p
}

func (p *past) activate(set *pack.Set) {
	p.set, p.sets = set, append(p.sets, set)
	seq := p.add(bus.Message{Kind: bus.Control, Body: detect.ActivationOf(set).Encode()})
	p.all(func(x *detect.Partition) detect.Output { return x.Activate(seq, detect.ActivationOf(set), set) })
}

func (p *past) add(m bus.Message) bus.Seq {
	m.Seq = bus.Seq(len(p.messages) + 1)
	p.messages = append(p.messages, m)
	return m.Seq
}

func (p *past) all(fn func(*detect.Partition) detect.Output) {
	for _, x := range p.parts {
		p.found = append(p.found, fn(x).Detections...)
	}
}

// to moves time, with a tick each minute.
func (p *past) to(at time.Duration) {
	for t := dawn.Add(at); p.now.Before(t); {
		p.now = p.now.Add(time.Minute)
		if p.now.After(t) {
			p.now = t
		}
		seq := p.add(bus.Message{Kind: bus.Tick, Tick: p.now})
		p.all(func(x *detect.Partition) detect.Output { return x.Tick(seq, p.now) })
	}
}

func (p *past) order(c order.Control) {
	seq := p.add(bus.Message{Kind: bus.Control, Body: c.Encode()})
	p.all(func(x *detect.Partition) detect.Output { return x.Order(seq, c) })
}

// send accepts an event of a gauge, back old, at the present time.
func (p *past) send(gauge, street string, cm int, back time.Duration) {
	p.sent++
	e := event.Event{ID: fmt.Sprint(p.sent), Source: "s", Type: "level", Sender: "t", Subject: gauge, Area: "001", Time: p.now.Add(-back), Body: uint64(p.sent),
		Place: &geo.Point{Lon: 121.5 + float64(cm%4)*0.002, Lat: 31.2},
		Data:  fmt.Appendf(nil, `{"cm": %d, "street": %q}`, cm, street)}
	t := p.set.Types["level"]
	p.batch(event.PartitionOf(t.PartitionKey(&e)), e, false)
	for _, n := range t.CopyParts(&e, t.NewRow()) {
		p.batch(n, e, true)
	}
}

func (p *past) batch(part int, e event.Event, copies bool) {
	b := &event.Batch{Stamp: p.now, Copies: copies, Events: []event.Event{e}}
	body := event.AppendBatch(nil, b)
	seq := p.add(bus.Message{Kind: bus.Events, Part: part, Body: body})
	p.found = append(p.found, p.parts[part].Events(seq, b).Detections...)
}

// started are the starts of a scenario's episodes.
func (p *past) started(id scenario.ID) (all []scenario.Detection) {
	for _, d := range p.found {
		if d.Scenario == id && d.Change == scenario.Started {
			all = append(all, d)
		}
	}
	return all
}

func (p *past) LastSeq(context.Context) (bus.Seq, error) { return bus.Seq(len(p.messages)), nil }

func (p *past) ReadTo(_ context.Context, from, end bus.Seq, parts bus.PartSet, fn func(bus.Message) error) error {
	for _, m := range p.messages {
		if m.Seq < from || m.Seq > end || m.Kind == bus.Events && !parts.Has(m.Part) {
			continue
		}
		if err := fn(m); err != nil {
			return err
		}
	}
	return nil
}

func (p *past) Load(_ context.Context, a detect.Activation) (*pack.Set, error) {
	for _, set := range p.sets {
		if set.Activation == a.Activation {
			return set, nil
		}
	}
	return nil, fault.New(fault.NotFound, "test", "no such packs")
}

func indented(depth int, text string) string { return strings.Repeat("  ", depth) + text }
