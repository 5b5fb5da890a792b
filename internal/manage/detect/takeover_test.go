package detect

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/manage/event"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// TestAChangedScenarioSaysWhatItWouldAlwaysHaveSaid: from the moment it takes over, the same subjects are open, pending or idle as when it had been in force
// from the beginning; none has two. The rules have no hysteresis, whose memory is longer than any window.
func TestAChangedScenarioSaysWhatItWouldAlwaysHaveSaid(t *testing.T) {
	t.Parallel()
	for _, versions := range [][2]string{{"flat", "flat-long"}, {"still", "still-more"}, {"still", "still-less"}, {"steep", "steep-more"}} {
		t.Run(versions[1], func(t *testing.T) {
			t.Parallel()
			before, after := setOf(t, versions[0]), setOf(t, versions[1])
			open := 0
			rapid.Check(t, func(rt *rapid.T) {
				rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 5))
				open += takeOverAt(rt, rng, scenario.ID(versions[0]), before, after)
			})
			if open < 50 {
				t.Errorf("%d open episodes were compared: too few to show anything", open)
			}
		})
	}
}

// takeOverAt runs a log with a change in it beside one that had the new scenario all the time, and compares them well after the takeover.
func takeOverAt(t *rapid.T, rng *rand.Rand, id scenario.ID, before, after *pack.Set) int {
	log, _ := busyLog(rng.IntN, 2_500, before)
	log = oneAtATime(log)
	changed, always := New(0, before), New(0, after)
	change := 200 + rng.IntN(400)
	twice := map[string]int{}
	var told time.Time
	for i, m := range log[1:] {
		m.Seq = bus.Seq(2*i + 2)
		if i == change {
			changed.Activate(m.Seq-1, ActivationOf(after), after)
			told = changed.Time()
		}
		if m.Kind == bus.Control {
			continue // orders are tested elsewhere
		}
		out := changed.Apply(copied(m))
		always.Apply(copied(m))
		for _, d := range out.Detections {
			twice[d.Subject] += map[scenario.Change]int{scenario.Started: 1, scenario.Ended: -1}[d.Change]
			if n := twice[d.Subject]; n < 0 || n > 1 {
				t.Fatalf("%d episodes of %s are open after %s at %s", n, d.Subject, d.Change, d.At)
			}
		}
	}
	def, _ := after.Scenario(id)
	if changed.Time().Sub(told) < def.Span()+time.Minute {
		return 0 // the log ended before the takeover
	}
	compared, limit := 0, microsOf(told.Add(3*time.Minute))
	for subject, s := range changed.watches[id].states {
		other := always.watches[id].states[subject]
		if s.last < limit || other == nil || other.last < limit {
			continue // not judged since
		}
		if s.phase != other.phase {
			t.Fatalf("%s is in phase %d, want %d", subject, s.phase, other.phase)
		}
		if s.phase == open {
			compared++
		}
	}
	return compared
}

// oneAtATime leaves of a log, for each subject, one event a moment, of that moment. What is older than what a subject has seen cancels nothing, and what is
// not after an episode's end starts none: that is a memory longer than a window.
func oneAtATime(log []bus.Message) []bus.Message {
	last := map[string]time.Time{}
	for i, m := range log {
		b, err := event.DecodeBatch(slices.Clone(m.Body))
		if m.Kind != bus.Events || err != nil || b.Copies {
			continue
		}
		b.Events = slices.DeleteFunc(b.Events, func(e event.Event) bool {
			again := last[e.Subject].Equal(b.Stamp)
			last[e.Subject] = b.Stamp
			return again || !e.Time.Equal(b.Stamp)
		})
		log[i].Body = event.AppendBatch(nil, b)
	}
	return log
}

func copied(m bus.Message) bus.Message {
	m.Body = slices.Clone(m.Body)
	return m
}
