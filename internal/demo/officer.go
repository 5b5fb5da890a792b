package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"twoweave/internal/base/clock"
)

// Officer is a simulated person at work: who they are for the program, and what they do.
type Officer struct {
	Name string
	Key  string
	Role string // operator, dispatcher, fieldworker, verifier
}

// VisitorPrefix begins the account names of visitors: a case that a visitor has touched is theirs, simulated officers leave it alone.
const VisitorPrefix = "visitor-"

// step is one thing an officer does: to cases in a state, after a pause that such work takes.
type step struct {
	state, command, note string
	least, most          time.Duration
}

var steps = map[string][]step{
	"operator": {{"screening", "confirm", "复核画面属实 / seen on the picture", 4 * time.Second, 20 * time.Second},
		{"accepted", "file", "现场情况属实 / confirmed", 4 * time.Second, 25 * time.Second}},
	"dispatcher":  {{"filed", "dispatch", "", 3 * time.Second, 15 * time.Second}},
	"fieldworker": {{"dispatched", "start", "已到达 / on site", 10 * time.Second, 60 * time.Second}, {"handling", "finish", "已处置 / done", 20 * time.Second, 3 * time.Minute}},
	"verifier":    {{"handled", "verify", "复核通过 / checked", 8 * time.Second, 50 * time.Second}, {"verified", "close", "", 2 * time.Second, 10 * time.Second}},
}

const lookEvery = 2 * time.Second

// taken is the set of cases that visitors work on.
type taken struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (t *taken) has(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ids[id]
}

func (t *taken) add(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ids[id] = true
}

// watch reads the live stream and remembers the cases that visitors touch.
func (t *taken) watch(ctx context.Context, c *Client, log *slog.Logger) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/api/v1/stream", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.key)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var f struct {
			Case struct {
				ID string `json:"id"`
			} `json:"case"`
			Fact struct {
				Actor string `json:"actor"`
			} `json:"fact"`
		}
		if json.Unmarshal([]byte(data), &f) == nil && strings.HasPrefix(f.Fact.Actor, VisitorPrefix) {
			t.add(f.Case.ID)
			log.Info("a visitor works on a case; the simulated officers leave it alone", "case", f.Case.ID)
		}
	}
	return lines.Err()
}

// work is an officer's shift: look for what is due, do it after the time it takes.
func work(ctx context.Context, o Officer, c *Client, others *taken, rnd *rand.Rand, clk clock.Clock, log *slog.Logger) error {
	ready := map[string]time.Time{} // when the work on a case in a state is done
	for clk.Wait(ctx, clk.Now().Add(lookEvery)) == nil {
		for _, s := range steps[o.Role] {
			due, err := c.cases(ctx, url.Values{"state": {s.state}, "order": {"opened"}, "limit": {"50"}})
			if err != nil {
				log.Warn("officer cannot see cases", "officer", o.Name, "error", err)
				break
			}
			o.handle(ctx, s, due, ready, c, others, rnd, clk.Now(), log)
		}
	}
	return ctx.Err()
}

func (o Officer) handle(ctx context.Context, s step, due []matter, ready map[string]time.Time, c *Client, others *taken, rnd *rand.Rand, now time.Time, log *slog.Logger) {
	for _, m := range due {
		key := m.ID + s.state
		switch at, begun := ready[key]; {
		case others.has(m.ID):
		case !begun:
			ready[key] = now.Add(s.least + time.Duration(rnd.Int64N(int64(s.most-s.least))))
		case !now.Before(at):
			delete(ready, key)
			if err := c.command(ctx, m, s.command, s.note); err != nil {
				log.Debug("officer was refused", "officer", o.Name, "command", s.command, "error", err)
			}
		}
	}
}
