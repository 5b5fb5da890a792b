package exchange

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/sqldb"
)

// Fetcher asks another system, with a request that is signed by the endpoint's secrets: *notify.WebhookCarrier.
type Fetcher interface {
	Fetch(ctx context.Context, e notify.Endpoint, most int64) ([]byte, error)
}

// pulled is a page of a peer's own feed, of the form of our FeedPage.
type pulled struct {
	Items []json.RawMessage `json:"items"`
	Next  string            `json:"next"`
	More  bool              `json:"more"`
}

const (
	maxPulled  = 8 << 20          // bytes of a page
	usualPull  = time.Minute      //
	maxPages   = 100              // in one go; the rest comes with the next
	pullingFor = 30 * time.Second // a request
)

// Pull fetches what a peer has for us behind the cursor that is kept, and carries it out. The cursor moves when a page has been carried out; what is fetched
// again, or came as a webhook too, is known by its id. n is how many messages were fetched.
func (d *Desk) Pull(ctx context.Context, p *Peer) (n int, err error) {
	const op = "exchange.Pull"
	for range maxPages {
		page, err := d.page(ctx, p)
		if err != nil {
			return n, fault.Wrap(op, err)
		}
		for _, body := range page.Items {
			_, err := d.Receive(ctx, p, body, Pulled)
			if err != nil && !lasting(err) {
				return n, fault.Wrap(op, err)
			}
			n++
		}
		if err := d.DB.Update(ctx, func(tx *sqldb.Tx) error { return d.Store.MovePull(tx, p.ID, page.Next, d.now()) }); err != nil {
			return n, fault.Wrap(op, err)
		}
		if !page.More || len(page.Items) == 0 {
			break
		}
	}
	return n, nil
}

// page fetches the page behind the cursor.
func (d *Desk) page(ctx context.Context, p *Peer) (pulled, error) {
	var s Standing
	err := d.DB.View(ctx, func(tx *sqldb.Tx) (err error) {
		s, err = d.Store.Standing(tx, p.ID)
		return err
	})
	if err != nil {
		return pulled{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, pullingFor)
	defer cancel()
	body, err := d.Fetcher.Fetch(ctx, p.endpoint(p.Pull+"?"+url.Values{"after": {s.Cursor}}.Encode()), maxPulled)
	if err != nil {
		return pulled{}, fault.Wrap("exchange.page", err)
	}
	var page pulled
	if err := json.Unmarshal(body, &page); err != nil || len(page.Next) > 200 {
		return page, fault.New(fault.Unavailable, "exchange.page", "what %s answers is no page of items, next and more", p.ID)
	}
	if page.Next == "" {
		page.Next = s.Cursor
	}
	return page, nil
}

// RunPull fetches what a peer has, again and again, until ctx ends. A peer that is down is asked again at the next turn.
func (d *Desk) RunPull(ctx context.Context, p *Peer) error {
	every, failing := p.Every, false
	if every == 0 {
		every = usualPull
	}
	for {
		n, err := d.Pull(ctx, p)
		switch {
		case err != nil && ctx.Err() == nil && !failing:
			d.Log.Warn("orders cannot be fetched from a peer; it is asked again", "peer", p.ID, "error", err)
		case err == nil && (failing || n > 0):
			d.Log.Info("orders fetched from a peer", "peer", p.ID, "messages", n)
		}
		failing = err != nil
		if err := d.Clock.Wait(ctx, d.Clock.Now().Add(every)); err != nil {
			return err
		}
	}
}
