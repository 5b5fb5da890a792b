package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"twoweave/internal/base/ident"
	"twoweave/internal/base/lang"
)

// Client speaks the public API with one account's key.
type Client struct {
	base string
	key  string
	http *http.Client
}

// NewClient makes a client of the program at base ("http://127.0.0.1:8080").
func NewClient(base, key string) *Client {
	return &Client{base: base, key: key, http: &http.Client{Timeout: 30 * time.Second}}
}

// refusal is a problem document.
type refusal struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Kind   string `json:"kind"`
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.Status, r.Kind, r.Detail) }

func (c *Client) do(ctx context.Context, method, path string, header http.Header, body, answer any) error {
	var in io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, in)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	for name, values := range header {
		r.Header[name] = values
	}
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= 400 {
		problem := &refusal{Status: res.StatusCode}
		json.NewDecoder(res.Body).Decode(problem) // a problem that cannot be read keeps its status
		return problem
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(answer)
}

type matter struct {
	ID       string    `json:"id"`
	Version  int64     `json:"version"`
	State    string    `json:"state"`
	Scenario string    `json:"scenario"`
	Area     string    `json:"area"`
	Unit     string    `json:"unit"`
	OpenedAt time.Time `json:"opened_at"`
	Updated  time.Time `json:"updated_at"`
	EndedAt  *string   `json:"ended_at"`
}

func (c *Client) cases(ctx context.Context, filter url.Values) ([]matter, error) {
	var page struct {
		Items []matter `json:"items"`
	}
	err := c.do(ctx, http.MethodGet, "/api/v1/cases?"+filter.Encode(), nil, nil, &page)
	return page.Items, err
}

func (c *Client) command(ctx context.Context, m matter, command, note string) error {
	body := map[string]any{"command": command, "version": m.Version, "note": note}
	return c.do(ctx, http.MethodPost, "/api/v1/cases/"+url.PathEscape(m.ID)+"/commands", http.Header{"Idempotency-Key": {ident.New()}}, body, nil)
}

type area struct {
	Code string       `json:"code"`
	Name lang.Text    `json:"name"`
	Kind string       `json:"kind"`
	Box  [][2]float64 `json:"shape"`
}

func (c *Client) areas(ctx context.Context) ([]area, error) {
	var page struct {
		Areas []area `json:"areas"`
	}
	err := c.do(ctx, http.MethodGet, "/api/v1/areas", nil, nil, &page)
	return page.Areas, err
}

// Detection is one finding of the program, as its API tells it.
type Detection struct {
	Scenario string     `json:"scenario"`
	Subject  string     `json:"subject"`
	Episode  int64      `json:"episode"`
	Since    time.Time  `json:"since"`
	Started  time.Time  `json:"started"`
	Ended    *time.Time `json:"ended"`
}

// detections reads every finding since a time, page by page.
func (c *Client) detections(ctx context.Context, since time.Time) ([]Detection, error) {
	var all []Detection
	for cursor := ""; ; {
		var page struct {
			Items []Detection `json:"items"`
			Next  string      `json:"next"`
		}
		q := url.Values{"since": {since.UTC().Format(time.RFC3339)}, "limit": {"200"}, "cursor": {cursor}}
		if err := c.do(ctx, http.MethodGet, "/api/v1/detections?"+q.Encode(), nil, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Next == "" {
			return all, nil
		}
		cursor = page.Next
	}
}
