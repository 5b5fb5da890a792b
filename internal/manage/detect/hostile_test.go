package detect

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"twoweave/internal/base/geo"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// TestAHostileLog: clocks jump by years and back, devices lie about time and size, orders end within a microsecond, packs change and programs restart. Nothing
// hangs, no episode starts or ends twice, and the sums add up after every message.
func TestAHostileLog(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(11, 3))
	var sets []*pack.Set
	for range 8 {
		sets = append(sets, variedSet(t, rng))
	}
	for range 5 * rounds() {
		h := hostile{rng: rng, sets: sets, p: New(0, nil), now: zero, open: map[scenario.DetectionID]bool{}}
		for seq := bus.Seq(1); seq < 1_000; seq++ {
			h.check(t, h.message(seq))
			if rng.IntN(30) == 0 {
				h.p = restarted(t, h.p, append([]*pack.Set{h.p.set}, sets...))
			}
		}
	}
}

type hostile struct {
	rng  *rand.Rand
	sets []*pack.Set
	p    *Partition
	now  time.Time
	open map[scenario.DetectionID]bool
}

func (h *hostile) message(seq bus.Seq) Output {
	steps := []time.Duration{0, 0, 0, 1, time.Second, time.Second, 7 * time.Second, time.Minute, time.Hour, -time.Hour, 26 * time.Hour}
	step := steps[h.rng.IntN(len(steps))]
	if h.rng.IntN(200) == 0 {
		step = time.Duration(h.rng.IntN(20)-3) * 90 * 24 * time.Hour
	}
	h.now = h.now.Add(step)
	switch kind := h.rng.IntN(120); {
	case seq == 1 || kind == 0:
		set := h.sets[h.rng.IntN(len(h.sets))]
		return h.p.Activate(seq, ActivationOf(set), set)
	case kind < 30:
		return h.p.Tick(seq, h.now)
	case kind < 40:
		return h.p.Order(seq, h.order())
	}
	b := &event.Batch{Stamp: h.now, Copies: h.rng.IntN(3) == 0}
	for range 1 + h.rng.IntN(4) {
		b.Events = append(b.Events, h.event())
	}
	return h.p.Events(seq, b)
}

func (h *hostile) order() order.Control {
	id, until := fmt.Sprint(h.rng.IntN(3)), h.now.Add(time.Duration(h.rng.IntN(int(3*time.Minute))))
	switch h.rng.IntN(3) {
	case 0:
		return order.Control{Kind: order.PutSilence, Silence: &order.Silence{ID: id, Until: until}}
	case 1:
		return order.Control{Kind: order.PutState, State: &order.State{ID: id, Level: order.Special, Until: until}}
	}
	return order.Control{Kind: order.TakeBack, ID: id}
}

func (h *hostile) event() event.Event {
	one := func(all ...string) string { return all[h.rng.IntN(len(all))] }
	e := event.Event{ID: fmt.Sprint(h.rng.IntN(3000)), Source: "s", Type: event.TypeName(one("level", "level", "level", "call")), Sender: "t",
		Subject: one("a", "b", "c", "d"), Area: "middle", Time: h.now}
	switch h.rng.IntN(12) {
	case 0:
		e.Time = time.Date(1970+h.rng.IntN(230), 1, 1, 0, 0, 0, 0, time.UTC)
	case 1, 2, 3:
		e.Time = h.now.Add(time.Duration(h.rng.Int64N(int64(10*time.Minute))) - 5*time.Minute)
	}
	if h.rng.IntN(2) == 0 {
		e.Place = &geo.Point{Lon: 121.5 + h.rng.Float64()*0.01, Lat: 31.2}
	}
	e.Data = fmt.Appendf(nil, `{"cm":%s,"plate":"%s","urgent":true}`, one("1", "9", "13", "16", "20", "1e308", "-1e308", "1e-320"), one("p36", `a\u0000b`, "", "p1"))
	return e
}

func (h *hostile) check(t *testing.T, out Output) {
	t.Helper()
	for _, d := range out.Detections {
		if start := d.Change == scenario.Started; h.open[d.DetectionID] == start || d.More < 0 {
			t.Fatalf("%s of %+v out of turn, with %d more", d.Change, d.DetectionID, d.More)
		}
		h.open[d.DetectionID] = d.Change == scenario.Started
	}
	held := 0
	h.p.eachWatch(func(w *watch) { held += len(w.states) + len(w.fields) })
	if a := h.p.account; held != h.p.states || a.Events != a.Evaluated+a.Duplicate+a.Conflict+a.Late+a.Dead+a.Capped {
		t.Fatalf("%d states, counted %d; %+v", held, h.p.states, a)
	}
}
