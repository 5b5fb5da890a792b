package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"twoweave/internal/access"
)

// seven is a stream of facts that stands at 7 and brings nothing more.
type seven struct{ Facts }

func (seven) FactsLast(context.Context) (uint64, error) { return 7, nil }

func (seven) Follow(ctx context.Context, _ uint64, _ func(uint64, string, []byte) error) error {
	<-ctx.Done()
	return ctx.Err()
}

// Facts that come before the program knows where its facts stand reach no viewer's queue: nobody joins before.
func TestAViewerWhoComesWhileTheProgramStartsWaits(t *testing.T) {
	t.Parallel()
	h := newHub(Options{Facts: seven{}})
	impatient, leave := context.WithCancel(t.Context())
	leave()
	if _, _, err := h.join(impatient); !errors.Is(err, context.Canceled) || len(h.viewers) != 0 {
		t.Errorf("joined %d viewers before the start: %v", len(h.viewers), err)
	}
	running, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- h.run(running) }()
	if _, after, err := h.join(t.Context()); err != nil || after != 7 {
		t.Errorf("live after %d, %v", after, err)
	}
	stop()
	<-done
}

// post is a command post in which one thing has happened.
type post struct{ Incidents }

func (post) Revision(context.Context) (int64, error) { return 1, nil }

// Only who may see incidents, or may have tasks in them, is told that something has happened there.
func TestWhoHearsOfIncidents(t *testing.T) {
	t.Parallel()
	for role, hears := range map[access.Role]bool{access.Viewer: false, access.Device: false, access.Operator: true, access.Dispatcher: true, access.FieldWorker: true, access.Verifier: true, access.Admin: true} {
		w := httptest.NewRecorder()
		v := &viewer{api: &API{o: Options{Incidents: post{}}}, actor: access.Actor{ID: "me", Roles: []access.Role{role}, Unit: "street-1"}, w: w, flush: http.NewResponseController(w)}
		if err := v.incidents(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(w.Body.String(), "event: incidents"); got != hears {
			t.Errorf("%s hears: %v", role, got)
		}
	}
}
