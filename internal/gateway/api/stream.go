package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/orderdesk"
)

// Facts is the stream of what happened to cases, by position.
type Facts interface {
	FactsLast(ctx context.Context) (uint64, error)
	// Follow calls fn with every fact after a position, in order, until ctx ends or fn fails.
	Follow(ctx context.Context, from uint64, fn func(seq uint64, subject string, body []byte) error) error
}

const (
	heartbeat   = 2 * time.Second        // a client that hears nothing for 5 s knows that the link is lost
	signsEvery  = 500 * time.Millisecond // each tile changes at most twice a second
	viewerQueue = 1024                   // facts a slow viewer may lag behind before it is cut off and resumes by itself
)

// hub reads the fact stream once for all viewers.
type hub struct {
	o       Options
	boards  boards
	mu      sync.Mutex
	last    uint64
	viewers map[chan fact]struct{}
}

type fact struct {
	seq  uint64
	unit string
	body []byte
}

func newHub(o Options) *hub { return &hub{o: o, viewers: map[chan fact]struct{}{}} }

func (h *hub) run(ctx context.Context) error {
	from, err := h.o.Facts.FactsLast(ctx)
	if err != nil {
		return fault.Wrap("api.stream", err)
	}
	h.mu.Lock()
	h.last = from
	h.mu.Unlock()
	return h.o.Facts.Follow(ctx, from, func(seq uint64, _ string, body []byte) error {
		h.deliver(newFact(seq, body))
		return nil
	})
}

func newFact(seq uint64, body []byte) fact {
	var about struct {
		Case struct {
			Unit string `json:"unit"`
		} `json:"case"`
	}
	if json.Unmarshal(body, &about) != nil {
		return fact{seq: seq}
	}
	return fact{seq: seq, unit: about.Case.Unit, body: body}
}

// deliver hands a fact to every viewer; one whose queue is full is cut off, so that it cannot hold up the others. It resumes by itself.
func (h *hub) deliver(f fact) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = f.seq
	for ch := range h.viewers {
		select {
		case ch <- f:
		default:
			close(ch)
			delete(h.viewers, ch)
		}
	}
}

// join starts a viewer's queue and says after which position it is live.
func (h *hub) join() (ch chan fact, after uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ch = make(chan fact, viewerQueue)
	h.viewers[ch] = struct{}{}
	return ch, h.last
}

func (h *hub) leave(ch chan fact) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.viewers, ch)
}

type streamInput struct {
	LastEventID string `header:"Last-Event-ID" doc:"resume after this position"`
	After       string `query:"after" doc:"the same, for a client that cannot set headers"`
}

func mountStream(a *API) {
	mount(a, route{id: "stream", method: http.MethodGet, path: "/api/v1/stream", tag: "live", action: access.ReadSigns, purpose: access.Supervision,
		summary: "What happens, live: server-sent events, resumable by Last-Event-ID", describe: func(op *huma.Operation) {
			op.Responses = map[string]*huma.Response{"200": {Description: "events hello, fact (with id), signs, states, reset", Content: map[string]*huma.MediaType{"text/event-stream": {}}}}
		}}, a.stream)
}

func (a *API) stream(ctx context.Context, in *streamInput) (*huma.StreamResponse, error) {
	if err := permit(ctx, access.ReadSigns, access.Thing{Kind: "stream"}); err != nil {
		return nil, err
	}
	from, resume, err := resumePoint(in)
	if err != nil {
		return nil, err
	}
	actor := actorOf(ctx)
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		_, w := humago.Unwrap(hc)
		v := &viewer{api: a, actor: actor, w: w, flush: http.NewResponseController(w)}
		v.serve(hc.Context(), from, resume)
	}}, nil
}

func resumePoint(in *streamInput) (from uint64, resume bool, err error) {
	s := in.LastEventID
	if s == "" {
		s = in.After
	}
	if s == "" {
		return 0, false, nil
	}
	from, err = strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, false, fault.New(fault.Invalid, "api", "Last-Event-ID %q is no position of this stream", s)
	}
	return from, true, nil
}

// viewer is one open stream.
type viewer struct {
	api   *API
	actor access.Actor
	w     http.ResponseWriter
	flush *http.ResponseController
	state *orderdesk.Board // as it was sent last
}

