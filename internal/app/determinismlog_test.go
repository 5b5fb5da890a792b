package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/detect"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/order"
	"twoweave/internal/reform/pack"
	"twoweave/packs"
)

// The log of these tests.
var (
	logBegins = time.Date(2026, 5, 1, 13, 50, 0, 0, time.UTC) // ten minutes before night begins in Shanghai
	logEnds   = logBegins.Add(48 * time.Hour)
)

const (
	rounds        = 150
	eventsPerTurn = 40
)

// readTown is the demonstration pack without its tests, in its first or a second version: other thresholds, one scenario less, one more.
func readTown(version int) ([]*pack.Pack, error) {
	folder, err := packs.FS(packs.Demo)
	if err != nil {
		return nil, err
	}
	files := fstest.MapFS{}
	err = fs.WalkDir(folder, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(path, "tests/") {
			return err
		}
		body, err := fs.ReadFile(folder, path)
		if version == 2 {
			body = []byte(changed(string(body)))
		}
		files[path] = &fstest.MapFile{Data: body}
		return err
	})
	if err != nil {
		return nil, err
	}
	if version == 2 {
		files["scenarios/battery.yaml"] = &fstest.MapFile{Data: []byte(lowBattery)}
	} else {
		files["scenarios/smelt.yaml"] = &fstest.MapFile{Data: []byte(gasSmelt)}
	}
	files["scenarios/town.yaml"] = &fstest.MapFile{Data: fmt.Appendf(nil, acrossTown, 9+version)}
	p, err := pack.Read(files)
	return []*pack.Pack{p}, err
}

func changed(text string) string {
	return strings.NewReplacer("{daily: 15,", "{daily: 25,", "data.level_cm >= 15.0", "data.level_cm >= 25.0", "for: 10m", "for: 4m").Replace(text)
}

// gasSmelt is only in the first version.
const gasSmelt = `
scenario: gas-smelt
version: 1
title: {zh: 有气味, en: Gas can be smelt}
domain: safety
on: gas.level
operator: match
when: data.lel_pct >= 25.0
until: data.lel_pct < 10.0
severity: minor
class: gas-leak
note: assumed
`

const lowBattery = `
scenario: low-battery
version: 1
title: {zh: 电量低, en: Low battery}
domain: facilities
on: water.level
operator: match
when: data.battery_pct < 20.0
until: data.battery_pct > 60.0
severity: minor
class: ponding
note: assumed
`

// acrossTown groups by another key than the type's: keyed copies. Its window differs between the versions.
const acrossTown = `
scenario: town-under-water
version: 1
title: {zh: 全镇积水, en: Water all over town}
domain: facilities
on: water.level
subject: area
operator: window
window: {over: %dm, measure: avg, of: data.level_cm}
when: value >= limit.mean
until: value < 20.0
limits: {mean: {daily: 24.0, special: 22.0}}
evidence: 8
severity: minor
class: ponding
note: assumed
---
scenario: gauges-apart
version: 1
title: {zh: 水位计失联, en: Gauge unheard of}
domain: facilities
on: water.level
operator: absence
absence: {gap: 5m}
severity: minor
class: ponding
note: assumed
`

