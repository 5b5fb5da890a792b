package exchange

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/matter"
	"twoweave/internal/platform/sqldb"
)

// prepare checks what will be taken as a report.
func (w *work) prepare(ctx context.Context) (err error) {
	if w.in.Type != Created && w.in.Type != Supplemented {
		return nil
	}
	who := w.peer.Actor("")
	ask := access.Request{Actor: who, Action: access.TakeCase, Thing: access.Thing{Kind: "report"}, Purpose: access.Casework}
	if d := access.Decide(ask); !d.Allow { // whatever else is missing: it would hold up all that comes behind it
		return d.Refusal("exchange.prepare")
	}
	in, err := w.intake()
	if err != nil {
		return err
	}
	w.prepared, err = w.desk.Cases.Prepare(ctx, who, w.key(), in)
	return err
}

// key is the report's: an order is one report however many messages create it, each supplement another.
func (w *work) key() string {
	if w.in.Type == Created {
		return "order/" + string(w.message.Order)
	}
	return "supplement/" + w.message.ID
}

// intake is a message as a report, with what had to be assumed.
func (w *work) intake() (Intake, error) {
	b := &w.in.Body
	in := Intake{Name: b.Name, Phone: b.Phone, Text: b.Text, Class: w.class(), Area: w.area(), Place: casework.Place{Address: b.Address, Point: b.Point}}
	if w.in.Type == Created {
		in.Join = true
	} else {
		in.Name, in.Phone = "", "" // the caller of the order is answered once
	}
	city := w.desk.city.Load()
	_, known := city.Directory.Area(in.Area)
	if city.Classes[in.Class] == nil || !known {
		w.desk.Log.Error("an order waits: the settings of its peer name a class or an area that the city does not have", "peer", w.peer.ID, "class", in.Class, "area", in.Area)
		return in, fault.New(fault.Unavailable, "exchange.intake", "the settings for this system are not complete; send it again later")
	}
	return in, nil
}

func (w *work) class() matter.ClassID {
	theirs := w.in.Body.Class
	if c, known := w.peer.Classes[theirs]; known {
		return c
	}
	if c := matter.ClassID(theirs); w.desk.city.Load().Classes[c] != nil {
		return c
	}
	if theirs != "" {
		w.assume(fmt.Sprintf("类别“%s”未对应，按“%s”受理", theirs, w.peer.Class), fmt.Sprintf("class %q is not known here and was taken as %s", theirs, w.peer.Class))
	}
	return w.peer.Class
}

func (w *work) area() event.AreaCode {
	b, city := &w.in.Body, w.desk.city.Load()
	if a, known := w.peer.Areas[b.Area]; known {
		return a
	}
	if a, known := city.Directory.Area(event.AreaCode(b.Area)); known {
		return a.Code
	}
	if b.Point != nil {
		if g, in := city.Directory.GridAt(*b.Point); in {
			return g.Area
		}
	}
	if w.in.Type == Created {
		w.assume(fmt.Sprintf("区域不明，按“%s”受理", w.peer.Area), fmt.Sprintf("where it is is not known and was taken as %s", w.peer.Area))
	}
	return w.peer.Area
}

func (w *work) assume(zh, en string) {
	join := func(a, b, sep string) string {
		if a == "" {
			return b
		}
		return a + sep + b
	}
	w.note = lang.Text{ZH: join(w.note.ZH, zh, "；"), EN: join(w.note.EN, en, "; ")}
}

// carry does what a message asks, in the transaction that keeps it.
func (w *work) carry(tx *sqldb.Tx) error {
	o, err := w.desk.Store.PeerOrder(tx, w.message.Order)
	missing := fault.Is(err, fault.NotFound)
	switch {
	case err != nil && !missing:
		return err
	case w.in.Type == Created:
		return w.create(tx, o)
	case missing && direction[w.in.Type] == In && w.message.Way == Pulled: // a feed is in order: what creates it was there before, and was refused
		return fault.New(fault.NotFound, "exchange.carry", "there is no order %q: what created it was refused, or is not in the feed before this", w.in.Body.Order)
	case missing && direction[w.in.Type] == In:
		return fault.New(fault.Unavailable, "exchange.carry", "there is no order %q yet: send what created it first, then this again", w.in.Body.Order)
	case missing:
		return fault.New(fault.NotFound, "exchange.carry", "there is no order %q of ours", w.in.Body.Order)
	case w.old(&o):
		w.answer = answerOf(Passed, &o)
		return nil
	case o.Ended && w.in.Type != Withdrawn && w.in.Type != Received:
		return fault.New(fault.Conflict, "exchange.carry", "order %q is over: it is %s here", o.Number, o.State)
	}
	if err := w.command(tx, &o); err != nil {
		return err
	}
	return w.heard(tx)
}

// old says whether an answer is older than one that was heard.
func (w *work) old(o *Order) bool {
	return direction[w.in.Type] == Out && w.in.Body.Seq > 0 && w.in.Body.Seq <= o.Heard
}

