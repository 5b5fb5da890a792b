package attack

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The bounds: what good requests may take, and what the program may need.
const (
	answerWithin = 200 * time.Millisecond // 99 of 100 good requests
	mostMemory   = 1500                   // MiB
	wallHears    = 5 * time.Second        // after that a wall says that it is cut off
)

// within is what 99 of 100 good requests may take; in the short form, which begins and ends with the attacks' beginnings, none may take seconds.
func within() time.Duration {
	if *lasting < 20*time.Second {
		return 3 * time.Second
	}
	return answerWithin
}

// roomy lets in what is attacked with, so that its cost is seen: by default one key has 32 streams.
const roomy = "limits:\n  streams: 6000\n  streams-account: 700\n"

func TestUnderAttack(t *testing.T) {
	if os.Getenv("TWOWEAVE_SLOW") == "" {
		t.Skip("TWOWEAVE_SLOW is not set")
	}
	c := start(t, roomy)
	g, d := newGood(c), newTruth(c)
	c.under(g, d)
	t.Logf("| attack | attackers' pace | good: requests | failed | p50 | p99 | most | wall's longest silence | true alarms, last case after | memory, peak MiB | processor | attackers got |")
	t.Logf("|---|---|---|---|---|---|---|---|---|---|---|---|")
	c.under(g, d)
	var every []int
	for n := range attacks {
		c.under(g, d, n)
		every = append(every, n)
	}
	c.under(g, d, every...)
	_, now := c.memory()
	t.Logf("resident when all is over: %d MiB", now)
}

// under runs attacks while people and devices work, and writes a line about it.
func (c *city) under(g *good, d *truth, which ...int) {
	c.t.Helper()
	c.forget()
	used, begun := c.processor(), time.Now()
	ctx, cancel := context.WithTimeout(c.t.Context(), *lasting)
	defer cancel()
	var all sync.WaitGroup
	var said []string
	g.begin()
	all.Go(func() { d.tell(ctx) })
	all.Go(func() { said = c.attack(which) })
	<-ctx.Done()
	g.end()
	used, lasted := c.processor()-used, time.Since(begun)
	peak, _ := c.memory()
	all.Wait()
	wrong := d.lost()
	name, pace, what := "nothing", "-", said[0]
	switch len(which) {
	case 0:
	case 1:
		name, pace = attacks[which[0]].name, attacks[which[0]].pace
	default:
		name, pace, what = "all at once", "as above", ""
		for i, n := range which {
			what += attacks[n].name + " (" + said[i] + "); "
		}
	}
	c.line(name, pace, what, g, d, peak, int(100*used/lasted))
	if len(wrong) > 0 {
		c.t.Errorf("%s: %d of %d true alarms are not as they should be: %s", name, len(wrong), len(d.told), strings.Join(wrong[:min(5, len(wrong))], "; "))
	}
}

func (c *city) line(name, pace, what string, g *good, d *truth, peak, processor int) {
	c.t.Helper()
	var took []time.Duration
	var failed, each []string
	for kind, w := range g.kinds {
		each = append(each, fmt.Sprintf("%s %v/%v", kind, part(w.took, 0.5), part(w.took, 0.99)))
		took, failed = append(took, w.took...), append(failed, w.failed...)
	}
	failed = append(failed, g.wall.failed...)
	p99, silence := part(took, 0.99), part(g.wall.took, 1)
	c.t.Logf("| %s | %s | %d | %d | %v | %v | %v | %v | %d, %v | %d | %d %% | %s |", name, pace, len(took), len(failed), part(took, 0.5), p99, part(took, 1), silence, len(d.told), d.latest, peak, processor, what)
	slices.Sort(each)
	c.t.Logf("  %s", strings.Join(each, ", "))
	if p99 > within() || len(failed) > 0 || peak > mostMemory || silence > wallHears {
		c.t.Errorf("%s: p99 %v, %d failed (%.300s), %d MiB, the wall heard nothing for %v", name, p99, len(failed), strings.Join(failed[:min(3, len(failed))], "; "), peak, silence)
	}
}
