package crash

import (
	"context"
	"net/http"
	"net/url"
	"sync"
)

// officer files cases through the API while the program lives, and remembers what was acknowledged. A command without an answer is given
// again with the same key after the restart, as a client should.
type officer struct {
	p     *program
	acked map[string]int64 // case → version that it was filed at
	open  map[string]int64 // asked, no answer yet
	all   sync.WaitGroup
	fault func(format string, args ...any)
}

func newOfficer(p *program, fault func(string, ...any)) *officer {
	return &officer{p: p, acked: map[string]int64{}, open: map[string]int64{}, fault: fault}
}

// up works until the program dies or ctx ends; down waits for it.
func (o *officer) up(ctx context.Context) { o.all.Go(func() { o.work(ctx) }) }

func (o *officer) down() { o.all.Wait() }

func (o *officer) work(ctx context.Context) {
	for id, version := range o.open {
		if !o.file(id, version) {
			return
		}
	}
	for ctx.Err() == nil {
		var page casePage
		if err := o.p.get("/api/v1/cases?"+url.Values{"state": {"accepted"}, "limit": {"5"}, "order": {"opened"}}.Encode(), &page); err != nil {
			return
		}
		for _, c := range page.Items {
			o.open[c.ID] = c.Version
			if !o.file(c.ID, c.Version) {
				return
			}
		}
	}
}

// file gives one command; false: the program did not answer.
func (o *officer) file(id string, version int64) bool {
	err := o.p.command(id, "file-"+id, "file", version)
	u, answered := err.(*unexpected)
	switch {
	case err == nil:
		o.acked[id] = version
	case !answered || u.status == http.StatusServiceUnavailable:
		return false
	case u.status != http.StatusConflict: // the case has moved on meanwhile: it will be listed again
		o.fault("file %s: %v", id, err)
	}
	delete(o.open, id)
	return true
}
