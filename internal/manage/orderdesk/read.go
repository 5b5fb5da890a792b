package orderdesk

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/sqldb"
)

// Filter says which orders; empty fields are all.
type Filter struct {
	Status order.Status
	Kind   order.Kind
	Cursor string
	Limit  int // 1 to MaxLimit; 0 = 50
}

// MaxLimit bounds a page.
const MaxLimit = 200

// Page is one page of orders, the newest first.
type Page struct {
	Items []View `json:"items"`
	Next  string `json:"next" doc:"the cursor of the next page; empty at the end"`
}

// List answers one page of orders, with what the reader may do with each.
func (d *Desk) List(ctx context.Context, reader access.Actor, f Filter) (Page, error) {
	const op = "orderdesk.List"
	q, err := f.query()
	if err != nil {
		return Page{}, fault.Wrap(op, err)
	}
	if _, err := access.Ask(d.Clock.Now(), about(reader, access.ReadOrders, &order.Order{})); err != nil {
		return Page{}, fault.Wrap(op, err)
	}
	page := Page{Items: []View{}}
	err = d.DB.View(ctx, func(tx *sqldb.Tx) error {
		found, err := d.Store.FindOrders(tx, q)
		for i := range found {
			page.Items = append(page.Items, d.view(&found[i], reader))
		}
		if len(found) == q.Limit {
			last := &found[len(found)-1]
			page.Next = Key{At: sqldb.Micros(last.At), ID: last.ID}.encode()
		}
		return err
	})
	return page, fault.Wrap(op, err)
}

func (f Filter) query() (Query, error) {
	q := Query{Status: f.Status, Kind: f.Kind, Limit: f.Limit}
	if q.Limit == 0 {
		q.Limit = 50
	}
	if q.Limit < 1 || q.Limit > MaxLimit {
		return q, fault.New(fault.Invalid, "", "limit must be 1 to %d", MaxLimit)
	}
	if f.Cursor == "" {
		return q, nil
	}
	q.After = &Key{}
	body, err := base64.RawURLEncoding.DecodeString(f.Cursor)
	if err == nil {
		err = json.Unmarshal(body, q.After)
	}
	if err != nil {
		return q, fault.New(fault.Invalid, "", "the cursor is not one of this list; take it from the page before")
	}
	return q, nil
}

func (k Key) encode() string {
	body, _ := json.Marshal(k) // a number and a text always have a form
	return base64.RawURLEncoding.EncodeToString(body)
}

// ScenarioName is a scenario that a silence may name.
type ScenarioName struct {
	ID    scenario.ID `json:"id"`
	Title lang.Text   `json:"title"`
}

// Scenarios are the scenarios that a silence may name, by id.
func (d *Desk) Scenarios(reader access.Actor) ([]ScenarioName, error) {
	if _, err := access.Ask(d.Clock.Now(), about(reader, access.ReadOrders, &order.Order{})); err != nil {
		return nil, fault.Wrap("orderdesk.Scenarios", err)
	}
	titles := d.city.Load().Scenarios
	all := []ScenarioName{}
	for _, id := range slices.Sorted(maps.Keys(titles)) {
		all = append(all, ScenarioName{ID: id, Title: titles[id]})
	}
	return all, nil
}

// Board is the city's state now, area by area. It names no persons: whoever may see the city's signs may see it, and the caller has asked access for that.
type Board struct {
	At       time.Time   `json:"at"`
	Highest  order.Level `json:"highest" doc:"of all areas"`
	Above    int         `json:"above" doc:"areas that stand above daily"`
	Areas    []AreaState `json:"areas"`
	Silences int         `json:"silences" doc:"silences in force"`
	Proposed int         `json:"proposed" doc:"emergencies that wait for a second person"`
}

// AreaState is the level of one area and the orders behind it, the highest first.
type AreaState struct {
	Area   event.AreaCode `json:"area"`
	Name   lang.Text      `json:"name"`
	Level  order.Level    `json:"level"`
	Until  *time.Time     `json:"until" doc:"of the order that decides; null: until somebody ends it"`
	Why    string         `json:"why" doc:"of the order that decides"`
	Orders []order.ID     `json:"orders"`
}

// boardAge is how long one board serves all who look; a change in this process is seen at once.
const boardAge = time.Second

// Board answers the city's state as the records hold it. Its slices are shared: read them only.
func (d *Desk) Board(ctx context.Context) (Board, error) {
	now := d.Clock.Now()
	d.mu.Lock()
	last, forgotten := d.board, d.forgotten
	d.mu.Unlock()
	if age := now.Sub(last.At); !last.At.IsZero() && age >= 0 && age < boardAge {
		return last, nil
	}
	var live []order.Order
	err := d.DB.View(ctx, func(tx *sqldb.Tx) (err error) {
		live, err = d.Store.LiveOrders(tx)
		return err
	})
	if err != nil {
		return Board{}, fault.Wrap("orderdesk.Board", err)
	}
	b := d.city.Load().board(live, now)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.forgotten == forgotten {
		d.board = b
	}
	return b, nil
}

// forget makes the next look read the records.
func (d *Desk) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.board = Board{}
	d.forgotten++
}

func (c *City) board(live []order.Order, now time.Time) Board {
	b := Board{At: now.Truncate(time.Millisecond), Highest: order.Daily, Areas: []AreaState{}}
	for i := range live {
		switch o := &live[i]; {
		case o.Status == order.Proposed && now.Before(o.Due()):
			b.Proposed++
		case o.Kind == order.PutSilence && o.InForce(now) && !now.Before(o.From):
			b.Silences++
		}
	}
	for i := range c.Directory.Areas {
		a := &c.Directory.Areas[i]
		s := areaState(a.Code, a.Name, live, now)
		if s.Level != order.Daily {
			b.Above++
		}
		if s.Level.Rank() > b.Highest.Rank() {
			b.Highest = s.Level
		}
		b.Areas = append(b.Areas, s)
	}
	return b
}

func areaState(code event.AreaCode, name lang.Text, live []order.Order, now time.Time) AreaState {
	s := AreaState{Area: code, Name: name, Level: order.Daily, Orders: []order.ID{}}
	var decides *order.Order
	for i := range live {
		o := &live[i]
		if o.Kind != order.PutState || !o.InForce(now) || o.Area != "" && o.Area != code {
			continue
		}
		if decides == nil || outranks(o, decides) {
			decides = o
			s.Orders = append([]order.ID{o.ID}, s.Orders...)
			continue
		}
		s.Orders = append(s.Orders, o.ID)
	}
	if decides != nil {
		s.Level, s.Until, s.Why = decides.Level, optional(decides.Until), decides.Why
	}
	return s
}

// outranks says which of two orders decides: the higher one, and of equals the one that lasts longer.
func outranks(a, b *order.Order) bool {
	if a.Level != b.Level {
		return a.Level.Rank() > b.Level.Rank()
	}
	return !b.Until.IsZero() && (a.Until.IsZero() || a.Until.After(b.Until))
}

// tableOf is the table that a log with these orders would lead to, at a moment.
func tableOf(live []order.Order, at time.Time) order.Table {
	var t order.Table
	for i := range live {
		if live[i].InForce(at) {
			t.Apply(live[i].Put())
		}
	}
	return t
}
