package detect

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"twoweave/internal/manage/event"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// The bars of these tests are for a whole city. A run takes a hundredth of it and of the bar, with TWOWEAVE_SLOW a tenth, and all of it, which takes minutes,
// with TWOWEAVE_CITY.
const (
	thingsBar    = 2 << 30
	scenariosBar = 1 << 30
)

// share is the part of the city that this run takes.
func share(whole int) int {
	switch {
	case os.Getenv("TWOWEAVE_CITY") == "1":
		return whole
	case slow():
		return whole / 10
	}
	return whole / 100
}

// held is what the heap holds after rubbish is gone.
func held() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

const twoWindows = `scenario: quarter
version: 1
title: {zh: 试, en: Test}
domain: facilities
on: level
operator: window
window: {over: 15m, measure: avg, of: data.cm}
when: value >= 1000.0
severity: minor
class: ponding
note: assumed
---
scenario: week
version: 1
title: {zh: 试, en: Test}
domain: facilities
on: level
operator: window
window: {over: 168h, measure: avg, of: data.cm}
when: value >= 1000.0
severity: minor
class: ponding
note: assumed
`

// TestMemoryOfAMillionThings: each thing has a window of 15 minutes and one of 7 days, with every pane filled.
func TestMemoryOfAMillionThings(t *testing.T) {
	set := setFrom(t, map[string]string{"scenarios/two.yaml": twoWindows, "events/types.yaml": strings.ReplaceAll(eventTypes, "dedup: 2m", "dedup: 1m")})
	things := share(1_000_000)
	before := held()
	parts := make([]*Partition, bus.Partitions)
	for i := range parts {
		parts[i] = New(i, set)
	}
	names := make([]string, things)
	for i := range names {
		names[i] = fmt.Sprintf("sensor-%07d", i)
	}
	seq := bus.Seq(0)
	at := zero
	for pane := range 66 + 16 { // the week's panes, then the last quarter's
		if at = at.Add(170 * time.Minute); pane >= 66 {
			at = at.Add(-169 * time.Minute)
		}
		for _, p := range parts {
			seq++
			p.Tick(seq, at)
		}
		fillOnce(parts, names, &seq, at)
	}
	used := held() - before - int64(things)*32 // the names
	states := 0
	for _, p := range parts {
		states += p.states
	}
	if states != 2*things {
		t.Fatalf("%d states, want %d", states, 2*things)
	}
	t.Logf("%d things, two windows each: %d MB, %d bytes a thing", things, used>>20, used/int64(things))
	if bar := int64(share(thingsBar)); used > bar {
		t.Errorf("%d bytes are held, the bar is %d", used, bar)
	}
	runtime.KeepAlive(parts)
}

// fillOnce sends one reading of each thing.
func fillOnce(parts []*Partition, names []string, seq *bus.Seq, at time.Time) {
	batches := make([]event.Batch, len(parts))
	for i, name := range names {
		b := &batches[event.PartitionOf(name)]
		b.Events = append(b.Events, event.Event{
			ID: fmt.Sprint(*seq, "-", i), Source: "g", Type: "level", Subject: name, Area: "middle", Time: at, Data: []byte(`{"cm":3.5}`),
		})
	}
	*seq++
	var all sync.WaitGroup
	for i := range batches {
		all.Go(func() {
			batches[i].Stamp = at
			parts[i].Events(*seq, &batches[i])
		})
	}
	all.Wait()
}

// TestMemoryOfTenThousandScenarios: of all operators, over fifty event types, in every partition.
func TestMemoryOfTenThousandScenarios(t *testing.T) {
	n := share(10_000)
	files := map[string]string{"events/types.yaml": ""}
	for i := range 50 {
		files["events/types.yaml"] += strings.ReplaceAll(strings.Split(eventTypes, "---")[0], "type: level\n", fmt.Sprintf("type: level-%d\n", i)) + "---\n"
	}
	kinds := []string{"high", "long", "mean", "quiet", "rise", "odd", "near", "zone"}
	for i := range n {
		text := strings.ReplaceAll(scenarioText(t, kinds[i%len(kinds)]), "on: level", fmt.Sprintf("on: level-%d", i%50))
		_, rest, _ := strings.Cut(text, "\n")
		files[fmt.Sprintf("scenarios/s%05d.yaml", i)] = fmt.Sprintf("scenario: s%05d\n%s", i, rest)
	}
	before := held()
	set := setFrom(t, files)
	parts := make([]*Partition, bus.Partitions)
	for i := range parts {
		parts[i] = New(i, set)
	}
	used := held() - before
	t.Logf("%d scenarios in %d partitions: %d MB, %d bytes a scenario", n, len(parts), used>>20, used/int64(n))
	if bar := int64(share(scenariosBar)); used > bar {
		t.Errorf("%d bytes are held, the bar is %d", used, bar)
	}
	runtime.KeepAlive(parts)
	runtime.KeepAlive(set)
}

// setFrom is a set of files beside those that every pack has.
func setFrom(t *testing.T, more map[string]string) *pack.Set {
	t.Helper()
	files := fstest.MapFS{
		"pack.yaml":        {Data: []byte("pack: test\nversion: 1\ntitle: {zh: 试, en: Test}\nlicence: Apache-2.0\n")},
		"classes/all.yaml": {Data: []byte("class: ponding\ntitle: {zh: 积水, en: Ponding}\nsource: assumed\nunit: water\nlimit: 2h\nreminder: 30m\n")},
	}
	for name, text := range more {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	p, err := pack.Read(files)
	if err != nil {
		t.Fatal(err)
	}
	set, err := pack.Combine(p)
	if err != nil {
		t.Fatal(err)
	}
	return set
}
