package dutydesk

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/timer"
	"twoweave/internal/registry"
)

// Draft is what somebody is to be called for.
type Draft struct {
	ID    CallID // letters, digits and . _ ~ -, at most 200 of them
	About string // "case/C-17"
	Title lang.Text
	Unit  registry.UnitID // whose ladder; empty: the centre's
	Post  registry.PostID // instead: the ladder that begins here
}

var idForm = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,200}$`)

// caller is who places calls for the program.
var caller = access.Program("duty")

// Place calls for something, in the caller's transaction. A second call with the id does nothing, whatever became of the first.
func (d *Desk) Place(tx *sqldb.Tx, p Draft) error {
	const op = "dutydesk.Place"
	if !idForm.MatchString(string(p.ID)) || p.About == "" || !p.Title.Complete() {
		return fault.New(fault.Internal, op, "a call needs an id that can stand in an address, about, and a title in both languages")
	}
	now := d.now()
	c := Call{ID: p.ID, Version: 1, About: p.About, Title: p.Title, Unit: p.Unit, By: who(caller), At: now}
	if post, known := d.city.Load().Directory.Post(p.Post); known {
		c.Unit = post.Unit
	}
	audit, err := permit(now, about(caller, access.PlaceCall, c.access()), nil)
	if err != nil {
		return fault.Wrap(op, err)
	}
	w, err := d.watch(tx, now)
	if err != nil {
		return fault.Wrap(op, err)
	}
	b := newBook(now)
	b.call(CallPlaced, &c, c.By, c.Title)
	after := c.climb(ladder(w, &p, now), now)
	b.climbed(&c, &after)
	kept, err := d.Store.SaveDutyCall(tx, after, 0)
	if err != nil || !kept {
		return fault.Wrap(op, err)
	}
	return fault.Wrap(op, d.finish(tx, &after, b, audit))
}

func ladder(w registry.Watch, p *Draft, now time.Time) []registry.Rung {
	if p.Post != "" {
		return w.LadderFrom(p.Post, now)
	}
	return w.Ladder(p.Unit, now)
}

// Withdraw ends a call whose reason is gone, in the caller's transaction. Where there is none, or it is over, nothing happens.
func (d *Desk) Withdraw(tx *sqldb.Tx, id CallID, why lang.Text) error {
	const op = "dutydesk.Withdraw"
	before, err := d.Store.DutyCall(tx, id)
	if fault.Is(err, fault.NotFound) || err == nil && !before.Status.Live() {
		return nil
	}
	if err != nil {
		return fault.Wrap(op, err)
	}
	now := d.now()
	audit, err := permit(now, about(caller, access.PlaceCall, before.access()), nil)
	if err != nil {
		return fault.Wrap(op, err)
	}
	after := before.end(Dropped, Who{}, "")
	after.Status, after.Note, after.Version = Withdrawn, why.EN, before.Version+1
	b := newBook(now)
	b.call(CallWithdrawn, &after, who(caller), why)
	return fault.Wrap(op, d.save(tx, &before, &after, b, audit))
}

// silent calls the next post, when nobody answered in time.
func (d *Desk) silent(_ context.Context, tx *sqldb.Tx, t timer.Timer) error {
	const op = "dutydesk.silent"
	before, err := d.Store.DutyCall(tx, CallID(t.Key))
	if err != nil {
		return fault.Wrap(op, err)
	}
	now := d.dueNow(t)
	if before.Status != Calling || now.Before(before.Due) {
		return nil // it was answered, or passed on, at the same moment
	}
	w, err := d.watch(tx, now)
	if err != nil {
		return fault.Wrap(op, err)
	}
	b := newBook(now)
	b.call(CallSilent, &before, Who{}, told(before.current(), "%s：无人应答", "%s: nobody answered"))
	after := before.end(Silent, Who{}, "").climb(d.above(w, &before, now), now)
	after.Version++
	b.climbed(&before, &after)
	return fault.Wrap(op, d.save(tx, &before, &after, b))
}

// above is the ladder that goes on after a call's last post.
func (d *Desk) above(w registry.Watch, c *Call, now time.Time) []registry.Rung {
	post, known := d.city.Load().Directory.Post(c.lastPost())
	if !known || post.Next == "" {
		return nil
	}
	return w.LadderFrom(post.Next, now)
}

// save keeps a call that changed, and all that belongs to the change.
func (d *Desk) save(tx *sqldb.Tx, before, after *Call, b *book, audits ...access.Audit) error {
	kept, err := d.Store.SaveDutyCall(tx, *after, before.Version)
	if err := conflict(kept, err); err != nil {
		return err
	}
	return d.finish(tx, after, b, audits...)
}

// finish sets the timer, tells those who are called now, and writes log and audit.
func (d *Desk) finish(tx *sqldb.Tx, after *Call, b *book, audits ...access.Audit) error {
	if err := d.arm(tx, after); err != nil {
		return err
	}
	if r := after.current(); r != nil { // every change that leaves one waiting has called it
		for i := range r.People {
			if err := d.Teller.Tell(tx, r.People[i].Person, after.thing(), after.Title); err != nil {
				return err
			}
		}
	}
	if err := d.Store.AppendDutyLog(tx, b.entries...); err != nil {
		return err
	}
	return d.Store.AppendAudit(tx, audits...)
}

func (d *Desk) arm(tx *sqldb.Tx, c *Call) error {
	if c.Status != Calling {
		return timer.Cancel(tx, ring, string(c.ID))
	}
	return timer.Set(tx, timer.Timer{Kind: ring, Key: string(c.ID), Due: c.Due})
}

// climbed notes the rungs that were added.
func (b *book) climbed(before, after *Call) {
	for i := len(before.Rungs); i < len(after.Rungs); i++ {
		r := &after.Rungs[i]
		if r.Outcome == Nobody {
			b.call(CallNobody, after, Who{}, told(r, "%s：无人值班", "%s: nobody is on duty"))
			continue
		}
		b.call(CallMade, after, Who{}, told(r, "呼叫 %s", "called: %s"))
	}
	if after.Status == Unanswered {
		b.call(CallUnanswered, after, Who{}, lang.Text{ZH: "已无下一级可呼叫", EN: "there is nobody else to call"})
	}
}

// told names a rung in a sentence of each language.
func told(r *Rung, zh, en string) lang.Text {
	name := r.Name
	if r.Post != "" && len(r.People) > 0 {
		var people [2][]string
		for i := range r.People {
			people[0], people[1] = append(people[0], r.People[i].Name.ZH), append(people[1], r.People[i].Name.EN)
		}
		name.ZH += "（" + strings.Join(people[0], "、") + "）"
		name.EN += " (" + strings.Join(people[1], ", ") + ")"
	}
	return lang.Text{ZH: fmt.Sprintf(zh, name.ZH), EN: fmt.Sprintf(en, name.EN)}
}

// thing is the call as the log and messages name it; access is the call as access sees it.
func (c *Call) thing() string { return "call/" + string(c.ID) }

func (c *Call) access() access.Thing {
	return access.Thing{Kind: "call", ID: string(c.ID), Unit: string(c.Unit)}
}
