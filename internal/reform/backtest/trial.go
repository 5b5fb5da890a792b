package backtest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/detect"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// Trial tries a scenario on the past.
type Trial struct {
	Log      Log
	Set      *pack.Set // in force
	Draft    *pack.Draft
	From     time.Time // findings that start from here on count; the zero time: from the log's beginning
	To       time.Time // to here, not included; the zero time: to its end
	Examples int       // of each kind of difference, at most so many
	Progress Progress
}

// Check says whether there can be a trial. Invalid: the draft does not fit into the set, or the range is empty.
func (t Trial) Check() error {
	if !t.To.IsZero() && !t.From.Before(t.To) {
		return fault.New(fault.Invalid, "backtest.Check", "from %s to %s is no time", t.From.Format(time.RFC3339), t.To.Format(time.RFC3339))
	}
	_, err := t.Set.WithDraft(t.Draft)
	return fault.Wrap("backtest.Check", err)
}

// Run computes the log through the set in force and through the same with the draft in it: from its beginning, since what was open before From
// decides what starts after. Invalid as with Check, and when either finds more than MaxEpisodes.
func (t Trial) Run(ctx context.Context) (scenario.Comparison, error) {
	const op = "backtest.Run"
	if err := t.Check(); err != nil {
		return scenario.Comparison{}, err
	}
	changed, err := t.Set.WithDraft(t.Draft)
	if err != nil {
		return scenario.Comparison{}, fault.Wrap(op, err)
	}
	r := newRun(&t, changed)
	if err := read(ctx, t.Log, bus.AllParts, t.Progress, r.message); err != nil {
		return scenario.Comparison{}, fault.Wrap(op, err)
	}
	return r.comparison(), nil
}

// run is a trial at work. sides are what is in force and what is tried.
type run struct {
	trial   *Trial
	id      scenario.ID
	before  *scenario.Compiled // nil: the scenario is new
	after   *scenario.Compiled
	sides   [2]side
	wanted  map[event.TypeName]bool
	span    time.Duration // that a side needs before it says what it would always have said
	keeps   time.Duration // the least retention among the types
	first   time.Time     // log time where the log begins
	oldest  time.Time     // log time of the first event that is wanted
	now     time.Time     // log time
	events  int64
	changes int // activations from From on
}

func newRun(t *Trial, changed *pack.Set) *run {
	id := t.Draft.Scenario.ID
	r := &run{trial: t, id: id, wanted: map[event.TypeName]bool{}}
	r.before, _ = t.Set.Scenario(id)
	r.after, _ = changed.Scenario(id)
	for _, def := range []*scenario.Compiled{r.before, r.after} {
		if def == nil {
			continue
		}
		r.span = max(r.span, def.Span())
		for _, in := range def.Inputs {
			r.wanted[in.On] = true
			if keeps := changed.Types[in.On].Retention; r.keeps == 0 || keeps < r.keeps {
				r.keeps = keeps
			}
		}
	}
	for i, set := range []*pack.Set{t.Set, changed} {
		r.sides[i] = side{world: newWorld(set.Only([]scenario.ID{id}, nil)), episodes: map[string][]*episode{}}
	}
	return r
}

func (r *run) each(fn func(w *world) []scenario.Detection) error {
	for i := range r.sides {
		if err := r.sides[i].take(fn(r.sides[i].world)); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) message(m bus.Message) error {
	switch m.Kind {
	case bus.Events:
		return r.batch(m)
	case bus.Tick:
		r.pass(m.Tick)
		return r.each(func(w *world) []scenario.Detection { return w.tick(m.Seq, m.Tick) })
	}
	c, err := detect.DecodeControl(m.Body)
	if err != nil {
		return err
	}
	if c.Order != nil {
		return r.each(func(w *world) []scenario.Detection { return w.order(m.Seq, *c.Order) })
	}
	if !r.now.IsZero() && !r.now.Before(r.trial.From) {
		r.changes++
	}
	return nil
}

// pass moves log time.
func (r *run) pass(at time.Time) {
	if r.first.IsZero() {
		r.first = at
	}
	if at.After(r.now) {
		r.now = at
	}
}

func (r *run) batch(m bus.Message) error {
	b, err := event.DecodeBatch(m.Body)
	if err != nil {
		return nil // it was told when it came
	}
	r.pass(b.Stamp)
	if b.Copies || !slices.ContainsFunc(b.Events, func(e event.Event) bool { return r.wanted[e.Type] }) {
		return nil
	}
	if r.oldest.IsZero() {
		r.oldest = r.now
	}
	for i := range b.Events {
		if r.wanted[b.Events[i].Type] {
			r.events++
		}
	}
	return r.each(func(w *world) []scenario.Detection { return w.events(m.Seq, m.Part, b) })
}

func (r *run) comparison() scenario.Comparison {
	c := scenario.Comparison{After: r.after.Text(r.after.Rule), From: r.trial.From, To: r.trial.To, Events: r.events,
		Examples: []scenario.Difference{}, Remarks: []lang.Text{}}
	if r.before != nil {
		before := r.before.Text(r.before.Rule)
		c.Before = &before
	}
	if c.From.IsZero() {
		c.From = r.first.Add(-event.MaxAhead)
	}
	if c.To.IsZero() {
		c.To = r.now.Add(event.MaxAhead)
	}
	count(&c, pairs(r.sides[0].episodes, r.sides[1].episodes), r.trial.Examples)
	r.remark(&c)
	return c
}

// remark says what the figures do not.
func (r *run) remark(c *scenario.Comparison) {
	say := func(zh, en string) { c.Remarks = append(c.Remarks, lang.Text{ZH: zh, EN: en}) }
	if r.before == nil {
		say("现行方案中没有这一场景；全部发现均为新增。", "The scenario is new: all that it finds is gained.")
	}
	if r.changes > 0 {
		say(fmt.Sprintf("其间更换过 %d 次场景包；两侧均按最新的场景包计算。", r.changes),
			fmt.Sprintf("Packs were activated %d times in between; both sides use the newest.", r.changes))
	}
	has := r.first
	if kept := r.now.Add(-r.keeps); kept.After(has) && r.oldest.After(has) { // what is older may have been removed
		has = kept
		if r.oldest.Before(kept) {
			has = r.oldest
		}
	}
	if full := has.Add(r.span); !r.first.IsZero() && r.span > 0 && full.After(c.From) {
		say(fmt.Sprintf("日志中的数据始于 %s；此前的窗口不完整，%s 之前的发现可能有偏差。", has.Format(time.RFC3339), full.Format(time.RFC3339)),
			fmt.Sprintf("The log has these events from %s on: before %s windows are not full, and findings may differ for that alone.",
				has.Format(time.RFC3339), full.Format(time.RFC3339)))
	}
	if r.after.Raises != nil || r.after.Quiets != nil || r.before != nil && (r.before.Raises != nil || r.before.Quiets != nil) {
		say("状态与静默按当时的记录计算；改动后的场景本会触发的，不计在内。",
			"States and silences are those of the log; what the changed scenario would have raised or quieted itself is not in force.")
	}
}
