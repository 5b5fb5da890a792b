package attack

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// work is what one kind of good request took, and how often it failed.
type work struct {
	mu     sync.Mutex
	took   []time.Duration
	failed []string
}

func (w *work) note(took time.Duration, failure string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.took = append(w.took, took)
	if failure != "" {
		w.failed = append(w.failed, failure)
	}
}

// part is the time within which a part of the requests was answered.
func part(took []time.Duration, of float64) time.Duration {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[min(len(took)-1, int(of*float64(len(took))))].Round(100 * time.Microsecond)
}

// good is what people and devices do all the while.
type good struct {
	c     *city
	http  *http.Client
	kinds map[string]*work
	wall  *work // how long the wall heard nothing
	cases []string
	n     atomic.Int64
	all   sync.WaitGroup
	stop  context.CancelFunc
}

// kind is a request that comes every so often.
type kind struct {
	name  string
	every time.Duration
	do    func(context.Context, int64) error
}

func newGood(c *city) *good {
	g := &good{c: c, http: client("127.0.0.1", 20*time.Second)}
	for i := range int64(40) { // cases to look at
		c.must(g.report(c.t.Context(), i))
	}
	var page struct{ Items []struct{ ID string } }
	c.get("/api/v1/cases?limit=40", &page)
	for _, item := range page.Items {
		g.cases = append(g.cases, item.ID)
	}
	return g
}

// begin starts what people and devices do; end says how it went.
func (g *good) begin() {
	ctx, stop := context.WithCancel(g.c.t.Context())
	g.stop, g.kinds, g.wall = stop, map[string]*work{}, &work{}
	for _, k := range []kind{
		{"list", 100 * time.Millisecond, g.list}, {"case", 200 * time.Millisecond, g.look}, {"command", 500 * time.Millisecond, g.report}, {"events", 100 * time.Millisecond, g.send},
	} {
		w := &work{}
		g.kinds[k.name] = w
		g.all.Go(func() { g.paced(ctx, k, w) })
	}
	g.all.Go(func() { g.watch(ctx) })
}

func (g *good) end() {
	g.stop()
	g.all.Wait()
}

// paced does something at its times, whether or not what came before was answered.
func (g *good) paced(ctx context.Context, k kind, w *work) {
	beat := time.NewTicker(k.every)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case due := <-beat.C:
			g.all.Go(func() {
				failure := ""
				if err := k.do(context.WithoutCancel(ctx), g.n.Add(1)); err != nil {
					failure = k.name + ": " + err.Error()
				}
				w.note(time.Since(due), failure)
			})
		}
	}
}

func (g *good) expect(want, status int, body []byte, err error) error {
	if err != nil {
		return err
	}
	if status != want {
		return fmt.Errorf("%d %.200s", status, body)
	}
	return nil
}

func (g *good) list(ctx context.Context, _ int64) error {
	status, body, _, err := g.c.ask(ctx, g.http, g.c.keys["operator"], "GET", "/api/v1/cases?limit=50", "", nil)
	return g.expect(200, status, body, err)
}

func (g *good) look(ctx context.Context, n int64) error {
	status, body, _, err := g.c.ask(ctx, g.http, g.c.keys["operator"], "GET", "/api/v1/cases/"+g.cases[n%int64(len(g.cases))], "", nil)
	return g.expect(200, status, body, err)
}

func (g *good) report(ctx context.Context, n int64) error {
	body, err := json.Marshal(map[string]string{"channel": "phone", "phone": fmt.Sprintf("139%08d", n), "name": "来电人", "class": "ponding", "area": "310115004000", "join": "",
		"text": "门口积水", "address": fmt.Sprintf("风雨路 %d 号", n)})
	if err != nil {
		return err
	}
	status, answer, _, err := g.c.ask(ctx, g.http, g.c.keys["operator"], "POST", "/api/v1/reports", "application/json", strings.NewReader(string(body)), "Idempotency-Key", fmt.Sprintf("report-%d-%d", n, time.Now().UnixNano()))
	return g.expect(201, status, answer, err)
}

// send sends ten harmless readings of a few gauges.
func (g *good) send(ctx context.Context, n int64) error {
	var lines strings.Builder
	for i := range 10 {
		lines.WriteString(reading(fmt.Sprintf("calm-%d-%d", n, i), fmt.Sprintf("calm-%d", (n*10+int64(i))%200), 3, time.Now()))
	}
	return g.c.send(ctx, g.http, "gauge", lines.String())
}

func reading(id, subject string, level int, at time.Time) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"gauges","type":"water.level","subject":%q,"area":"310115004000","time":%q,"data":{"level_cm":%d}}`+"\n",
		id, subject, at.UTC().Format(time.RFC3339Nano), level)
}

func (c *city) send(ctx context.Context, by *http.Client, who, lines string) error {
	status, body, _, err := c.ask(ctx, by, c.keys[who], "POST", "/api/v1/events", "application/x-ndjson", strings.NewReader(lines))
	if err == nil && status != http.StatusAccepted {
		err = fmt.Errorf("%d %.200s", status, body)
	}
	return err
}

// watch is a wall: it hears something every two seconds at least.
func (g *good) watch(ctx context.Context) {
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+g.c.addr+"/api/v1/stream", nil)
	if err != nil {
		g.wall.note(0, err.Error())
		return
	}
	r.Header.Set("Authorization", "Bearer "+g.c.keys["wall"])
	begun := time.Now()
	res, err := client("127.0.0.1", 0).Do(r)
	if err != nil || res.StatusCode != http.StatusOK {
		g.wall.note(time.Since(begun), fmt.Sprintf("wall: not opened: %v", err))
		return
	}
	defer func() { _ = res.Body.Close() }()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); begun = time.Now() {
		g.wall.note(time.Since(begun), "")
	}
	if ctx.Err() == nil {
		g.wall.note(time.Since(begun), "wall: cut off")
	}
}
