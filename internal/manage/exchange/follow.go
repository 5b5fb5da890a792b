package exchange

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/geo"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/sqldb"
)

// Told is what a peer is told of an order.
type Told struct {
	Order  string         `json:"order"`  // the number given by whose order it is
	Seq    int64          `json:"seq"`    // counts what was told about the order, from 1; what is older than what you know is passed over
	Status string         `json:"status"` // where it stands, in the peer's words
	State  casework.State `json:"state"`  // likewise, in ours
	Case   string         `json:"case"`   // our number
	Reason string         `json:"reason,omitempty"`
	Into   string         `json:"into,omitempty"` // the case that it became part of
	Unit   *lang.Text     `json:"unit,omitempty"` // whose work it is
	Due    *time.Time     `json:"due,omitempty"`  // when the unit's limit ends
	*Work
}

// Work is what there is to do: only in what creates an order.
type Work struct {
	Title      lang.Text  `json:"title"`
	Class      string     `json:"class"`
	ClassTitle lang.Text  `json:"class_title"`
	Area       string     `json:"area"`
	AreaName   lang.Text  `json:"area_name"`
	Address    string     `json:"address,omitempty"`
	Point      *geo.Point `json:"point,omitempty"`
	Text       string     `json:"text,omitempty"` // what reporters said, when the peer's purpose lets it be shown
}

// Follow lets orders live along with a case that changed, in the transaction that changes it.
func (d *Desk) Follow(tx *sqldb.Tx, before, after casework.Case, facts []casework.Fact) error {
	if len(d.Peers) == 0 {
		return nil
	}
	const op = "exchange.Follow"
	for i := range facts {
		if err := d.move(tx, &after, &facts[i]); err != nil {
			return fault.Wrap(op, err)
		}
	}
	orders, err := d.Store.OrdersOfCase(tx, after.ID)
	if err != nil {
		return fault.Wrap(op, err)
	}
	fact := &facts[len(facts)-1]
	for i := range orders {
		if orders[i].Direction == In {
			if err := d.stand(tx, &orders[i], &after, fact); err != nil {
				return fault.Wrap(op, err)
			}
		}
	}
	return fault.Wrap(op, d.pass(tx, orders, &after, fact))
}

