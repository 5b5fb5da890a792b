package trial

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/detect"
	"twoweave/internal/manage/event"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// Cost is what detection needs for events like those of a pack's scripts.
type Cost struct {
	Events   int
	CPU      time.Duration // of the whole process while they were computed
	PerEvent time.Duration
}

// Measure computes about n events like those that the scripts send, spread over a thousand subjects, in batches of a hundred with a tick after
// every thousand, as log messages: decoding is part of the cost. cpu tells the CPU time of the process so far; nothing else should run.
// Invalid: the scripts send no events.
func Measure(set *pack.Set, p *pack.Pack, n int, cpu func() time.Duration) (Cost, error) {
	load := workload(set, samples(set, p), n)
	if len(load) == 0 {
		return Cost{}, fault.New(fault.Invalid, "trial.Measure", "the scripts of pack %s send no events", p.Name)
	}
	parts := map[int]*detect.Partition{}
	for _, m := range load {
		if m.Kind == bus.Events && parts[m.Part] == nil {
			parts[m.Part] = detect.New(m.Part, set)
		}
	}
	c := Cost{}
	before := cpu()
	for _, m := range load {
		if m.Kind == bus.Events {
			parts[m.Part].Apply(m)
			continue
		}
		for _, part := range parts {
			part.Apply(m)
		}
	}
	c.CPU = cpu() - before
	for _, part := range parts {
		c.Events += int(part.Accounting().Events)
	}
	c.PerEvent = c.CPU / time.Duration(c.Events)
	return c, nil
}

// samples are the events that the scripts send, one of each step.
func samples(set *pack.Set, p *pack.Pack) []event.Event {
	var events []event.Event
	for i := range p.Tests {
		s := &p.Tests[i]
		pl := &player{set: set, script: s}
		for n := range s.Steps {
			if e, ok := pl.event(n, &s.Steps[n]); ok {
				events = append(events, e)
			}
		}
	}
	return events
}

const (
	perBatch = 100
	perTick  = 1000
)

// workload makes log messages of samples: a thousandth of a second apart, each with an id of its own.
func workload(set *pack.Set, samples []event.Event, n int) []bus.Message {
	var load []bus.Message
	if len(samples) == 0 {
		return nil
	}
	now := time.Date(2026, 6, 1, 15, 0, 0, 0, time.UTC)
	waiting := map[int][]event.Event{}
	add := func(m bus.Message) { m.Seq = bus.Seq(len(load) + 1); load = append(load, m) }
	flush := func(part int) {
		b := &event.Batch{Stamp: now, Events: waiting[part]}
		add(bus.Message{Kind: bus.Events, Part: part, Body: event.AppendBatch(nil, b)})
		delete(waiting, part)
	}
	for i := range n {
		now = now.Add(time.Millisecond)
		e := samples[i%len(samples)]
		e.ID, e.Time = fmt.Sprint(i), now
		if e.Subject != "" {
			e.Subject = fmt.Sprintf("%s-%d", e.Subject, i/len(samples)%1000)
		}
		e.Body = uint64(i)
		part := event.PartitionOf(set.Types[e.Type].PartitionKey(&e))
		if waiting[part] = append(waiting[part], e); len(waiting[part]) == perBatch {
			flush(part)
		}
		if i%perTick == perTick-1 {
			add(bus.Message{Kind: bus.Tick, Tick: now})
		}
	}
	for _, part := range slices.Sorted(maps.Keys(waiting)) {
		flush(part)
	}
	return load
}
