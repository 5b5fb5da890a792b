package dutydesk

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

// Page is one page of a list, the newest first.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next" doc:"the cursor of the next page; empty at the end"`
}

// Paging says which page of a list.
type Paging struct {
	Cursor string
	Limit  int // 1 to MaxLimit; 0 = 50
}

// MaxLimit bounds a page.
const MaxLimit = 200

func (p Paging) resolve() (after *Key, limit int, err error) {
	limit = p.Limit
	if limit == 0 {
		limit = 50
	}
	if limit < 1 || limit > MaxLimit {
		return nil, 0, fault.New(fault.Invalid, "", "limit must be 1 to %d", MaxLimit)
	}
	if p.Cursor == "" {
		return nil, limit, nil
	}
	after = &Key{}
	body, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err == nil {
		err = json.Unmarshal(body, after)
	}
	if err != nil {
		return nil, 0, fault.New(fault.Invalid, "", "the cursor is not one of this list; take it from the page before")
	}
	return after, limit, nil
}

// list reads one page: find finds the rows, show makes the view of one and says where it stands.
func list[R, V any](ctx context.Context, d *Desk, reader access.Actor, p Paging, find func(tx *sqldb.Tx, after *Key, limit int) ([]R, error), show func(*R) (V, Key)) (Page[V], error) {
	page := Page[V]{Items: []V{}}
	after, limit, err := p.resolve()
	if err != nil {
		return page, err
	}
	if err := d.look(reader); err != nil {
		return page, err
	}
	err = d.DB.View(ctx, func(tx *sqldb.Tx) error {
		page = Page[V]{Items: []V{}}
		rows, err := find(tx, after, limit)
		for i := range rows {
			v, at := show(&rows[i])
			page.Items = append(page.Items, v)
			if len(rows) == limit {
				body, _ := json.Marshal(at) // a number and a text always have a form
				page.Next = base64.RawURLEncoding.EncodeToString(body)
			}
		}
		return err
	})
	return page, err
}

// CallFilter says which calls; empty fields are all.
type CallFilter struct {
	Live  bool // only those that somebody still has to take
	About string
	Unit  registry.UnitID
	Paging
}

// Calls are the calls that fit, with what the reader may do with each.
func (d *Desk) Calls(ctx context.Context, reader access.Actor, f CallFilter) (Page[CallView], error) {
	page, err := list(ctx, d, reader, f.Paging,
		func(tx *sqldb.Tx, after *Key, limit int) ([]Call, error) {
			return d.Store.FindDutyCalls(tx, CallQuery{Live: f.Live, About: f.About, Unit: f.Unit, After: after, Limit: limit})
		},
		func(c *Call) (CallView, Key) { return d.callView(c, reader), Key{sqldb.Micros(c.At), string(c.ID)} })
	return page, fault.Wrap("dutydesk.Calls", err)
}

// HandOverFilter says which hand-overs; empty fields are all.
type HandOverFilter struct {
	Open bool // only those not accepted yet
	Post registry.PostID
	Paging
}

// HandOvers are the hand-overs that fit.
func (d *Desk) HandOvers(ctx context.Context, reader access.Actor, f HandOverFilter) (Page[HandOverView], error) {
	page, err := list(ctx, d, reader, f.Paging,
		func(tx *sqldb.Tx, after *Key, limit int) ([]HandOver, error) {
			return d.Store.FindHandOvers(tx, HandOverQuery{Open: f.Open, Post: f.Post, After: after, Limit: limit})
		},
		func(h *HandOver) (HandOverView, Key) {
			return d.handOverView(h, reader), Key{sqldb.Micros(h.At), string(h.ID)}
		})
	return page, fault.Wrap("dutydesk.HandOvers", err)
}

// EntryView is one line of the log as it is shown.
type EntryView struct {
	ID    string          `json:"id"`
	At    time.Time       `json:"at"`
	What  Happening       `json:"what"`
	Thing string          `json:"thing"`
	About string          `json:"about,omitempty"`
	Unit  registry.UnitID `json:"unit,omitempty"`
	By    string          `json:"by,omitempty" doc:"missing: the program"`
	Text  lang.Text       `json:"text"`
}

// LogFilter says which entries; empty fields are all.
type LogFilter struct {
	Thing string // "call/…"
	About string // "case/…"
	Unit  registry.UnitID
	Paging
}

