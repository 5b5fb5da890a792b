package casedesk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/matter"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

// Intake is a report as it is taken.
type Intake struct {
	Channel Channel
	Name    string // of the person; empty = not told
	Phone   string // likewise; the person is found again by it
	Text    string
	Class   matter.ClassID
	Area    event.AreaCode
	Place   casework.Place
	Join    string // the id of an open case it is about; Auto = the nearest one of the same class at the same place, if there is one; empty = a new case
	Answer  string // a question, answered on the spot: no case
	Settle  bool   // a field worker's own, of a light class: settled on the spot
}

// Auto as an intake's Join leaves the choice to the program.
const Auto = "auto"

// TakeRequest is an intake and who gives it.
type TakeRequest struct {
	Intake
	Actor          access.Actor
	IdempotencyKey string
	Route          string

	level  order.Level // the city state of the area
	number string      // for the case, if it becomes one
}

// Taken is what a report led to.
type Taken struct {
	Report casework.ReportID `json:"report"`
	Case   *View             `json:"case"`   // null for a question that was answered
	Joined bool              `json:"joined"` // it is part of a case that was there before
}

const (
	maxReport  = 4000
	maxAddress = 200
	maxName    = 100
)

// Take takes a report: it becomes a case, or part of one, or is answered at once. Taking the same one again, under the same key, gives the same answer.
//
// Faults: Invalid for what is missing or too long; Denied when access refuses; Conflict when the key was used for another report, or the case to join was
// closed meanwhile.
func (d *Desk) Take(ctx context.Context, r TakeRequest) (Taken, error) {
	const op = "casedesk.Take"
	if err := d.prepare(ctx, &r); err != nil {
		return Taken{}, fault.Wrap(op, err)
	}
	var out Taken
	var refused *access.Audit
	if err := d.reserveNumber(ctx, &r); err != nil {
		return out, fault.Wrap(op, err)
	}
	err := d.DB.Update(ctx, func(tx *sqldb.Tx) error {
		out, refused = Taken{}, nil
		audit, err := d.take(tx, &r, &out)
		if fault.Is(err, fault.Denied) {
			refused = &audit
		}
		return err
	})
	if refused != nil {
		if kept := d.DB.Update(ctx, func(tx *sqldb.Tx) error { return d.Store.AppendAudit(tx, *refused) }); kept != nil {
			err = kept
		}
	}
	if err != nil {
		return Taken{}, fault.Wrap(op, err)
	}
	d.Wake()
	return out, nil
}

// prepare checks an intake and looks up what must be known before its transaction begins.
func (d *Desk) prepare(ctx context.Context, r *TakeRequest) error {
	if err := d.checkIntake(r); err != nil {
		return err
	}
	if r.level = order.Daily; d.Level == nil || r.Area == "" {
		return nil
	}
	var err error
	r.level, err = d.Level(ctx, r.Area)
	return err
}

func (d *Desk) checkIntake(r *TakeRequest) error {
	bad := func(code fault.Code, format string, args ...any) error {
		return fault.Say(fault.Invalid, "", code, format, args...)
	}
	in := &r.Intake
	in.Phone, in.Text, in.Name = strings.TrimSpace(in.Phone), strings.TrimSpace(in.Text), strings.TrimSpace(in.Name)
	in.Place.Address = strings.Join(strings.Fields(in.Place.Address), " ")
	city := d.city.Load()
	_, class := city.Classes[in.Class]
	_, area := city.Directory.Area(in.Area)
	switch {
	case r.IdempotencyKey == "" || len(r.IdempotencyKey) > command.MaxKey:
		return bad("report.key", "a report needs an Idempotency-Key of 1 to %d bytes", command.MaxKey)
	case !printable(in.Name, in.Phone, in.Text, string(in.Class), string(in.Area), in.Place.Address, in.Join, in.Answer):
		return errUnprintable("")
	case !slices.Contains(Channels, in.Channel):
		return bad("report.channel", "channel: %q is not one of %v", in.Channel, Channels)
	case in.Text == "" || len(in.Text) > maxReport:
		return bad("report.text", "text: what was told is missing, or longer than %d bytes", maxReport)
	case len(in.Name) > maxName || len(in.Phone) > maxName || len(in.Place.Address) > maxAddress || len(in.Answer) > maxReport:
		return bad("report.long", "name and phone have at most %d bytes, an address %d, an answer %d", maxName, maxAddress, maxReport)
	case in.Answer == "" && !class:
		return bad("report.class", "class: there is no matter class %q", in.Class)
	case in.Area != "" && !area:
		return bad("area.unknown", "area: there is no area %q", in.Area)
	case in.Answer == "" && in.Area == "":
		return bad("report.area", "area: where it is is missing")
	case in.Place.Point != nil && in.Place.Point.Valid() != nil:
		return bad("report.place", "place: %v", in.Place.Point.Valid())
	}
	return nil
}