func (v *viewer) serve(ctx context.Context, from uint64, resume bool) {
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("Cache-Control", "no-store")
	v.w.Header().Set("X-Accel-Buffering", "no")
	live, after := v.api.hub.join()
	defer v.api.hub.leave(live)
	if v.hello(after) != nil {
		return
	}
	if resume && from < after {
		if v.catchUp(ctx, from, after) != nil {
			return
		}
	}
	v.follow(ctx, live, max(from, after))
}

// catchUp sends the facts between where the viewer was and where its queue begins. Facts that have aged out cannot be sent: the viewer is
// told to load everything anew.
func (v *viewer) catchUp(ctx context.Context, from, to uint64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err := v.api.o.Facts.Follow(ctx, from, func(seq uint64, _ string, body []byte) error {
		if seq > to {
			return errCaughtUp
		}
		if err := v.fact(newFact(seq, body)); err != nil {
			return err
		}
		if seq == to {
			return errCaughtUp
		}
		return nil
	})
	switch {
	case err == errCaughtUp:
		return nil
	case fault.Is(err, fault.Conflict):
		return v.send("reset", 0, []byte(`{"reason":"too-old"}`))
	}
	return err
}

var errCaughtUp = fault.New(fault.Internal, "api.stream", "caught up")

func (v *viewer) follow(ctx context.Context, live chan fact, after uint64) {
	signs := time.NewTicker(signsEvery)
	defer signs.Stop()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	var shown uint64
	for err := error(nil); err == nil; {
		select {
		case <-ctx.Done():
			return
		case f, open := <-live:
			if !open {
				return
			}
			if f.seq > after {
				err = v.fact(f)
			}
		case <-signs.C:
			if n := v.api.o.Signs.Revision(); n != shown {
				shown, err = n, v.board(ctx, n)
			}
			if err == nil {
				err = v.states(ctx)
			}
		case <-beat.C:
			err = v.write([]byte(": still here\n\n"))
		}
	}
}

func (v *viewer) hello(position uint64) error {
	body, err := json.Marshal(map[string]any{"now": v.api.o.Clock.Now(), "version": v.api.o.Version, "sync": v.api.o.SyncMode(), "position": position})
	if err != nil {
		return err
	}
	return v.send("hello", 0, body)
}

// fact sends a fact that the viewer may see. Of one that they may not see only the position is sent, so that resuming still works.
func (v *viewer) fact(f fact) error {
	d := access.Decide(access.Request{Actor: v.actor, Action: access.ReadCase, Purpose: access.Supervision, Thing: access.Thing{Kind: "case", Unit: f.unit}})
	if !d.Allow || f.body == nil {
		return v.write(fmt.Appendf(nil, "id: %d\n\n", f.seq))
	}
	return v.send("fact", f.seq, fmt.Appendf(nil, `{"seq":%d,%s`, f.seq, f.body[1:]))
}

func (v *viewer) board(ctx context.Context, revision uint64) error {
	body, err := v.api.hub.boards.at(ctx, v.api.o.Signs, revision)
	if err != nil {
		v.api.o.Log.Warn("signs not sent", "error", err)
		return nil // the next change tries again; the heartbeat goes on
	}
	return v.send("signs", 0, body)
}

// states sends the city's state when it differs from what was sent: orders come from any process, and run out by themselves.
func (v *viewer) states(ctx context.Context) error {
	now, err := v.api.o.Orders.Board(ctx)
	if err != nil {
		v.api.o.Log.Warn("city state not sent", "error", err)
		return nil // tried again with the next beat
	}
	if sent := v.state; sent != nil {
		sent.At = now.At
		if reflect.DeepEqual(*sent, now) {
			return nil
		}
	}
	v.state = &now
	body, err := json.Marshal(now)
	if err != nil {
		return err
	}
	return v.send("states", 0, body)
}

func (v *viewer) send(name string, id uint64, body []byte) error {
	var b []byte
	if id > 0 {
		b = fmt.Appendf(b, "id: %d\n", id)
	}
	return v.write(fmt.Appendf(b, "event: %s\ndata: %s\n\n", name, body))
}

func (v *viewer) write(b []byte) error {
	if _, err := v.w.Write(b); err != nil {
		return err
	}
	return v.flush.Flush()
}
