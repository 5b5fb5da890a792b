package flow

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/detect"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/matter"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/reform/pack"
	"twoweave/internal/registry"
)

// Records is what detection's output is kept in.
type Records interface {
	Advance(tx *sqldb.Tx, part int, epoch int64, seq bus.Seq) (bool, error)
	KeepException(tx *sqldb.Tx, e casedesk.RawException) error
	StartFinding(tx *sqldb.Tx, f casedesk.Finding) (new bool, err error)
	EndFinding(tx *sqldb.Tx, id string, at time.Time) (ended bool, err error)
	KeepRule(tx *sqldb.Tx, r casedesk.Rule) error
}

// Orders is what findings order by themselves: *orderdesk.Desk. Each works in the transaction that keeps the finding and does nothing a second time.
type Orders interface {
	Raise(tx *sqldb.Tx, start scenario.Detection, r scenario.Raise) error
	Quiet(tx *sqldb.Tx, start scenario.Detection, q scenario.Quiet) error
	Unquiet(tx *sqldb.Tx, end scenario.Detection) error
}

// Options are what a Flow works with; all are needed but Wake.
type Options struct {
	DB      *sqldb.DB
	Records Records
	Desk    *casedesk.Desk
	Orders  Orders
	Signs   *Signs
	Log     *slog.Logger
	Wake    func() // called after a commit that left messages
}

// Flow is detection's sink.
type Flow struct{ Options }

var _ detect.Sink = (*Flow)(nil)

// New makes a flow.
func New(o Options) *Flow {
	if o.Wake == nil {
		o.Wake = func() {}
	}
	return &Flow{Options: o}
}

// Samples hands the values of indicators to the wall and the series store.
func (f *Flow) Samples(ctx context.Context, samples []indicator.Sample) {
	f.Signs.Samples(ctx, samples)
}

// Commit keeps what one partition found, in one transaction behind its fence; see detect.Sink.
func (f *Flow) Commit(ctx context.Context, c detect.Commit) error {
	err := f.DB.Update(sqldb.Background(ctx), func(tx *sqldb.Tx) error { return f.keep(tx, c) })
	if err != nil {
		return fault.Wrap("flow.Commit", err)
	}
	if len(c.Detections) > 0 {
		f.Wake()
		f.Signs.Touch()
	}
	return nil
}

func (f *Flow) keep(tx *sqldb.Tx, c detect.Commit) error {
	ours, err := f.Records.Advance(tx, c.Part, c.Epoch, c.Seq)
	if err != nil {
		return err
	}
	if !ours {
		return detect.ErrNotOwner
	}
	for i := range c.Exceptions {
		if err := f.Records.KeepException(tx, exception(&c.Exceptions[i])); err != nil {
			return err
		}
	}
	for _, d := range c.Detections {
		d.Subject, d.Area = printable(d.Subject), event.AreaCode(printable(string(d.Area)))
		if err := f.detection(tx, &c, d); err != nil {
			return err
		}
	}
	return nil
}

func (f *Flow) detection(tx *sqldb.Tx, c *detect.Commit, d scenario.Detection) error {
	switch d.Change {
	case scenario.Started:
		return f.started(tx, c, d)
	case scenario.Ended:
		return f.ended(tx, d)
	}
	return fault.New(fault.Internal, "flow.detection", "a detection cannot be %q", d.Change)
}

func (f *Flow) started(tx *sqldb.Tx, c *detect.Commit, d scenario.Detection) error {
	found := casedesk.Finding{ID: d.DetectionID.String(), Started: d, CaseID: casework.IDOf(d.DetectionID)}
	fresh, err := f.Records.StartFinding(tx, found)
	if err != nil || !fresh {
		return err
	}
	if s := definition(c, &d); s != nil {
		if err := f.Records.KeepRule(tx, casedesk.RuleOf(&s.Scenario, s.Rule)); err != nil {
			return err
		}
		if err := f.order(tx, &s.Scenario, d); err != nil {
			return err
		}
	}
	o := opening(c.Set, &d)
	how, persist := begin(c.Set, &d)
	o.Limits.Persist = persist
	_, _, err = f.Desk.Open(tx, how, o)
	return err
}

