package exchange

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
)

// Event is a message as it stands in a feed: the same CloudEvents event, under the same id, that a webhook brings.
type Event struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	Type            Type            `json:"type"`
	Subject         string          `json:"subject,omitempty"`
	Time            time.Time       `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	Data            json.RawMessage `json:"data"`
}

// FeedPage is a part of what a peer was told, in order.
type FeedPage struct {
	Items []Event `json:"items"`
	Next  string  `json:"next"` // ask with after=NEXT for what follows, now or later
	More  bool    `json:"more"` // there is something already
}

const (
	usualPage = 100
	maxPage   = 500
)

// Feed is what a peer was told behind a cursor, in order. Reading it again gives the same; nothing is ever put in between.
func (d *Desk) Feed(ctx context.Context, p *Peer, after string, limit int) (FeedPage, error) {
	const op = "exchange.Feed"
	place := int64(0)
	if after != "" {
		var err error
		if place, err = strconv.ParseInt(after, 10, 64); err != nil || place < 0 {
			return FeedPage{}, fault.Invalidly(op, fault.Problem{Field: "after", Message: "must be what next said in a page before"})
		}
	}
	if limit <= 0 {
		limit = usualPage
	}
	limit = min(limit, maxPage)
	page := FeedPage{Items: []Event{}, Next: strconv.FormatInt(place, 10)}
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		lines, err := d.Store.Feed(tx, p.ID, place, limit+1) // one more tells whether there is a next page
		if page.More = len(lines) > limit; page.More {
			lines = lines[:limit]
		}
		for i := range lines {
			page.Items = append(page.Items, d.event(&lines[i]))
			page.Next = strconv.FormatInt(lines[i].Place, 10)
		}
		return err
	})
	return page, fault.Wrap(op, err)
}

func (d *Desk) event(l *Line) Event {
	return Event{SpecVersion: "1.0", ID: l.ID, Source: d.Source, Type: l.Type, Subject: string(l.Order), Time: l.At, DataContentType: "application/json", Data: l.Data}
}
