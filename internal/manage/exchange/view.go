package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/sqldb"
)

// PeerView is a peer and how it does, as it is shown. What has not happened is null.
type PeerView struct {
	ID        PeerID     `json:"id"`
	Name      lang.Text  `json:"name"`
	Pushes    bool       `json:"pushes"` // it is sent webhooks
	Pulls     bool       `json:"pulls"`  // its messages are fetched
	Units     []UnitName `json:"units"`  // that are reached through it
	HeardAt   *time.Time `json:"heard_at"`
	PulledAt  *time.Time `json:"pulled_at"`
	ToldAt    *time.Time `json:"told_at"` // when there was last something to tell
	Sent      int64      `json:"sent"`    // webhooks that arrived
	SentAt    *time.Time `json:"sent_at"`
	Waiting   int64      `json:"waiting"`
	WaitingAt *time.Time `json:"waiting_since"`
	Dead      int64      `json:"dead"`
	Orders    int64      `json:"orders"`
	Messages  int64      `json:"messages"`
	Refused   int64      `json:"refused"` // messages that access or the case's state refused, or with another content under a known id
	Turned    int64      `json:"turned"`  // turned away at the door: wrong signature, unreadable
	TurnedAt  *time.Time `json:"turned_at"`
	TurnedWhy string     `json:"turned_why"`
}

// UnitName is a unit by its name.
type UnitName struct {
	ID   string    `json:"id"`
	Name lang.Text `json:"name"`
}

// OrderView is an order as it is shown.
type OrderView struct {
	ID         OrderID        `json:"id"`
	Peer       PeerID         `json:"peer"`
	PeerName   lang.Text      `json:"peer_name"`
	Direction  Direction      `json:"direction"`
	Number     string         `json:"number"`
	Ref        string         `json:"ref"`
	Case       casework.ID    `json:"case"`
	CaseNumber string         `json:"case_number"`
	State      casework.State `json:"state"`
	Word       string         `json:"word"`   // what the peer was told last
	Theirs     string         `json:"theirs"` // what the peer said last
	Ended      bool           `json:"ended"`
	Note       lang.Text      `json:"note"`
	At         time.Time      `json:"at"`
	Updated    time.Time      `json:"updated_at"`
}

// Trouble is a message of a peer that was not carried out, as it is shown.
type Trouble struct {
	Peer    PeerID    `json:"peer"`
	Name    string    `json:"id"`
	Type    Type      `json:"type"`
	Number  string    `json:"order"`
	At      time.Time `json:"at"`
	Outcome Outcome   `json:"outcome"`
	Why     string    `json:"why"`
}

// Page is a part of the orders, the latest first.
type Page struct {
	Items []OrderView `json:"items"`
	Next  string      `json:"next"`
}

func (d *Desk) mayRead(who access.Actor) error {
	r := access.Request{Actor: who, Action: access.ReadExchange, Thing: access.Thing{Kind: "exchange"}, Purpose: access.Exchange}
	if v := access.Decide(r); !v.Allow {
		return v.Refusal("exchange.mayRead")
	}
	return nil
}

// All is every peer and how it does.
func (d *Desk) All(ctx context.Context, who access.Actor) ([]PeerView, error) {
	const op = "exchange.All"
	if err := d.mayRead(who); err != nil {
		return nil, fault.Wrap(op, err)
	}
	all := []PeerView{}
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		all = all[:0]
		for _, p := range d.Peers {
			v, err := d.peerView(tx, p)
			if err != nil {
				return err
			}
			all = append(all, v)
		}
		return nil
	})
	return all, fault.Wrap(op, err)
}

