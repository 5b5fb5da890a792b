package dutydesk

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/timer"
	"twoweave/internal/registry"
)

const (
	// AcceptWithin is how long a hand-over may wait to be accepted, from the shift's end or, when it was written later, from then.
	AcceptWithin = 15 * time.Minute
	// Grace is how long after the shift's end its person may still write the hand-over, and how long before its beginning the next may accept it.
	Grace = time.Hour
)

// Teller brings a text to a person, by whatever way that person is reached. It works in the caller's transaction: what does not commit is not told.
type Teller interface {
	// Tell leaves a message. about is what it is about ("call/C-1"), and part of the message's identity together with the text.
	Tell(tx *sqldb.Tx, person registry.PersonID, about string, text lang.Text) error
}

// Options are what a Desk works with. All are needed but AcceptWithin and Wake.
type Options struct {
	DB           *sqldb.DB
	Store        Store
	Teller       Teller
	Clock        clock.Clock
	Log          *slog.Logger
	AcceptWithin time.Duration // 0 = AcceptWithin
	// Wake is called after a commit that may have set timers and left messages, so that their runners look at once.
	Wake func()
}

// City is who and where, and on which days offices work. It is immutable.
type City struct {
	Directory *registry.Directory
	Working   registry.WorkingDay
}

// Desk is the use case. It is safe for many goroutines.
type Desk struct {
	Options
	city atomic.Pointer[City]
}

// New makes a desk for an empty city; Use tells it the real one.
func New(o Options) *Desk {
	if o.Wake == nil {
		o.Wake = func() {}
	}
	if o.AcceptWithin == 0 {
		o.AcceptWithin = AcceptWithin
	}
	d := &Desk{Options: o}
	nowhere, _ := registry.NewDirectory(nil, nil) // nothing in it, nothing wrong with it
	d.Use(City{Directory: nowhere, Working: func(time.Time) bool { return true }})
	return d
}

// Use replaces the city's people and places as a whole. Calls that run go on by the new roster.
func (d *Desk) Use(c City) { d.city.Store(&c) }

const (
	ring    = "duty.call"     // key: the call's id
	overdue = "duty.handover" // key: the hand-over's id
)

// Timers are the desk's handlers, for the program's timer runner.
func (d *Desk) Timers() map[string]timer.Handler {
	return map[string]timer.Handler{ring: d.silent, overdue: d.notAccepted}
}

// now is the clock's time as records keep it: what is due at a moment must be due when it is read back.
func (d *Desk) now() time.Time { return d.Clock.Now().UTC().Truncate(time.Microsecond) }

// watch is who is on duty, with the deputies of a moment.
func (d *Desk) watch(tx *sqldb.Tx, now time.Time) (registry.Watch, error) {
	rows, err := d.Store.LiveDeputies(tx, now)
	if err != nil {
		return registry.Watch{}, err
	}
	deputies := make([]registry.Deputy, len(rows))
	for i := range rows {
		deputies[i] = rows[i].Deputy
	}
	city := d.city.Load()
	return city.Directory.Watch(city.Working, deputies...), nil
}

// dueNow is the moment at which a timer's handler works: the machine's clock may have jumped back since the runner looked, and a timer rings once.
func (d *Desk) dueNow(t timer.Timer) time.Time {
	if now := d.now(); !now.Before(t.Due) {
		return now
	}
	return t.Due
}

// book gathers the entries of one command for the log.
type book struct {
	now     time.Time
	first   string
	entries []Entry
}

func newBook(now time.Time) *book { return &book{now: now, first: ident.New()} }

func (b *book) note(what Happening, thing, about string, unit registry.UnitID, by Who, text lang.Text) {
	id := fmt.Sprintf("%s-%03d", b.first, len(b.entries))
	b.entries = append(b.entries, Entry{ID: id, At: b.now, What: what, Thing: thing, About: about, Unit: unit, By: by, Text: text})
}

func (b *book) call(what Happening, c *Call, by Who, text lang.Text) {
	b.note(what, c.thing(), c.About, c.Unit, by, text)
}

// conflict is the fault of two who changed one thing at once.
func conflict(kept bool, err error) error {
	if err == nil && !kept {
		return fault.Say(fault.Conflict, "dutydesk.save", "duty.at-once", "it was changed by somebody else at the same time")
	}
	return err
}

// about is the question whether an actor may do something in the duty room.
func about(actor access.Actor, action access.Action, thing access.Thing) access.Request {
	return access.Request{Actor: actor, Action: action, Purpose: access.OnDuty, Thing: thing}
}

// permit puts a question to access; refusal is what the thing itself says against it. The audit fact is the caller's to keep.
func permit(now time.Time, r access.Request, refusal error) (access.Audit, error) {
	audit, err := access.Ask(now, r)
	if err != nil {
		return audit, err
	}
	if refusal != nil {
		audit.Decision.Allow, audit.Decision.Reason = false, fault.Message(refusal)
	}
	return audit, refusal
}

func who(a access.Actor) Who { return Who{registry.PersonID(a.ID), a.Name} }

// look asks whether a reader may see the duty room.
func (d *Desk) look(reader access.Actor) error {
	_, err := permit(d.now(), about(reader, access.ReadRoster, access.Thing{Kind: "roster"}), nil)
	return err
}
