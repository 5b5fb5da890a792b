package orderdesk

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/order"
	"twoweave/internal/platform/bus"
	"twoweave/internal/platform/outbox"
	"twoweave/internal/platform/sqldb"
)

// Each order has an outbox subject of its own: its end waits for it, other orders do not.
const (
	subjects = "order."
	takeBack = "end"
)

// message is a control message on its way to the log. what tells the messages of one order apart.
func message(id order.ID, what string, c order.Control) outbox.Message {
	return outbox.Message{ID: string(id) + "." + what, Subject: subjects + string(id), Body: c.Encode()}
}

// Log is where orders are placed: *bus.Bus.
type Log interface {
	AppendControl(ctx context.Context, id string, body []byte) (bus.Seq, error)
}

// Publisher is what an outbox relay needs in order to place orders: messages of this package go to the log, all others to facts.
func (d *Desk) Publisher(log Log, facts outbox.Publisher) outbox.Publisher {
	return publisher{desk: d, log: log, facts: facts}
}

type publisher struct {
	desk  *Desk
	log   Log
	facts outbox.Publisher
}

// Publish appends an order's message to the log and writes its position back. Failing between the two means that it comes again.
func (p publisher) Publish(ctx context.Context, subject, id string, body []byte) (uint64, error) {
	name, ours := strings.CutPrefix(subject, subjects)
	if !ours {
		return p.facts.Publish(ctx, subject, id, body)
	}
	seq, err := p.log.AppendControl(ctx, "order-"+id, body)
	if err != nil {
		return 0, err
	}
	end := strings.HasPrefix(id, name+"."+takeBack)
	return uint64(seq), p.desk.place(ctx, order.ID(name), end, uint64(seq))
}

// LastID is empty for an order: whether its message stands in the log already, its id says to the bus, and its effect to the table.
func (p publisher) LastID(ctx context.Context, subject string) (string, error) {
	if strings.HasPrefix(subject, subjects) {
		return "", nil
	}
	return p.facts.LastID(ctx, subject)
}

// place keeps the position. An order that turns out to stand behind its own end is taken back once more.
func (d *Desk) place(ctx context.Context, id order.ID, end bool, seq uint64) error {
	again := false
	err := d.DB.Update(ctx, func(tx *sqldb.Tx) error {
		o, err := d.Store.PlaceOrder(tx, id, end, seq)
		if err != nil {
			return err
		}
		again = !end && o.EndPosition != 0 && seq > o.EndPosition
		if again {
			return outbox.Put(tx, message(id, fmt.Sprintf("%s.%d", takeBack, seq), o.TakeBack()))
		}
		return nil
	})
	if err != nil {
		return fault.Wrap("orderdesk.place", err)
	}
	d.forget()
	d.placed.fire()
	if again {
		d.Log.Warn("an order came into the log after its end and is taken back once more", "order", id, "position", seq)
		d.Wake()
	}
	return nil
}

// Settled waits until every order and every end that was commanded before the call stands in the log, or ctx ends. It needs a running relay.
func (d *Desk) Settled(ctx context.Context) error {
	for {
		next := d.placed.wait()
		var n int
		err := d.DB.View(ctx, func(tx *sqldb.Tx) (err error) {
			n, err = d.Store.UnplacedOrders(tx)
			return err
		})
		if err != nil || n == 0 {
			return fault.Wrap("orderdesk.Settled", err)
		}
		select {
		case <-next:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// signal wakes all who wait for the next time something happens.
type signal struct {
	mu   sync.Mutex
	next chan struct{}
}

func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = make(chan struct{})
	}
	return s.next
}

func (s *signal) fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next != nil {
		close(s.next)
		s.next = nil
	}
}
