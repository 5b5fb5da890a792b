package backtest

import (
	"context"
	"errors"
	"slices"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/detect"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/rule"
)

// Bounds of an explanation.
const (
	MaxLooks = 1000 // looks that are listed; of more, the newest
	before   = 16   // looks from before the scenario's span that are listed too
)

// Explainer tells how a finding came about, by computing the log once more.
type Explainer struct {
	Log      Log
	Loader   detect.Loader
	Progress Progress
}

// Explain recomputes a finding from its record: d is its start as it is kept, ended its end or the zero time. What the log no longer has is told from the
// record alone, with a remark.
func (x Explainer) Explain(ctx context.Context, d scenario.Detection, ended time.Time) (scenario.Explanation, error) {
	const op = "backtest.Explain"
	parts, err := x.partOf(ctx, &d)
	if err != nil {
		return scenario.Explanation{}, fault.Wrap(op, err)
	}
	var t *tracing
	for _, whole := range []bool{false, true} { // first without what ought not to matter
		t = &tracing{ctx: ctx, wanted: &d, load: x.Loader, whole: whole, defs: map[string]*scenario.Compiled{}}
		for n := range parts.All() {
			t.make(n)
		}
		err = read(ctx, x.Log, parts, x.Progress, t.message)
		if errors.Is(err, errFound) {
			break
		}
		if err != nil {
			return scenario.Explanation{}, fault.Wrap(op, err)
		}
	}
	return t.explanation(ended), nil
}

// partOf is the partition that found it: that of its newest evidence; all of them when it has none, or the log does not have that any more.
func (x Explainer) partOf(ctx context.Context, d *scenario.Detection) (bus.PartSet, error) {
	if len(d.Evidence) == 0 {
		return bus.AllParts, nil
	}
	seq := bus.Seq(d.Evidence[len(d.Evidence)-1].Seq)
	parts := bus.AllParts
	err := x.Log.ReadTo(ctx, seq, seq, bus.AllParts, func(m bus.Message) error {
		if m.Seq == seq && m.Kind == bus.Events {
			parts = bus.Parts(m.Part)
		}
		return nil
	})
	if fault.Is(err, fault.Conflict) {
		return bus.AllParts, nil
	}
	return parts, err
}

// errFound stops the reading of the log.
var errFound = errors.New("backtest: the finding has come out")

// tracing computes the log until the wanted finding comes out, and keeps the looks at its subject.
type tracing struct {
	ctx    context.Context
	wanted *scenario.Detection
	load   detect.Loader
	defs   map[string]*scenario.Compiled // by hash: all that were in force so far
	parts  [event.Partitions]*detect.Partition
	whole  bool      // compute everything
	begin  time.Time // otherwise: what is stamped before it ought not to matter; zero until that is known

	looks   []detect.Look // the newest, at most 2 × MaxLooks
	earlier int64
	found   *scenario.Detection
}

func (t *tracing) make(n int) {
	t.parts[n] = detect.New(n, nil)
	t.parts[n].Trace(t.wanted.Scenario, t.look)
}

func (t *tracing) look(l detect.Look) {
	if l.Subject != t.wanted.Subject {
		return
	}
	if t.looks = append(t.looks, l); len(t.looks) >= 2*MaxLooks {
		t.earlier += MaxLooks
		t.looks = slices.Delete(t.looks, 0, MaxLooks)
	}
}

func (t *tracing) message(m bus.Message) error {
	switch m.Kind {
	case bus.Events:
		if stamp, ok := stampOf(m.Body); ok && stamp.Before(t.begin) {
			return nil
		}
		return t.check(t.parts[m.Part].Apply(m))
	case bus.Tick:
		if m.Tick.Before(t.begin) {
			return nil
		}
		return t.all(func(p *detect.Partition) detect.Output { return p.Tick(m.Seq, m.Tick) })
	}
	c, err := detect.DecodeControl(m.Body)
	if err != nil {
		return err
	}
	if c.Order != nil {
		return t.all(func(p *detect.Partition) detect.Output { return p.Order(m.Seq, *c.Order) })
	}
	return t.activate(m.Seq, *c.Activation)
}

func (t *tracing) all(fn func(p *detect.Partition) detect.Output) error {
	for _, p := range t.parts {
		if p == nil {
			continue
		}
		if err := t.check(fn(p)); err != nil {
			return err
		}
	}
	return nil
}

// activate puts what the log says in force, of all scenarios only the wanted one.
func (t *tracing) activate(seq bus.Seq, a detect.Activation) error {
	set, err := t.load.Load(t.ctx, a)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
		return nil // packs that are gone, or older than this program reads: the finding will not come out
	}
	if err != nil {
		return err
	}
	set = set.Only([]scenario.ID{t.wanted.Scenario}, nil)
	if def, known := set.Scenario(t.wanted.Scenario); known {
		t.defs[def.Rule] = def
		if def.Rule == t.wanted.Rule && !t.whole {
			t.begin = t.wanted.Since.Add(-def.Span() - 2*def.Setting.Lateness - 2*event.MaxAhead)
		}
	}
	return t.all(func(p *detect.Partition) detect.Output { return p.Activate(seq, a, set) })
}

