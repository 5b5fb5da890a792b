package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/ingest"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// keyedSet has scenarios that group readings by plate, and one that has all of its reports together.
func keyedSet(t *testing.T) *pack.Set {
	t.Helper()
	const scenario = "scenario: %s\nversion: 1\ntitle: {zh: 试, en: Test}\ndomain: traffic\non: pass\nseverity: minor\nclass: c\nnote: assumed\n%s\n"
	p, err := pack.Read(fstest.MapFS{
		"pack.yaml": {Data: []byte("pack: t\nversion: 1\ntitle: {zh: 试, en: Test}\nlicence: Apache-2.0\n")},
		"events/t.yaml": {Data: []byte(`type: pass
title: {zh: 过车, en: Pass}
kind: observation
key: subject
retention: 7d
lateness: 10m
dedup: 24h
schema: {type: object, properties: {plate: {type: string}, heavy: {type: boolean}}}
`)},
		"classes/c.yaml":     {Data: []byte("class: c\ntitle: {zh: 试, en: Test}\nsource: assumed\nunit: u\nlimit: 2h\nreminder: 30m\n")},
		"scenarios/own.yaml": {Data: fmt.Appendf(nil, scenario, "own", "operator: match\nwhen: data.heavy")},
		"scenarios/plate.yaml": {Data: fmt.Appendf(nil, scenario, "plate",
			"operator: match\nsubject: data.plate\nwhere: data.heavy\nwhen: data.plate != ''")},
		"scenarios/again.yaml": {Data: fmt.Appendf(nil, scenario, "again", "operator: match\nsubject: data.plate\nwhen: data.heavy")},
		"scenarios/near.yaml": {Data: fmt.Appendf(nil, scenario, "near",
			"operator: cluster\nwhere: data.heavy\ncluster: {metres: 200, over: 10m}\nwhen: count >= 3")},
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := pack.Combine(p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func pass(id, plate string, heavy bool) event.Event {
	return event.Event{ID: id, Source: "s", Type: "pass", Subject: "gate-1", Time: time.Unix(1_700_000_000, 0),
		Data: fmt.Appendf(nil, `{"plate":%q,"heavy":%v}`, plate, heavy)}
}

func TestACopyGoesToEachKeyOnce(t *testing.T) {
	t.Parallel()
	log := &record{}
	in := start(t, log, nil)
	in.Use(keyedSet(t))
	out, err := in.Accept(t.Context(), "x", []event.Event{pass("1", "A1", true), pass("2", "A1", false)})
	if err != nil || !out[0].Accepted || !out[1].Accepted {
		t.Fatal(out, err)
	}
	var got []string
	for _, b := range log.batches {
		for _, e := range b.Events {
			got = append(got, fmt.Sprint(e.ID, " in ", b.part, " copy=", b.Copies))
		}
	}
	own, plate, near := event.PartitionOf("gate-1"), event.PartitionOf("A1"), event.PartitionOf("near")
	want := []string{
		fmt.Sprint("1 in ", own, " copy=false"), fmt.Sprint("2 in ", own, " copy=false"),
		fmt.Sprint("1 in ", plate, " copy=true"), fmt.Sprint("2 in ", plate, " copy=true"), fmt.Sprint("1 in ", near, " copy=true"),
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the log holds %q, want %q", got, want)
	}
	if a := in.Accounting(); a.Received != 2 || a.Accepted != 2 || a.Waiting != 0 {
		t.Errorf("copies are counted as events: %+v", a)
	}
}

// TestAcceptedOnlyWithItsCopies: an event whose copy is not in the log is in doubt, and is sent again.
func TestAcceptedOnlyWithItsCopies(t *testing.T) {
	t.Parallel()
	for failing := range 3 {
		log := &record{fail: func(n int) error {
			if n == failing {
				return errors.New("no")
			}
			return nil
		}}
		in := start(t, log, nil)
		in.Use(keyedSet(t))
		if out, err := in.Accept(t.Context(), "x", []event.Event{pass("1", "A1", true)}); err == nil || out[0].Accepted || out[0].Reason != ingest.InDoubt {
			t.Errorf("append %d failed: %+v (%v), want it in doubt", failing, out, err)
		}
	}
}

// slowCopies is a log that takes long for keyed copies.
type slowCopies struct{ ingest.Log }

func (l slowCopies) AppendEvents(ctx context.Context, part int, class bus.Retention, id string, body []byte) (bus.Seq, error) {
	if b, err := event.DecodeBatch(slices.Clone(body)); err == nil && b.Copies {
		(clock.System{}).Wait(ctx, time.Now().Add(3*time.Second))
	}
	return l.Log.AppendEvents(ctx, part, class, id, body)
}

// TestWhatWaitsForItsCopiesTakesRoom: the queue is bounded although its callers have given up.
func TestWhatWaitsForItsCopiesTakesRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := start(t, &record{}, func(o *ingest.Options) { o.Log, o.MaxQueue = slowCopies{o.Log}, 1 })
		in.Use(keyedSet(t))
		ctx, giveUp := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer giveUp()
		if _, err := in.Accept(ctx, "x", []event.Event{pass("1", "A1", true)}); !fault.Is(err, fault.Unavailable) {
			t.Errorf("given up: %v", err)
		}
		if _, err := in.Accept(t.Context(), "x", []event.Event{pass("2", "A1", true)}); !fault.Is(err, fault.Exhausted) {
			t.Errorf("with a copy that waits for the log: %v, want no room", err)
		}
		(clock.System{}).Wait(t.Context(), time.Now().Add(2*time.Second))
		synctest.Wait()
		if _, err := in.Accept(t.Context(), "x", []event.Event{pass("2", "A1", true)}); err != nil {
			t.Errorf("all is durable, but: %v", err)
		}
	})
}

func TestAcceptedOnlyAfterTheCopiesAreDurable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &record{delay: time.Second}
		in := start(t, log, func(o *ingest.Options) { o.MaxFlight = 1 }) // one append after the other
		in.Use(keyedSet(t))
		done := make(chan []ingest.Outcome, 1)
		go func() {
			out, _ := in.Accept(t.Context(), "x", []event.Event{pass("1", "A1", true)})
			done <- out
		}()
		(clock.System{}).Wait(t.Context(), time.Now().Add(2999*time.Millisecond))
		synctest.Wait()
		if len(done) > 0 {
			t.Error("accepted before the last copy was durable")
		}
		if out := <-done; !out[0].Accepted {
			t.Errorf("got %+v", out)
		}
	})
}