// take does it in one transaction. The audit is that of a refusal.
func (d *Desk) take(tx *sqldb.Tx, r *TakeRequest, out *Taken) (access.Audit, error) {
	now := d.Clock.Now()
	kept, fresh, err := d.report(tx, r, now)
	if err != nil {
		return access.Audit{}, err
	}
	out.Report = kept.ID
	if !fresh {
		return access.Audit{}, d.takenBefore(tx, kept, r, now, out)
	}
	if r.Answer != "" {
		audit, err := access.Ask(now, access.Request{Actor: r.Actor, Action: access.TakeCase, Thing: access.Thing{Kind: "report", ID: string(kept.ID)}, Purpose: access.Casework})
		if err != nil {
			return audit, err
		}
		return audit, d.Store.AppendAudit(tx, audit)
	}
	c, err := d.joined(tx, &r.Intake)
	if err != nil {
		return access.Audit{}, err
	}
	done, err := d.takeInto(tx, c, r, kept, now)
	if err != nil {
		return done.audit, err
	}
	view := d.view(&done.after, now)
	out.Case, out.Joined = &view, c.Version > 0
	if err := d.Store.MoveReports(tx, done.after.ID, kept.ID); err != nil {
		return done.audit, err
	}
	return done.audit, d.tellTaken(tx, &kept, &done.after)
}

// report keeps the report itself, its personal values sealed.
func (d *Desk) report(tx *sqldb.Tx, r *TakeRequest, now time.Time) (Report, bool, error) {
	in := &r.Intake
	kept := Report{
		ID: r.id(), Content: r.content(), Channel: in.Channel, At: now,
		Taker: r.Actor.ID, TakerName: r.Actor.Name, Text: in.Text, Class: in.Class, Area: in.Area, Place: in.Place, Answer: in.Answer,
	}
	if in.Answer != "" {
		kept.AnsweredAt = now
	}
	if in.Phone != "" && d.Persons != nil {
		var err error
		if kept.Person, err = d.Persons.Person(tx, "phone", in.Phone); err != nil {
			return kept, false, err
		}
		for field, value := range map[string]*string{"phone": &in.Phone, "name": &in.Name} {
			sealed, err := d.Persons.Seal(tx, kept.Person, field, *value)
			if err != nil {
				return kept, false, err
			}
			if field == "phone" {
				kept.Phone = sealed
			} else {
				kept.Name = sealed
			}
		}
	}
	return d.Store.KeepReport(tx, kept)
}

// id is that of the report: the same for a repetition.
func (r *TakeRequest) id() casework.ReportID {
	return casework.ReportID(ident.Derive("report", r.Actor.ID, r.Route, r.IdempotencyKey))
}

func (r *TakeRequest) content() string {
	in := &r.Intake
	point := ""
	if p := in.Place.Point; p != nil {
		point = fmt.Sprint(p.Lon, p.Lat)
	}
	return ident.Derive("intake", string(in.Channel), in.Name, in.Phone, in.Text, string(in.Class), string(in.Area), in.Place.Address, point, in.Join, in.Answer, fmt.Sprint(in.Settle))
}

// takenBefore is the answer to a repetition.
func (d *Desk) takenBefore(tx *sqldb.Tx, kept Report, r *TakeRequest, now time.Time, out *Taken) error {
	if kept.Content != r.content() {
		return fault.Say(fault.Conflict, "casedesk.take", "report.key-used", "this Idempotency-Key was used for another report")
	}
	if kept.Case == "" {
		return nil
	}
	c, err := d.Store.Case(tx, kept.Case)
	if err != nil {
		return err
	}
	view := d.view(&c, now)
	out.Case, out.Joined = &view, len(c.Reports) > 0 && c.Reports[0].Report != kept.ID
	return nil
}

