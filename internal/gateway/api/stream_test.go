package api_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
)

// listen opens the stream and gives its lines that matter: "event: …" is joined with its id.
func (p *program) listen(t *testing.T, key, lastID string) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", p.srv.URL+"/api/v1/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("stream answered %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	lines := make(chan string, 64)
	go func() {
		defer close(lines)
		defer res.Body.Close()
		scanner := bufio.NewScanner(res.Body)
		for scanner.Scan() {
			if line := scanner.Text(); line != "event: states" && (strings.HasPrefix(line, "id: ") || strings.HasPrefix(line, "event: ") || strings.HasPrefix(line, "data: {\"seq\"")) {
				lines <- line
			}
		}
	}()
	if first := <-lines; first != "event: hello" {
		t.Fatalf("the stream begins with %q", first)
	}
	return lines
}

func expect(t *testing.T, lines <-chan string, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := <-lines; !strings.HasPrefix(got, w) {
			t.Fatalf("got %q, want %q", got, w)
		}
	}
}

func TestAViewerResumesWithoutGapOrDouble(t *testing.T) {
	t.Parallel()
	p := start(t)
	first := p.listen(t, "operator", "")
	p.facts.add(`{"case":{"unit":"street-1"},"fact":{"kind":"accepted"}}`)
	expect(t, first, "id: 1", "event: fact", `data: {"seq":1,"case":`)
	p.facts.add(`{"case":{"unit":"street-1"},"fact":{"kind":"filed"}}`)
	p.facts.add(`{"case":{"unit":"street-1"},"fact":{"kind":"dispatched"}}`)
	expect(t, first, "id: 2", "event: fact", `data: {"seq":2`, "id: 3", "event: fact")
	second := p.listen(t, "operator", "1")
	expect(t, second, "id: 2", "event: fact", `data: {"seq":2`, "id: 3", "event: fact", `data: {"seq":3`)
	p.facts.add(`{"case":{"unit":"street-1"},"fact":{"kind":"started"}}`)
	expect(t, second, "id: 4", "event: fact", `data: {"seq":4`)
}

func TestAFieldWorkerHearsOnlyOfTheOwnUnitsCases(t *testing.T) {
	t.Parallel()
	p := start(t)
	lines := p.listen(t, "worker", "")
	p.facts.add(`{"case":{"unit":"street-2"},"fact":{"kind":"accepted"}}`)
	p.facts.add(`{"case":{"unit":"street-1"},"fact":{"kind":"accepted"}}`)
	expect(t, lines, "id: 1", "id: 2", "event: fact", `data: {"seq":2`)
}

// follow gives the data of one kind of event of the stream.
func (p *program) follow(t *testing.T, key, kind string) <-chan string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", p.srv.URL+"/api/v1/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	found := make(chan string, 64)
	go func() {
		defer res.Body.Close()
		ours := false
		for scanner := bufio.NewScanner(res.Body); scanner.Scan(); {
			if line := scanner.Text(); ours && strings.HasPrefix(line, "data: ") {
				found <- line
			} else {
				ours = line == "event: "+kind
			}
		}
	}()
	return found
}