// create takes an order of the peer as a report. The status that follows from it is written by Follow, before the report is taken to its end.
func (w *work) create(tx *sqldb.Tx, o Order) error {
	if o.Version > 0 {
		if o.Content != w.in.content {
			return fault.New(fault.Conflict, "exchange.create", "order %q is known with another content: send what changed as a supplement", o.Number)
		}
		w.answer = answerOf(Carried, &o)
		return nil
	}
	now := w.message.At
	o = Order{ID: w.message.Order, Version: 1, Peer: w.peer.ID, Direction: In, Number: w.in.Body.Order, Content: w.in.content, Report: w.prepared.Report, Note: w.note, At: now, Updated: now}
	if err := w.desk.Store.SavePeerOrder(tx, o, 0); err != nil {
		return err
	}
	var err error
	if w.refused, err = w.prepared.Take(tx, ""); err != nil {
		return err
	}
	if o, err = w.desk.Store.PeerOrder(tx, o.ID); err != nil {
		return err
	}
	w.answer = answerOf(Carried, &o)
	return nil
}

func answerOf(outcome Outcome, o *Order) Answer {
	a := Answer{Outcome: outcome, Order: o.Number, Case: o.CaseNumber, Status: o.Word, State: o.State}
	if o.Note != (lang.Text{}) {
		a.Note = &o.Note
	}
	return a
}

// command gives the case what the message means for it.
func (w *work) command(tx *sqldb.Tx, o *Order) error {
	b := &w.in.Body
	switch w.in.Type {
	case Supplemented:
		var err error
		w.refused, err = w.prepared.Take(tx, o.Case)
		return err
	case Urged:
		return w.do(tx, o, casework.Urge, b.Reason)
	case Withdrawn:
		return w.withdraw(tx, o)
	case Started:
		return w.do(tx, o, casework.Start, b.Note)
	case Done:
		return w.finish(tx, o)
	case Returned:
		return w.do(tx, o, casework.Return, b.Reason)
	}
	return nil // received: only noted
}

func (w *work) do(tx *sqldb.Tx, o *Order, kind casework.CommandKind, note string) (err error) {
	w.refused, err = w.desk.Cases.Do(tx, o.Case, casework.Command{Kind: kind, Purpose: access.Casework, Note: strings.TrimSpace(note)}, w.peer.Actor(o.Unit))
	return err
}

// finish says that the work is done; that it was begun is said with it when that message is still on its way, or lost.
func (w *work) finish(tx *sqldb.Tx, o *Order) error {
	if o.State == casework.Dispatched {
		if err := w.do(tx, o, casework.Start, ""); err != nil {
			return err
		}
	}
	return w.do(tx, o, casework.Finish, w.in.Body.Note)
}

// withdraw voids the case when the peer's order, with what was added to it, is all there is behind it and nobody works on it yet; else the matter goes on without the peer.
func (w *work) withdraw(tx *sqldb.Tx, o *Order) error {
	c, err := w.desk.Cases.Case(tx, o.Case)
	if err != nil || o.Ended {
		return err
	}
	alone, err := w.alone(tx, &c)
	if _, can := casework.Next(c.State, casework.Void); err != nil || !can || !alone {
		return err
	}
	return w.do(tx, o, casework.Void, clip(w.peer.Name.ZH+"撤回 / withdrawn: "+strings.TrimSpace(w.in.Body.Reason), maxText))
}

// alone says whether nobody but the peer has told of a case, and only by one order.
func (w *work) alone(tx *sqldb.Tx, c *casework.Case) (bool, error) {
	takers, err := w.desk.Cases.Takers(tx, c.ID)
	if err != nil {
		return false, err
	}
	orders, err := w.desk.Store.OrdersOfCase(tx, c.ID)
	orders = slices.DeleteFunc(orders, func(o Order) bool { return o.Direction == Out })
	return len(takers) == 1 && takers[0] == w.peer.Actor("").ID && len(orders) == 1, err
}

// clip is as much of a text as fits into so many bytes.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}

// heard notes on the order what the peer said last. The order is read again: what the message meant for the case may have changed it.
func (w *work) heard(tx *sqldb.Tx) error {
	o, err := w.desk.Store.PeerOrder(tx, w.message.Order)
	if err != nil {
		return err
	}
	from := o.Version
	o.Version, o.Updated, o.Heard = from+1, w.message.At, max(o.Heard, w.in.Body.Seq)
	if words := strings.TrimPrefix(string(w.in.Type), "twoweave.order."); direction[w.in.Type] == Out || w.in.Type == Withdrawn {
		o.Theirs = words
	}
	if o.Direction == Out && w.in.Body.Ref != "" {
		o.Ref = w.in.Body.Ref
	}
	if w.in.Type == Withdrawn {
		o.Ended = true
	}
	w.answer = answerOf(Carried, &o)
	return w.desk.Store.SavePeerOrder(tx, o, from)
}