// move takes orders along with their reports: into the case that a report came to, or back into the one that was taken out again.
func (d *Desk) move(tx *sqldb.Tx, c *casework.Case, f *casework.Fact) error {
	if len(f.Body.Reports) == 0 {
		return nil
	}
	to := *c
	if f.Kind == casework.FactParted {
		var err error
		if to, err = d.Cases.Case(tx, f.Body.Into); err != nil {
			return err
		}
	}
	ids := make([]casework.ReportID, len(f.Body.Reports))
	for i, r := range f.Body.Reports {
		ids[i] = r.Report
	}
	orders, err := d.Store.OrdersOfReports(tx, ids...)
	if err != nil {
		return err
	}
	for i := range orders {
		o, from := &orders[i], orders[i].Version
		o.Version, o.Case, o.CaseNumber, o.Updated = from+1, to.ID, to.Number, f.At
		if err := d.Store.SavePeerOrder(tx, *o, from); err != nil {
			return err
		}
		if to.ID != c.ID {
			if err := d.stand(tx, o, &to, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// stand tells the peer where its order stands, when it has another word for that than the one it was told last.
func (d *Desk) stand(tx *sqldb.Tx, o *Order, c *casework.Case, f *casework.Fact) error {
	p := d.byID[o.Peer]
	if p == nil || o.Ended {
		return nil
	}
	word, has := p.Word(c.State)
	if !has || word == o.Word {
		return d.note(tx, o, c, f)
	}
	o.State, o.Word = c.State, word
	told := d.told(o, c, f)
	if c.State == casework.Merged {
		into, err := d.Cases.Case(tx, c.Into)
		if err != nil {
			return err
		}
		told.Into = into.Number
	}
	return d.tell(tx, p, o, Status, told, f.At)
}

// note keeps a state that is not told.
func (d *Desk) note(tx *sqldb.Tx, o *Order, c *casework.Case, f *casework.Fact) error {
	if o.State == c.State {
		return nil
	}
	from := o.Version
	o.Version, o.State, o.Updated = from+1, c.State, f.At
	return d.Store.SavePeerOrder(tx, *o, from)
}

// reasons are the facts whose note is meant for whoever ordered.
var reasons = []casework.FactKind{casework.FactVoided, casework.FactReworked, casework.FactReopened, casework.FactHandled, casework.FactSettled, casework.FactClosed}

func (d *Desk) told(o *Order, c *casework.Case, f *casework.Fact) Told {
	t := Told{Order: o.Number, Status: o.Word, State: o.State, Case: c.Number}
	if slices.Contains(reasons, f.Kind) {
		t.Reason = f.Note
	}
	if slices.Contains(with, c.State) {
		if u, known := d.city.Load().Directory.Unit(c.Unit); known {
			t.Unit = &u.Name
		}
	}
	if !c.DueAt.IsZero() {
		due := c.DueAt.UTC().Truncate(time.Millisecond)
		t.Due = &due
	}
	return t
}

// tell writes a line of the feed and a message for the peer, and keeps the order.
func (d *Desk) tell(tx *sqldb.Tx, p *Peer, o *Order, t Type, told Told, at time.Time) error {
	from := o.Version
	o.Version, o.Told, o.Updated = from+1, o.Told+1, at
	if err := d.Store.SavePeerOrder(tx, *o, from); err != nil {
		return err
	}
	told.Seq = o.Told
	data, err := json.Marshal(told)
	if err != nil {
		return err
	}
	line := Line{Peer: p.ID, ID: fmt.Sprintf("exchange.%s.%d", o.ID, o.Told), Type: t, Order: o.ID, At: at, Data: data}
	if err := d.Store.AppendFeed(tx, line); err != nil || p.Webhook.URL == "" {
		return err
	}
	return notify.Put(tx, notify.Message{ID: notify.ID(line.ID), Channel: notify.Webhook, To: endpointPrefix + string(p.ID), Type: string(t), Data: data, About: string(o.Case), At: at})
}

// pass makes an order of a case that came to a unit which is reached through a peer, tells the peer how it goes on, and withdraws it when the case goes elsewhere.
func (d *Desk) pass(tx *sqldb.Tx, orders []Order, c *casework.Case, f *casework.Fact) error {
	orders = slices.DeleteFunc(orders, func(o Order) bool { return o.Direction == In })
	slices.SortFunc(orders, func(a, b Order) int {
		return cmp.Or(cmp.Compare(len(a.Number), len(b.Number)), cmp.Compare(a.Number, b.Number))
	}) // as they were made
	p := d.byUnit[c.Unit]
	var last *Order
	if n := len(orders); n > 0 {
		last = &orders[n-1]
	}
	there := p != nil && slices.Contains(with, c.State)
	switch {
	case last != nil && !last.Ended && d.byID[last.Peer] != nil: // a peer that is in the settings no more is told nothing, and stands in nobody's way
		return d.goOn(tx, last, c, f)
	case !there:
		return nil
	case f.Kind == casework.FactUndone && last != nil && last.Peer == p.ID && last.Unit == c.Unit:
		last.Ended, last.Word = false, "" // what ended it was taken back, and that is told
		return d.goOn(tx, last, c, f)
	case c.State == casework.Dispatched:
		return d.order(tx, p, len(orders)+1, c, f)
	}
	return nil
}

// order makes the nth order of a case.
func (d *Desk) order(tx *sqldb.Tx, p *Peer, n int, c *casework.Case, f *casework.Fact) error {
	number := fmt.Sprintf("%s-%d", c.Number, n)
	o := Order{ID: ours(p.ID, number), Version: 1, Peer: p.ID, Direction: Out, Number: number, Unit: c.Unit, Case: c.ID, CaseNumber: c.Number, State: c.State, At: f.At, Updated: f.At}
	o.Word, _ = p.Word(c.State)
	if err := d.Store.SavePeerOrder(tx, o, 0); err != nil {
		return err
	}
	told := d.told(&o, c, f)
	told.Work = &Work{Title: c.Title, Class: string(c.Class), ClassTitle: c.ClassTitle, Area: string(c.Area), Address: c.Place.Address, Point: c.Place.Point}
	if a, known := d.city.Load().Directory.Area(c.Area); known {
		told.AreaName = a.Name
	}
	var err error
	if told.Text, err = d.words(tx, p, c, f.At); err != nil {
		return err
	}
	return d.tell(tx, p, &o, Created, told, f.At)
}

// words are what reporters said, as far as the peer may see it. That it was shown leaves a trace.
func (d *Desk) words(tx *sqldb.Tx, p *Peer, c *casework.Case, at time.Time) (string, error) {
	audit, err := access.Ask(at, access.Request{Actor: p.Actor(c.Unit), Action: access.ReadPersonal, Thing: c.Thing(), Purpose: p.Purpose})
	if err != nil {
		return "", nil // not shown
	}
	said, err := d.Cases.Words(tx, c.ID)
	if err != nil || len(said) == 0 {
		return "", err
	}
	return said[0], d.Store.AppendAudit(tx, audit)
}

// goOn tells a peer how a case that it has goes on, or that it has it no more.
func (d *Desk) goOn(tx *sqldb.Tx, o *Order, c *casework.Case, f *casework.Fact) error {
	p := d.byID[o.Peer]
	kind := Status
	switch {
	case c.State == casework.Returned || c.State == casework.Closed:
		o.Ended = true
	case !slices.Contains(with, c.State) || c.Unit != o.Unit:
		o.Ended, kind = true, Withdrawn
	}
	word, has := p.Word(c.State)
	if !o.Ended && (!has || word == o.Word) {
		return d.note(tx, o, c, f)
	}
	o.State = c.State
	if has {
		o.Word = word
	}
	return d.tell(tx, p, o, kind, d.told(o, c, f), f.At)
}