func (d *Desk) peerView(tx *sqldb.Tx, p *Peer) (PeerView, error) {
	s, err := d.Store.Standing(tx, p.ID)
	if err != nil {
		return PeerView{}, err
	}
	sums, err := notify.CountsTo(tx, notify.Webhook, endpointPrefix+string(p.ID))
	if err != nil {
		return PeerView{}, err
	}
	v := PeerView{
		ID: p.ID, Name: p.Name, Pushes: p.Webhook.URL != "", Pulls: p.Pull != "", Units: []UnitName{}, HeardAt: optional(s.Heard), PulledAt: optional(s.PulledAt),
		ToldAt: optional(s.Told), Orders: s.Orders, Messages: s.Messages, Refused: s.Refusals, Turned: s.Turned, TurnedAt: optional(s.TurnedAt), TurnedWhy: s.TurnedWhy,
	}
	for _, c := range sums {
		switch c.Status {
		case notify.Sent:
			v.Sent, v.SentAt = c.N, optional(c.Latest)
		case notify.Waiting:
			v.Waiting, v.WaitingAt = c.N, optional(c.Oldest)
		case notify.Dead:
			v.Dead = c.N
		}
	}
	for _, id := range p.Units {
		u, known := d.city.Load().Directory.Unit(id)
		if !known {
			u.Name = lang.Text{ZH: string(id), EN: string(id)}
		}
		v.Units = append(v.Units, UnitName{string(id), u.Name})
	}
	return v, nil
}

// Filter says which orders to list. Zero fields allow all.
type Filter struct {
	Peer   PeerID
	Case   casework.ID
	Cursor string
	Limit  int
}

// Orders lists orders, the latest first.
func (d *Desk) Orders(ctx context.Context, who access.Actor, f Filter) (Page, error) {
	const op = "exchange.Orders"
	if err := d.mayRead(who); err != nil {
		return Page{}, fault.Wrap(op, err)
	}
	q := OrderQuery{Peer: f.Peer, Case: f.Case, Limit: min(f.Limit, maxPage)}
	if q.Limit <= 0 {
		q.Limit = usualPage
	}
	if f.Cursor != "" {
		at, id, cut := strings.Cut(f.Cursor, ".")
		n, err := strconv.ParseInt(at, 10, 64)
		if err != nil || !cut {
			return Page{}, fault.Invalidly(op, fault.Problem{Field: "cursor", Message: "must be what next said in a page before"})
		}
		q.After = &Key{n, id}
	}
	page := Page{Items: []OrderView{}}
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		q.Limit++ // one more tells whether there is a next page
		found, err := d.Store.FindPeerOrders(tx, q)
		if len(found) == q.Limit {
			found = found[:q.Limit-1]
			last := &found[len(found)-1]
			page.Next = fmt.Sprintf("%d.%s", sqldb.Micros(last.At), last.ID)
		}
		for i := range found {
			page.Items = append(page.Items, d.orderView(&found[i]))
		}
		return err
	})
	return page, fault.Wrap(op, err)
}

func (d *Desk) orderView(o *Order) OrderView {
	v := OrderView{
		ID: o.ID, Peer: o.Peer, PeerName: lang.Text{ZH: string(o.Peer), EN: string(o.Peer)}, Direction: o.Direction, Number: o.Number, Ref: o.Ref, Case: o.Case,
		CaseNumber: o.CaseNumber, State: o.State, Word: o.Word, Theirs: o.Theirs, Ended: o.Ended, Note: o.Note, At: millis(o.At), Updated: millis(o.Updated),
	}
	if p := d.byID[o.Peer]; p != nil {
		v.PeerName = p.Name
	}
	return v
}

// Troubles lists the latest messages that were not carried out.
func (d *Desk) Troubles(ctx context.Context, who access.Actor, peer PeerID) ([]Trouble, error) {
	const op = "exchange.Troubles"
	if err := d.mayRead(who); err != nil {
		return nil, fault.Wrap(op, err)
	}
	all := []Trouble{}
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		found, err := d.Store.FindMessages(tx, MessageQuery{Peer: peer, Refused: true, Limit: usualPage})
		for _, m := range found {
			var r refusal
			if err := json.Unmarshal(m.Answer, &r); err != nil {
				return err
			}
			all = append(all, Trouble{Peer: m.Peer, Name: m.Name, Type: m.Type, Number: m.Number, At: millis(m.At), Outcome: m.Outcome, Why: r.Message})
		}
		return err
	})
	return all, fault.Wrap(op, err)
}

func millis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = millis(t)
	return &t
}
