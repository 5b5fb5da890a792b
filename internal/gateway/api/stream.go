package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
)

// Facts is the stream of what happened to cases, by position.
type Facts interface {
	FactsLast(ctx context.Context) (uint64, error)
	// Follow calls fn with every fact after a position, in order, until ctx ends or fn fails.
	Follow(ctx context.Context, from uint64, fn func(seq uint64, subject string, body []byte) error) error
}

const (
	askAgain    = 15                     // beats after which a stream asks whether its person is still signed in
	heartbeat   = 2 * time.Second        // a client that hears nothing for 5 s knows that the link is lost
	signsEvery  = 500 * time.Millisecond // each tile changes at most twice a second,
	looksSecond = 500                    // and less often when more viewers look than so many in a second
	viewerQueue = 1024                   // facts a slow viewer may lag behind before it is cut off and resumes by itself
	sayWithin   = 10 * time.Second       // for a viewer to take what is said; who does not read is cut off
	most        = 20_000                 // facts that are sent to catch up; who missed more loads everything anew
	catchUps    = 8                      // viewers that catch up at once; others load everything anew
)

// hub reads the fact stream once for all viewers.
type hub struct {
	o       Options
	boards  boards
	states  states
	begun   chan struct{} // closed once it is known from which fact on viewers are live
	mu      sync.Mutex
	last    uint64
	viewers map[chan *fact]struct{}
	behind  chan struct{} // one for each viewer that catches up
}

// fact is a fact in the form in which it is sent, made once for all viewers.
type fact struct {
	seq          uint64
	unit         string
	shown        []byte // nil: to nobody
	positionOnly []byte
}

func newHub(o Options) *hub {
	return &hub{o: o, begun: make(chan struct{}), viewers: map[chan *fact]struct{}{}, behind: make(chan struct{}, catchUps)}
}

func (h *hub) run(ctx context.Context) error {
	from, err := h.o.Facts.FactsLast(ctx)
	if err != nil {
		return fault.Wrap("api.stream", err)
	}
	h.mu.Lock()
	h.last = from
	h.mu.Unlock()
	close(h.begun)
	return h.o.Facts.Follow(ctx, from, func(seq uint64, _ string, body []byte) error {
		f := newFact(seq, body)
		h.deliver(&f)
		return nil
	})
}

func newFact(seq uint64, body []byte) fact {
	var about struct {
		Case struct {
			Unit string `json:"unit"`
		} `json:"case"`
	}
	f := fact{seq: seq, positionOnly: fmt.Appendf(nil, "id: %d\n\n", seq)}
	if json.Unmarshal(body, &about) == nil {
		f.unit, f.shown = about.Case.Unit, told("fact", seq, fmt.Appendf(nil, `{"seq":%d,%s`, seq, body[1:]))
	}
	return f
}

// deliver hands a fact to every viewer; one whose queue is full is cut off, so that it cannot hold up the others. It resumes by itself.
func (h *hub) deliver(f *fact) {
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

// join starts a viewer's queue and says after which position it is live. Whoever comes while the program starts waits: facts before the hub's first reach no queue.
func (h *hub) join(ctx context.Context) (ch chan *fact, after uint64, err error) {
	select {
	case <-h.begun:
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	ch = make(chan *fact, viewerQueue)
	h.viewers[ch] = struct{}{}
	return ch, h.last, nil
}

// pace is how often each viewer looks whether the signs have changed: boards are large, and all viewers together must not take the program's time.
func (h *hub) pace() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return max(signsEvery, time.Duration(len(h.viewers))*time.Second/looksSecond)
}

func (h *hub) leave(ch chan *fact) {
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
			op.Responses = map[string]*huma.Response{"200": {Description: "events hello, fact (with id), signs, states, incidents, reset", Content: map[string]*huma.MediaType{"text/event-stream": {}}}}
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
		r, w := humago.Unwrap(hc)
		if a.o.Stream != nil {
			leave, err := a.o.Stream(r, actor.ID)
			if err != nil {
				a.write(hc, problemOf(err))
				return
			}
			defer leave()
		}
		v := &viewer{api: a, actor: actor, r: r, w: w, flush: http.NewResponseController(w)}
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
	r     *http.Request
	w     http.ResponseWriter
	flush *http.ResponseController
	state uint64 // of the city, as it was sent last
	known int64  // the revision of the incidents that was sent last
}

func (v *viewer) serve(ctx context.Context, from uint64, resume bool) {
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("Cache-Control", "no-store")
	v.w.Header().Set("X-Accel-Buffering", "no")
	live, after, err := v.api.hub.join(ctx)
	if err != nil {
		return
	}
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
	if to-from > most {
		return v.anew("too-many")
	}
	row := time.NewTimer(signsEvery)
	defer row.Stop()
	select {
	case v.api.hub.behind <- struct{}{}:
		defer func() { <-v.api.hub.behind }()
	case <-row.C: // too many catch up, and a viewer that hears nothing goes away
		return v.anew("busy")
	case <-ctx.Done():
		return ctx.Err()
	}
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
		return v.anew("too-old")
	}
	return err
}

