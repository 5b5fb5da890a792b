package crash

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The parts of the API's answers that the tests look at.
type (
	caseView struct {
		ID       string     `json:"id"`
		Version  int64      `json:"version"`
		State    string     `json:"state"`
		Scenario string     `json:"scenario"`
		Subject  string     `json:"subject"`
		Episode  int64      `json:"episode"`
		EndedAt  *time.Time `json:"ended_at"`
	}
	casePage struct {
		Items []caseView `json:"items"`
		Total int        `json:"total"`
		Next  string     `json:"next"`
	}
	factView struct {
		Version int64  `json:"version"`
		Kind    string `json:"kind"`
		Note    string `json:"note"`
	}
	caseDetail struct {
		caseView
		Facts []factView `json:"facts"`
		Chain struct {
			Readings []struct {
				ID   string          `json:"id"`
				Data json.RawMessage `json:"data"`
			} `json:"readings"`
		} `json:"chain"`
	}
	streamed struct {
		Seq  uint64   `json:"seq"`
		Case caseView `json:"case"`
		Fact factView `json:"fact"`
	}
	accounting struct {
		Ingest struct {
			Received  uint64            `json:"received"`
			Accepted  uint64            `json:"accepted"`
			Refused   uint64            `json:"refused"`
			RefusedBy map[string]uint64 `json:"refused_by"`
			InDoubt   uint64            `json:"in_doubt"`
		} `json:"ingest"`
		Log struct {
			LastSeq   uint64 `json:"last_seq"`
			Position  uint64 `json:"position"`
			Events    int64  `json:"events"`
			Evaluated int64  `json:"evaluated"`
			Duplicate int64  `json:"duplicate"`
			Conflict  int64  `json:"conflict"`
			Late      int64  `json:"late"`
			Dead      int64  `json:"dead"`
			InFlight  int64  `json:"in_flight"`
		} `json:"log"`
	}
)

const jsonLines = "application/x-ndjson"

// get reads one answer into v.
func (p *program) get(path string, v any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.http+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+p.key)
	return answer(req, http.StatusOK, v)
}

func answer(req *http.Request, status int, v any) error {
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != status {
		return &unexpected{res.StatusCode, string(body)}
	}
	return json.Unmarshal(body, v)
}

// unexpected is an answer with another status.
type unexpected struct {
	status int
	body   string
}

func (u *unexpected) Error() string { return fmt.Sprintf("status %d: %s", u.status, u.body) }

// must reads an answer that has to come.
func (p *program) must(path string, v any) {
	p.t.Helper()
	if err := p.get(path, v); err != nil {
		p.t.Fatalf("GET %s: %v", path, err)
	}
}

func (p *program) accounting() (a accounting) {
	p.t.Helper()
	p.must("/api/v1/accounting", &a)
	return a
}

// cases lists all cases of a filter.
func (p *program) cases(filter url.Values) (all []caseView) {
	p.t.Helper()
	q := url.Values{"limit": {"200"}, "order": {"opened"}}
	for k, v := range filter {
		q[k] = v
	}
	for {
		var page casePage
		p.must("/api/v1/cases?"+q.Encode(), &page)
		all = append(all, page.Items...)
		if page.Next == "" {
			if len(all) != page.Total {
				p.t.Errorf("%d cases in the pages, total %d", len(all), page.Total)
			}
			return all
		}
		q.Set("cursor", page.Next)
	}
}

// command does one step of a case; the same key again has no second effect.
func (p *program) command(id, key, command string, version int64) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	body := fmt.Sprintf(`{"command":%q,"version":%d,"note":%q}`, command, version, key)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.http+"/api/v1/cases/"+id+"/commands", strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+p.key)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	var view caseView
	return answer(req, http.StatusOK, &view)
}

// send posts a body of events and returns how many are durable.
func (p *program) send(ctx context.Context, client *http.Client, media string, body []byte) (accepted int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.http+"/api/v1/events", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", media)
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	if res.StatusCode != http.StatusAccepted {
		return 0, &unexpected{res.StatusCode, string(text)}
	}
	var a struct {
		Accepted int `json:"accepted"`
	}
	return a.Accepted, json.Unmarshal(text, &a)
}

// facts follows the stream from a position (0: from now on) and hands every fact to fn until fn says that it is enough or ctx ends.
func (p *program) facts(ctx context.Context, after uint64, fn func(streamed) (enough bool)) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.http+"/api/v1/stream", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+p.key)
	if after > 0 {
		req.Header.Set("Last-Event-ID", fmt.Sprint(after))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 8<<20)
	kind := ""
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case name == "event":
			kind = value
		case name == "data" && kind == "fact":
			var s streamed
			if err := json.Unmarshal([]byte(value), &s); err != nil {
				return err
			}
			if fn(s) {
				return nil
			}
		}
	}
	return lines.Err()
}

// everyFact reads the whole stream of facts, of which there must be at least as many as wanted.
func (p *program) everyFact(t testing.TB, atLeast int) (all []streamed) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	err := p.facts(ctx, 1, func(s streamed) bool {
		all = append(all, s)
		return len(all) >= atLeast
	})
	if len(all) < atLeast {
		t.Errorf("the stream gave %d facts, of at least %d: %v", len(all), atLeast, err)
	}
	return all
}