// definition is the scenario by whose rule a detection was made; nil when it is not known here.
func definition(c *detect.Commit, d *scenario.Detection) *scenario.Compiled {
	if s, known := c.Set.Scenario(d.Scenario); known && s.Rule == d.Rule {
		return s
	}
	for _, s := range c.Rules { // an older one that was still in force
		if s.ID == d.Scenario && s.Rule == d.Rule {
			return s
		}
	}
	return nil
}

// order gives the orders that a scenario's episodes call for.
func (f *Flow) order(tx *sqldb.Tx, s *scenario.Scenario, start scenario.Detection) error {
	if s.Raises != nil {
		if err := f.Orders.Raise(tx, start, *s.Raises); err != nil {
			return err
		}
	}
	if s.Quiets != nil {
		return f.Orders.Quiet(tx, start, *s.Quiets)
	}
	return nil
}

func (f *Flow) ended(tx *sqldb.Tx, d scenario.Detection) error {
	ended, err := f.Records.EndFinding(tx, d.DetectionID.String(), d.At)
	if err != nil {
		return err
	}
	if !ended {
		f.Log.Warn("an episode ended that is not open in the records", "scenario", d.Scenario, "subject", d.Subject, "episode", d.Episode)
		return nil
	}
	if _, err = f.Desk.Recover(tx, d.DetectionID, d.At); err != nil {
		return err
	}
	return f.Orders.Unquiet(tx, d) // asked of every episode: the scenario that called for a silence may be gone by now
}

// begin is how the case of a detection begins, and how long its owner has first.
func begin(set *pack.Set, d *scenario.Detection) (casework.CommandKind, time.Duration) {
	s, known := set.Scenario(d.Scenario)
	switch {
	case known && s.First != nil && s.First.Screen:
		return casework.Screen, 0
	case known && s.First != nil:
		return casework.Warn, s.First.Persists
	}
	return casework.Open, 0
}

// opening is the case a detection becomes: title from the scenario, limits from the class, unit from the place. What is missing is said in WhyUnit, and the case
// opens all the same.
func opening(set *pack.Set, d *scenario.Detection) casework.Opening {
	o := casework.Opening{
		Title: lang.Text{ZH: string(d.Scenario), EN: string(d.Scenario)}, Class: matter.ClassID(d.Class), ClassTitle: lang.Text{ZH: d.Class, EN: d.Class},
		Severity: d.Severity, Scenario: d.Scenario, Subject: d.Subject, Episode: d.Episode, Area: d.Area, Since: d.Since,
	}
	if s, known := set.Scenario(d.Scenario); known {
		o.Title = s.Title
	}
	class, known := set.Classes[o.Class]
	if !known {
		o.Why = lang.Text{ZH: fmt.Sprintf("没有类别 %q，责任单位未知", d.Class), EN: fmt.Sprintf("no class %q, so nobody is known to be responsible", d.Class)}
		o.WhyUnit = o.Why.EN
		return o
	}
	now := class.At(d.State)
	o.ClassTitle, o.Limits = class.Title, casework.LimitsOf(class, now.Terms, set.Calendar)
	answer := set.Directory.Route(registry.Question{Class: registry.ClassID(class.ID), Kind: now.Unit, Area: d.Area, Scenario: registry.ScenarioID(d.Scenario)})
	o.Unit, o.WhyUnit, o.Why = answer.Unit, answer.Why().EN, answer.Why()
	return o
}

func exception(e *detect.Exception) casedesk.RawException {
	return casedesk.RawException{
		Part: e.Part, Seq: uint64(e.Seq), N: e.N, Kind: string(e.Kind), At: e.At, Sender: printable(string(e.Sender)), Source: printable(e.Source),
		Event: printable(e.ID), Type: printable(string(e.Type)), Reason: printable(e.Reason), Data: e.Data,
	}
}

// printable makes a text that any database keeps: what one event says of itself must not stop the log.
func printable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// CityOf is what the desk needs to know of a set of packs.
func CityOf(set *pack.Set) casedesk.City {
	c := casedesk.City{Directory: set.Directory, Classes: set.Classes, Calendar: set.Calendar, Indicators: map[indicator.ID]indicator.Filter{}}
	for _, i := range set.Indicators {
		c.Indicators[i.ID] = i.Behind
	}
	return c
}
