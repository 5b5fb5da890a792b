package attack

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// truth is a true device that tells of high water, of one place after the other. Its ids follow each other, so that anybody can guess the next.
type truth struct {
	c    *city
	http *http.Client
	told map[string]time.Time
	n    int

	latest time.Duration // from what was told until its case was there
}

func newTruth(c *city) *truth {
	return &truth{c: c, http: client("127.0.0.1", 20*time.Second)}
}

func trueID(n int) string    { return fmt.Sprintf("true-%06d", n) }
func truePlace(n int) string { return fmt.Sprintf("underpass-%06d", n) }

// tell tells of a new place every so often until ctx ends. What was refused for now is told again, as devices do.
func (d *truth) tell(ctx context.Context) {
	d.told = map[string]time.Time{}
	beat := time.NewTicker(250 * time.Millisecond)
	defer beat.Stop()
	for ctx.Err() == nil {
		d.n++
		at := time.Now()
		for d.c.send(context.WithoutCancel(ctx), d.http, "gauge", reading(trueID(d.n), truePlace(d.n), 30, at)) != nil {
			<-time.After(100 * time.Millisecond)
		}
		d.told[truePlace(d.n)] = at
		select {
		case <-beat.C:
		case <-ctx.Done():
		}
	}
}

// lost are the places of which no case tells, or more than one, or one of another time.
func (d *truth) lost() (wrong []string) {
	d.latest = 0
	for place, at := range d.told {
		var found []opened
		for wait := time.Now().Add(60 * time.Second); len(found) == 0 && time.Now().Before(wait); {
			if found = d.cases(place); len(found) == 0 {
				<-time.After(50 * time.Millisecond)
			}
		}
		switch {
		case len(found) != 1:
			wrong = append(wrong, fmt.Sprintf("%s has %d cases", place, len(found)))
		case !d.saidAt(found[0].ID, at):
			wrong = append(wrong, fmt.Sprintf("%s was told of at %v, and its case says otherwise", place, at.UTC()))
		default:
			d.latest = max(d.latest, found[0].Opened.Sub(at).Round(time.Millisecond))
		}
	}
	return wrong
}

// saidAt says whether a case is about a reading of just that time, and its episode began then.
func (d *truth) saidAt(id string, at time.Time) bool {
	var detail struct {
		Chain struct {
			Readings  []struct{ Time time.Time }
			Detection struct{ Started time.Time }
		}
	}
	d.c.get("/api/v1/cases/"+id, &detail)
	c := detail.Chain
	return len(c.Readings) == 1 && c.Readings[0].Time.Sub(at).Abs() < 2*time.Millisecond && c.Detection.Started.Sub(at).Abs() < 2*time.Millisecond
}

type opened struct {
	Subject string
	ID      string
	Opened  time.Time `json:"opened_at"`
}

func (d *truth) cases(place string) (found []opened) {
	var page struct{ Items []opened }
	d.c.get("/api/v1/cases?"+url.Values{"q": {place}, "scenario": {"road-ponding"}}.Encode(), &page)
	for _, item := range page.Items {
		if item.Subject == place {
			found = append(found, item)
		}
	}
	return found
}