// buildLog runs a program with random events in a folder, changes its packs twice, and gives the detections it comes to.
func buildLog(t *testing.T, folder string, seed uint64) string {
	version := 1
	c := clock.NewManual(logBegins)
	program, err := New(configIn(folder), Options{Clock: c, Log: slog.New(slog.DiscardHandler), Silent: true,
		Snapshots: detect.SnapshotPolicy{Messages: 200}, Packs: func() ([]*pack.Pack, error) { return readTown(version) }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := program.Start(ctx); err != nil {
		t.Fatal(err)
	}
	w := &weather{rand: rand.New(rand.NewPCG(seed, 1)), levels: map[string]float64{}}
	for round := range rounds {
		c.Advance(time.Duration(1+w.rand.IntN(90)) * time.Second)
		if round == rounds/3 || round == 2*rounds/3 {
			version = 3 - version
			if err := program.Reload(ctx); err != nil {
				t.Fatal(err, fault.Problems(err))
			}
		}
		if round%7 == 3 {
			if _, err := program.bus.AppendControl(ctx, fmt.Sprint("order-", round), w.order(c.Now()).Encode()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := program.ingest.Accept(ctx, "sensors", w.events(c.Now())); err != nil {
			t.Fatal(err)
		}
		if _, err := program.bus.AppendTick(ctx, c.Now()); err != nil {
			t.Fatal(err)
		}
	}
	last, err := program.bus.LastSeq(ctx)
	if err == nil {
		err = program.runner.WaitFor(ctx, last)
	}
	if err != nil {
		t.Fatal(err)
	}
	account := program.outcomes()
	t.Logf("%d messages, %+v", last, account)
	if account.Duplicate == 0 || account.Conflict == 0 || account.Late == 0 {
		t.Errorf("the log lacks something: %+v", account)
	}
	if err := program.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	return dumpDetections(t, folder)
}

// weather makes up events: values that wander over thresholds, late and repeated events, wrong clocks.
type weather struct {
	rand   *rand.Rand
	n      int
	levels map[string]float64
	sent   []event.Event
}

func (w *weather) events(now time.Time) []event.Event {
	batch := make([]event.Event, w.rand.IntN(eventsPerTurn))
	for i := range batch {
		switch k := w.rand.IntN(30); {
		case k == 0 && len(w.sent) > 0:
			batch[i] = w.sent[w.rand.IntN(len(w.sent))]
		case k == 1 && len(w.sent) > 0:
			batch[i] = w.sent[w.rand.IntN(len(w.sent))]
			batch[i].Time = batch[i].Time.Add(time.Second) // another body under the same id
		default:
			batch[i] = w.event(now)
			w.sent = append(w.sent, batch[i])
		}
	}
	return batch
}

// order puts a city state or a silence in force, or takes one back.
func (w *weather) order(now time.Time) order.Control {
	id := fmt.Sprint(w.rand.IntN(3))
	switch w.rand.IntN(3) {
	case 0:
		return order.Control{Kind: order.PutState, State: &order.State{ID: id, Level: order.Special, Until: now.Add(10 * time.Minute)}}
	case 1:
		return order.Control{Kind: order.PutSilence, Silence: &order.Silence{ID: id, Scenarios: []string{"road-ponding", "gauges-apart"}, Until: now.Add(4 * time.Minute)}}
	}
	return order.Control{Kind: order.TakeBack, ID: id}
}

func (w *weather) event(now time.Time) event.Event {
	w.n++
	kind := max(0, w.rand.IntN(7)-2) // mostly water
	subject := fmt.Sprintf("s%d-%d", kind, w.rand.IntN(12))
	e := event.Event{ID: fmt.Sprint(w.n), Source: "town", Subject: subject, Area: "310115004000", Time: now.Add(w.delay())}
	level := min(2, max(0, w.levels[subject]+w.rand.NormFloat64()*0.3))
	if w.rand.IntN(3) == 0 {
		level = w.rand.Float64() * 2
	}
	w.levels[subject] = level
	var data map[string]any
	switch kind {
	case 0:
		e.Type, data = "water.level", map[string]any{"level_cm": level * 25, "battery_pct": w.rand.IntN(101)}
	case 1:
		e.Type, data = "river.level", map[string]any{"level_m": 3 + level, "warning_m": 3.7}
	case 2:
		e.Type, data = "gas.level", map[string]any{"lel_pct": min(100, level*30)}
	case 3:
		e.Type, data = "noise.level", map[string]any{"laeq_db": 40 + level*20, "site": "construction"}
	case 4:
		e.Type, data = "er.queue", map[string]any{"waiting": int(level * 50)}
	}
	e.Data, _ = json.Marshal(data) // numbers and words always marshal
	return e
}

// delay is how far an event's own time is from its arrival: mostly little, sometimes too late, sometimes ahead.
func (w *weather) delay() time.Duration {
	switch w.rand.IntN(20) {
	case 0:
		return -time.Duration(w.rand.IntN(30)) * time.Minute
	case 1:
		return time.Duration(w.rand.IntN(10)) * time.Minute
	}
	return -time.Duration(w.rand.IntN(20)) * time.Second
}
