package casedesk

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/base/worktime"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
	"twoweave/internal/manage/matter"
	"twoweave/internal/manage/order"
	"twoweave/internal/platform/picture"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

// day is the calendar that case numbers follow: China's, which has had one offset and no summer time since 1991.
var day = time.FixedZone("Asia/Shanghai", 8*60*60)

// Options are what a Desk works with. DB, Store, Clock and Log are needed.
type Options struct {
	DB    *sqldb.DB
	Store Store
	Clock clock.Clock
	Log   *slog.Logger
	// Wake is called after a commit that may have set timers and left messages, so that their runners look at once. Optional.
	Wake func()
	// Reveal opens the sealed values in the data of a reading. Optional: without it sealed values stay sealed for everybody.
	Reveal Reveal
	// Persons keeps who reported. Optional: without it reports are anonymous.
	Persons Persons
	// Owners are told of what is theirs before it becomes a case, where a scenario says so. Optional: without it, and without Persons, such cases begin at once.
	Owners Owners
	// Roster calls people when a limit has passed. Optional: without it an escalation is only noted.
	Roster Roster
	// Follower hears of every change of a case, in the transaction that keeps it. Optional.
	Follower Follower
	// Level is the city state of an area now; it changes limits and who is responsible. Optional: without it, daily.
	Level func(context.Context, event.AreaCode) (order.Level, error)
	// Files keeps the photos of cases. Optional: without it none are taken.
	Files Files
}

// Reveal opens the sealed personal values in an event's data and returns the data with them. It is called only for readers whom access lets see personal
// values, and inside a transaction that keeps the audit fact of it.
type Reveal func(ctx context.Context, tx *sqldb.Tx, data []byte) ([]byte, error)

// Roster is the duty room as the desk uses it. Both work in the transaction that keeps the fact.
type Roster interface {
	// Call has whoever is on duty for a unit called about a case, and the next on the ladder when nobody answers. A call with a known id calls nobody.
	Call(tx *sqldb.Tx, id string, c *casework.Case, title lang.Text) error
	// Withdraw ends a call that nobody needs to answer any more; one that does not exist is no error.
	Withdraw(tx *sqldb.Tx, id string, why lang.Text) error
}

// Follower is a part of the program that lives along with cases: when it fails, the change does not happen.
type Follower interface {
	Follow(tx *sqldb.Tx, change Change) error
}

// Change is what a command did to a case.
type Change struct {
	Before, After casework.Case // Before is the zero Case when it was opened
	Facts         []casework.Fact
}

// City is the names the desk shows and the places it knows. It is immutable.
type City struct {
	Directory  *registry.Directory
	Calendar   *worktime.Calendar // for limits in working hours and days; nil = the shipped one
	Classes    map[matter.ClassID]*matter.Class
	Indicators map[indicator.ID]indicator.Filter // the cases behind each indicator
}

// Desk is the use case. It is safe for many goroutines.
type Desk struct {
	Options
	city     atomic.Pointer[City]
	pictures *picture.Cleaner
}

// New makes a desk for an empty city; Use tells it the real one.
func New(o Options) *Desk {
	d := &Desk{Options: o, pictures: picture.NewCleaner(picturesAtOnce)}
	if d.Wake == nil {
		d.Wake = func() {}
	}
	nowhere, _ := registry.NewDirectory(nil, nil) // nothing in it, nothing wrong with it
	d.Use(City{Directory: nowhere})
	return d
}

// Use replaces the city's names and places as a whole.
func (d *Desk) Use(c City) {
	if c.Calendar == nil {
		c.Calendar = worktime.China()
	}
	d.city.Store(&c)
}

// number is the next case number of the day it is in the city.
func (d *Desk) number(tx *sqldb.Tx, now time.Time) (string, error) {
	today := now.In(day).Format("20060102")
	n, err := d.Store.NextNumber(tx, today)
	return fmt.Sprintf("%s-%06d", today, n), err
}

// decided is a command that access and casework allowed, not yet kept.
type decided struct {
	before, after casework.Case
	result        casework.Result
	audit         access.Audit
}

// deciders are who a command comes from, when, by which calendar, and whom and what it names.
type deciders struct {
	now      time.Time
	actor    access.Actor
	calendar *worktime.Calendar
	handler  *casework.Person
	into     *casework.Case
}

// decide asks access and casework. On a refusal the audit is still what must be kept.
func decide(c casework.Case, cmd casework.Command, who deciders) (decided, error) {
	const op = "casedesk.decide"
	action, known := casework.ActionOf(cmd.Kind)
	if !known {
		return decided{}, fault.Wrap(op, casework.NotPossible(c.State, cmd.Kind))
	}
	subject := c.Thing()
	if cmd.Opening != nil {
		subject = access.Thing{Kind: "case", ID: string(casework.IDOf(cmd.Opening.DetectionID())), Unit: string(cmd.Opening.Unit)}
	}
	audit, err := access.Ask(who.now, access.Request{Actor: who.actor, Action: action, Thing: subject, Purpose: cmd.Purpose})
	if err != nil {
		return decided{audit: audit}, err
	}
	res, err := casework.Decide(c, cmd, casework.Context{
		Now: who.now, Actor: who.actor, Allowed: audit.Decision, Calendar: who.calendar, Handler: who.handler, Into: who.into,
	})
	if err != nil {
		audit.Decision.Allow, audit.Decision.Reason = false, fault.Message(err)
		return decided{audit: audit}, err
	}
	done := decided{before: c, after: c, result: res, audit: audit}
	for _, f := range res.Facts {
		done.after = casework.Apply(done.after, f)
	}
	return done, nil
}