// Log is the duty log.
func (d *Desk) Log(ctx context.Context, reader access.Actor, f LogFilter) (Page[EntryView], error) {
	page, err := list(ctx, d, reader, f.Paging,
		func(tx *sqldb.Tx, after *Key, limit int) ([]Entry, error) {
			return d.Store.FindDutyLog(tx, LogQuery{Thing: f.Thing, About: f.About, Unit: f.Unit, After: after, Limit: limit})
		},
		func(e *Entry) (EntryView, Key) {
			return EntryView{e.ID, milli(e.At), e.What, e.Thing, e.About, e.Unit, e.By.Name, e.Text}, Key{sqldb.Micros(e.At), e.ID}
		})
	return page, fault.Wrap("dutydesk.Log", err)
}

// Board is who is on duty at a moment.
type Board struct {
	At       time.Time    `json:"at"`
	Posts    []PostView   `json:"posts"`
	Deputies []DeputyView `json:"deputies" doc:"set on a screen, whose time is not over"`
}

// PostView is a post, who is there, and who comes next.
type PostView struct {
	Post     registry.PostID    `json:"post"`
	Name     lang.Text          `json:"name"`
	Unit     registry.UnitID    `json:"unit" doc:"empty: the centre"`
	UnitName lang.Text          `json:"unit_name"`
	Next     registry.PostID    `json:"next,omitempty" doc:"is called when nobody here answers"`
	Within   int                `json:"within" doc:"seconds to answer a call"`
	People   []PersonView       `json:"people"`
	Gaps     []registry.Stretch `json:"gaps" doc:"shifts of the next seven days that nobody is rostered for"`
}

// Board answers who is on duty now.
func (d *Desk) Board(ctx context.Context, reader access.Actor) (Board, error) {
	const op = "dutydesk.Board"
	if err := d.look(reader); err != nil {
		return Board{}, fault.Wrap(op, err)
	}
	now := d.now()
	b := Board{At: milli(now)}
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		b.Posts, b.Deputies = []PostView{}, []DeputyView{}
		w, err := d.watch(tx, now)
		if err != nil {
			return err
		}
		rows, err := d.Store.LiveDeputies(tx, now)
		for i := range rows {
			b.Deputies = append(b.Deputies, d.deputyView(&rows[i]))
		}
		posts := d.city.Load().Directory.Roster.Posts
		for i := range posts {
			b.Posts = append(b.Posts, d.postView(w, &posts[i], now))
		}
		return err
	})
	return b, fault.Wrap(op, err)
}

func (d *Desk) postView(w registry.Watch, p *registry.Post, now time.Time) PostView {
	today := registry.DateOf(now)
	v := PostView{Post: p.ID, Name: p.Name, Unit: p.Unit, UnitName: d.unitName(p.Unit), Next: p.Next, Within: int(p.Answer() / time.Second), People: d.people(w.OnDuty(p.ID, now))}
	v.Gaps = append([]registry.Stretch{}, w.Gaps(p.ID, today, today+6)...)
	return v
}

// LadderView is who would be called for a unit now, in order.
type LadderView struct {
	At    time.Time  `json:"at"`
	Rungs []RungView `json:"rungs"`
}

// Ladder answers who would be called for a unit now; an empty unit is the centre.
func (d *Desk) Ladder(ctx context.Context, reader access.Actor, unit registry.UnitID) (LadderView, error) {
	const op = "dutydesk.Ladder"
	if err := d.look(reader); err != nil {
		return LadderView{}, fault.Wrap(op, err)
	}
	if _, known := d.city.Load().Directory.Unit(unit); !known && unit != "" {
		return LadderView{}, fault.Say(fault.NotFound, op, "unit.unknown", "there is no unit %q", unit)
	}
	now := d.now()
	v := LadderView{At: milli(now)}
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		v.Rungs = []RungView{}
		w, err := d.watch(tx, now)
		if err != nil {
			return err
		}
		at := now
		for _, r := range w.Ladder(unit, now) {
			v.Rungs = append(v.Rungs, RungView{Post: r.Post, Name: r.Name, People: d.people(r.People), At: milli(at), Due: milli(at.Add(r.Within))})
			if len(r.People) > 0 {
				at = at.Add(r.Within)
			}
		}
		return nil
	})
	return v, fault.Wrap(op, err)
}