// takeInto gives the command that a report means: attach it to an open case, or begin a new one.
func (d *Desk) takeInto(tx *sqldb.Tx, c casework.Case, r *TakeRequest, kept Report, now time.Time) (decided, error) {
	who := deciders{now: now, actor: r.Actor, calendar: d.city.Load().Calendar}
	cmd := casework.Command{Kind: casework.Attach, Purpose: access.Casework, Reports: []casework.Attached{{Report: kept.ID}}}
	if c.Version == 0 {
		var err error
		if cmd.Opening, err = d.openingOf(tx, r, kept.ID, now); err != nil {
			return decided{}, err
		}
		if cmd.Kind = casework.Take; r.Channel == Patrol {
			cmd.Kind = casework.Report
		}
	}
	done, err := d.give(tx, c, cmd, who)
	if err != nil || !r.Settle || cmd.Kind != casework.Report {
		return done, err
	}
	return d.give(tx, done.after, casework.Command{Kind: casework.Settle, Purpose: access.Casework, Version: done.after.Version, Note: r.Text}, who)
}

// give decides a command and keeps what follows.
func (d *Desk) give(tx *sqldb.Tx, c casework.Case, cmd casework.Command, who deciders) (decided, error) {
	done, err := decide(c, cmd, who)
	if err != nil {
		return done, err
	}
	return done, d.keep(tx, done)
}

// joined is the open case that a report names or, with Auto, is at the place; the zero case when it is a matter of its own.
func (d *Desk) joined(tx *sqldb.Tx, in *Intake) (casework.Case, error) {
	switch in.Join {
	case "":
		return casework.Case{}, nil
	case Auto:
		near, err := d.near(tx, in.Class, in.Area, in.Place, samePlace)
		if err != nil || len(near) == 0 {
			return casework.Case{}, err
		}
		return near[0].of, nil
	}
	c, err := d.Store.Case(tx, casework.ID(in.Join))
	if fault.Is(err, fault.NotFound) {
		return c, fault.Say(fault.Invalid, "casedesk.joined", "report.join", "join: there is no case %q", in.Join)
	}
	if err == nil && !c.Open() {
		return c, fault.Say(fault.Conflict, "casedesk.joined", "report.joined-closed", "case %s is %s: a report of the same matter is a new case", c.Number, c.State)
	}
	return c, err
}

// openingOf is the case that a report becomes: class and area as told, limits and unit by them.
func (d *Desk) openingOf(tx *sqldb.Tx, r *TakeRequest, id casework.ReportID, now time.Time) (*casework.Opening, error) {
	city := d.city.Load()
	class := city.Classes[r.Class]
	terms := class.At(r.level)
	o := &casework.Opening{
		Title: class.Title, Class: class.ID, ClassTitle: class.Title, Limits: casework.LimitsOf(class, terms.Terms, city.Calendar), Severity: scenario.Minor,
		Subject: string(id), Area: r.Area, Place: r.Place,
	}
	if p := r.Place.Point; p != nil {
		if g, in := city.Directory.GridAt(*p); in {
			o.Place.Grid = string(g.ID)
		}
	}
	answer := city.Directory.Route(registry.Question{Class: registry.ClassID(class.ID), Kind: terms.Unit, Area: r.Area, Grid: registry.GridID(o.Place.Grid)})
	o.Unit, o.WhyUnit, o.Why = answer.Unit, answer.Why().In(lang.English), answer.Why()
	if r.Channel == Patrol {
		o.Why = lang.Text{ZH: "由本单位处置员上报", EN: "its own field worker reported it"}
		o.Unit, o.WhyUnit = registry.UnitID(r.Actor.Unit), o.Why.EN
	}
	var err error
	if o.Number = r.number; o.Number == "" {
		o.Number, err = d.number(tx, now)
	}
	return o, err
}

// reserveNumber takes a case number in a transaction of its own when the report will probably become a case. All reports of a day need the same counter: held for as
// long as a report takes, it would have them wait for one another in a storm. A number that is not needed in the end is left out.
func (d *Desk) reserveNumber(ctx context.Context, r *TakeRequest) error {
	if r.Answer != "" || r.Join != "" && r.Join != Auto {
		return nil
	}
	alone := true
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		c, err := d.joined(tx, &r.Intake)
		alone = c.Version == 0
		return err
	})
	if err != nil || !alone {
		return err
	}
	return d.DB.Update(ctx, func(tx *sqldb.Tx) error {
		r.number, err = d.number(tx, d.Clock.Now())
		return err
	})
}