// anew tells the viewer to load everything anew.
func (v *viewer) anew(why string) error {
	return v.send("reset", 0, fmt.Appendf(nil, `{"reason":%q}`, why))
}

var errCaughtUp = fault.New(fault.Internal, "api.stream", "caught up")

func (v *viewer) follow(ctx context.Context, live chan *fact, after uint64) {
	signs := time.NewTimer(v.api.hub.pace())
	defer signs.Stop()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	var shown uint64
	beats := 0
	for err := error(nil); err == nil; {
		select {
		case <-ctx.Done():
			return
		case f, open := <-live:
			if !open {
				return
			}
			if f.seq > after {
				err = v.fact(*f)
			}
		case <-signs.C:
			signs.Reset(v.api.hub.pace())
			if n := v.api.o.Signs.Revision(); n != shown {
				shown, err = n, v.board(ctx, n)
			}
			if err == nil {
				err = v.states(ctx)
			}
			if err == nil {
				err = v.incidents(ctx)
			}
		case <-beat.C:
			if beats++; beats%askAgain == 0 && v.over() {
				return
			}
			err = v.write([]byte(": still here\n\n"))
		}
	}
}

// over says whether whoever watches is signed in no more. While that cannot be known the stream goes on.
func (v *viewer) over() bool {
	_, ok, err := v.api.o.Actor(v.r)
	return !ok && (err == nil || fault.Is(err, fault.Unauthenticated))
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
	if !d.Allow || f.shown == nil {
		return v.write(f.positionOnly)
	}
	return v.write(f.shown)
}

func (v *viewer) board(ctx context.Context, revision uint64) error {
	body, err := v.api.hub.boards.at(ctx, v.api.o.Signs, revision)
	if err != nil {
		v.api.o.Log.Warn("signs not sent", "error", err)
		return nil // the next change tries again; the heartbeat goes on
	}
	return v.write(body)
}

// states sends the city's state when it differs from what was sent: orders come from any process, and run out by themselves.
func (v *viewer) states(ctx context.Context) error {
	number, body, err := v.api.hub.states.now(ctx, v.api.o.Orders)
	if err != nil {
		v.api.o.Log.Warn("city state not sent", "error", err)
		return nil // tried again with the next beat
	}
	if number == v.state {
		return nil
	}
	v.state = number
	return v.write(body)
}

// incidents says that some incident has changed, to those who may see them or their own tasks: they load what they show anew.
func (v *viewer) incidents(ctx context.Context) error {
	may := func(action access.Action) bool {
		own := access.Thing{Kind: "incident", Unit: v.actor.Unit, Handler: v.actor.ID}
		return access.Decide(access.Request{Actor: v.actor, Action: action, Purpose: access.Commanding, Thing: own}).Allow
	}
	if v.api.o.Incidents == nil || !may(access.ReadIncident) && !may(access.DoTask) {
		return nil
	}
	revision, err := v.api.o.Incidents.Revision(ctx)
	if err != nil {
		v.api.o.Log.Warn("incidents not sent", "error", err)
		return nil // tried again with the next beat
	}
	if revision == v.known {
		return nil
	}
	v.known = revision
	return v.send("incidents", 0, fmt.Appendf(nil, `{"revision":%d}`, revision))
}

func (v *viewer) send(name string, id uint64, body []byte) error {
	return v.write(told(name, id, body))
}

// told is an event in the form of the stream.
func told(name string, id uint64, body []byte) []byte {
	var b []byte
	if id > 0 {
		b = fmt.Appendf(b, "id: %d\n", id)
	}
	return fmt.Appendf(b, "event: %s\ndata: %s\n\n", name, body)
}

func (v *viewer) write(b []byte) error {
	v.flush.SetWriteDeadline(clock.System{}.Now().Add(sayWithin)) // of the machine's time, as sockets are; a test's recorder has none
	if _, err := v.w.Write(b); err != nil {
		return err
	}
	return v.flush.Flush()
}