// check looks for the finding. Its number may differ: the log may have lost earlier episodes. When the beginning was passed over, what was measured must be
// what was recorded; a window may know since when it has heard of its subject, and that may be long ago.
func (t *tracing) check(o detect.Output) error {
	for i := range o.Detections {
		d := &o.Detections[i]
		if d.Change == scenario.Started && d.Scenario == t.wanted.Scenario && d.Subject == t.wanted.Subject && d.At.Equal(t.wanted.At) &&
			(t.whole || slices.Equal(d.Measures, t.wanted.Measures)) {
			t.found = d
			return errFound
		}
	}
	return nil
}

func (t *tracing) explanation(ended time.Time) scenario.Explanation {
	d := t.wanted
	x := scenario.Explanation{ID: d.DetectionID.String(), Subject: d.Subject, Episode: d.Episode, Area: d.Area, State: d.State, Severity: d.Severity,
		Definition: scenario.Definition{Scenario: d.Scenario, Version: d.Version, Hash: d.Rule}, Since: d.Since, Started: d.At, Measures: append([]scenario.Measured{}, d.Measures...),
		Looks: []scenario.Look{}, Remarks: []lang.Text{}}
	if !ended.IsZero() {
		x.Ended = &ended
	}
	if t.found == nil {
		t.fromRecord(&x)
		return x
	}
	def := t.defs[t.found.Rule]
	t.looks = slices.DeleteFunc(t.looks, func(l detect.Look) bool { return l.Rule != def.Rule })
	x.Recomputed, x.Definition, x.Measures = true, def.Text(def.Rule), append([]scenario.Measured{}, t.found.Measures...)
	if def.Rule != d.Rule {
		x.Remarks = append(x.Remarks, lang.Text{ZH: "日志中生效的规则与记录中的不同。", EN: "The rule in force by the log is not the recorded one."})
	}
	t.list(&x, def.Span())
	t.decide(&x, def)
	return x
}

// fromRecord tells what was kept when the finding was made.
func (t *tracing) fromRecord(x *scenario.Explanation) {
	for _, r := range t.wanted.Evidence {
		x.Looks = append(x.Looks, scenario.Look{Reading: scenario.EvidenceOf(r), At: r.Time, Measures: []scenario.Measured{}})
	}
	x.Earlier = t.wanted.More
	x.Remarks = append(x.Remarks, lang.Text{
		ZH: "日志已不含得出这一发现所需的全部数据；以下仅为当时保存的依据。",
		EN: "The log no longer has all that led to this finding; this is what was kept when it was made.",
	})
}

// list gives the looks within the scenario's span before the finding, and a few from before; what was evidence and no look at this subject (a cluster's
// first reports had no name yet) is put among them.
func (t *tracing) list(x *scenario.Explanation, span time.Duration) {
	looks, from := t.looks, t.found.Since.Add(-span)
	first := slices.IndexFunc(looks, func(l detect.Look) bool { return !momentOf(&l).Before(from) })
	if first < 0 {
		first = len(looks)
	}
	first = max(0, first-before, len(looks)-MaxLooks)
	x.Earlier = t.earlier + int64(first)
	listed := map[place]bool{}
	for _, l := range looks[first:] {
		x.Looks = append(x.Looks, lookOf(&l))
		if l.Reading != nil {
			listed[place{l.Reading.Seq, l.Reading.N}] = true
		}
	}
	var more []scenario.Look
	for _, r := range t.found.Evidence {
		if !listed[place{r.Seq, r.N}] {
			more = append(more, scenario.Look{Reading: scenario.EvidenceOf(r), At: r.Time, Measures: []scenario.Measured{}})
		}
	}
	x.Looks = append(more, x.Looks...)
}

// place is where a reading stands in the log.
type place struct {
	seq uint64
	n   int
}

func momentOf(l *detect.Look) time.Time {
	if l.Reading != nil {
		return l.Reading.Time
	}
	return l.At
}

func lookOf(l *detect.Look) scenario.Look {
	out := scenario.Look{At: momentOf(l), Judged: l.Judged, When: l.When, Until: l.Until, Measures: l.Measures}
	if l.Judged {
		out.At = l.At
	}
	if l.Reading != nil {
		out.Reading = scenario.EvidenceOf(*l.Reading)
	}
	if out.Measures == nil {
		out.Measures = []scenario.Measured{}
	}
	return out
}

// decide evaluates the rule part by part at the newest look for which it held.
func (t *tracing) decide(x *scenario.Explanation, def *scenario.Compiled) {
	for _, l := range slices.Backward(t.looks) {
		if !l.Judged || !l.When || l.At.After(t.found.At) {
			continue
		}
		x.Decision = &scenario.Decision{At: l.At, When: def.Programs.When.Steps(l.Row), Until: []rule.Step{}}
		if def.Programs.Until != nil {
			x.Decision.Until = def.Programs.Until.Steps(l.Row)
		}
		return
	}
}
