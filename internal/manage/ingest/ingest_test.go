package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/ingest"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var content = map[string]string{
	"pack.yaml":  "pack: t\nversion: 1\ntitle: {zh: 试, en: Test}\nlicence: Apache-2.0\n",
	"areas.yaml": "areas:\n  - {code: a1, name: {zh: 一, en: One}, kind: street}\n",
	"events/t.yaml": `type: level
title: {zh: 水位, en: Level}
kind: observation
key: subject
retention: 7d
lateness: 10m
dedup: 24h
schema: {type: object, required: [cm], properties: {cm: {type: number}}}
---
type: call
title: {zh: 来电, en: Call}
kind: report
key: area
retention: 30d
lateness: 10m
dedup: 24h
personal: {kind: phone, by: phone, fields: [phone, name]}
schema: {type: object, properties: {phone: {type: string}, name: {type: string}, level: {type: integer}}}
`,
}

func set(t testing.TB) *pack.Set {
	fsys := fstest.MapFS{}
	for name, text := range content {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	p, err := pack.Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	s, err := pack.Combine(p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// record is what the log holds, and a way to make appends slow or fail.
type record struct {
	mu      sync.Mutex
	delay   time.Duration
	fail    func(n int) error // by number of append
	n       int
	flight  int
	highest int
	batches []appended
}

type appended struct {
	part  int
	class bus.Retention
	*event.Batch
}

func (r *record) AppendEvents(ctx context.Context, part int, class bus.Retention, id string, body []byte) (bus.Seq, error) {
	r.mu.Lock()
	n := r.n
	r.n++
	r.flight++
	r.highest = max(r.highest, r.flight)
	delay := r.delay
	r.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-ctx.Done():
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flight--
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if r.fail != nil {
		if err := r.fail(n); err != nil {
			return 0, err
		}
	}
	b, err := event.DecodeBatch(body)
	if err != nil {
		return 0, err
	}
	r.batches = append(r.batches, appended{part, class, b})
	return bus.Seq(len(r.batches)), nil
}

// ids are the ids of what the log holds, in order.
func (r *record) ids() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ids []string
	for _, b := range r.batches {
		for _, e := range b.Events {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

type plainSealer struct{ err error }

func (s plainSealer) Seal(_ context.Context, kind, value string, fields map[string][]byte) (string, map[string]string, error) {
	sealed := map[string]string{}
	for name, plain := range fields {
		sealed[name] = fmt.Sprintf("sealed:%d", len(plain))
	}
	return "person-" + kind + "-" + value[:1], sealed, s.err
}

func start(t testing.TB, log ingest.Log, change func(*ingest.Options)) *ingest.Ingest {
	o := ingest.Options{Log: log, Clock: clock.System{}, Sealer: plainSealer{}, Secret: []byte("s"), Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if change != nil {
		change(&o)
	}
	in := ingest.New(o)
	in.Use(set(t))
	return in
}

func level(id, subject string) event.Event {
	return event.Event{ID: id, Source: "s", Type: "level", Subject: subject, Area: "a1", Time: time.Unix(1_700_000_000, 0), Data: []byte(`{"cm":1}`)}
}

func levels(from, n int, subject string) []event.Event {
	events := make([]event.Event, n)
	for i := range events {
		events[i] = level(fmt.Sprint(subject, "-", from+i), subject)
	}
	return events
}

func TestAcceptedOnlyAfterTheLogHasAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &record{delay: time.Second}
		in := start(t, log, nil)
		done := make(chan []ingest.Outcome, 1)
		go func() {
			out, _ := in.Accept(t.Context(), "x", levels(0, 1, "a"))
			done <- out
		}()
		(clock.System{}).Wait(t.Context(), time.Now().Add(999*time.Millisecond))
		synctest.Wait()
		if len(done) > 0 {
			t.Error("accepted before the log answered")
		}
		if a := in.Accounting(); a.Waiting != 1 || a.Accepted != 0 {
			t.Errorf("accounting on the way: %+v", a)
		}
		if out := <-done; !out[0].Accepted || out[0].Unplaced {
			t.Errorf("got %+v", out)
		}
	})
}

func TestWhileOneAppendIsOnItsWayTheNextBatchGathers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &record{delay: time.Second}
		in := start(t, log, func(o *ingest.Options) { o.MaxBatch = 100 })
		var calls sync.WaitGroup
		for i := range 151 {
			calls.Go(func() {
				if out, err := in.Accept(t.Context(), "x", levels(i, 1, "a")); err != nil || !out[0].Accepted {
					t.Errorf("%+v, %v", out, err)
				}
			})
			synctest.Wait() // one after the other, so that the first goes alone
		}
		calls.Wait()
		var sizes []int
		for _, b := range log.batches {
			sizes = append(sizes, len(b.Events))
		}
		if !reflect.DeepEqual(sizes, []int{1, 100, 50}) {
			t.Errorf("batches of %v, want 1, 100, 50", sizes)
		}
	})
}

// Whatever the calls, the failures and the limits are: one outcome each, only what the log confirmed is accepted, in order per key, sums add up.
func TestEveryEventGetsOneOutcome(t *testing.T) {
	t.Parallel()
	content := set(t)
	rapid.Check(t, func(t *rapid.T) {
		log := &record{fail: failing(rapid.SliceOfN(rapid.Bool(), 1, 20).Draw(t, "fails"))}
		in := ingest.New(ingest.Options{
			Log: log, Clock: clock.System{}, Sealer: plainSealer{}, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
			MaxBatch: rapid.IntRange(1, 5).Draw(t, "batch"), MaxQueue: rapid.IntRange(5, 60).Draw(t, "queue"), MaxFlight: rapid.IntRange(1, 4).Draw(t, "flight"),
		})
		in.Use(content)
		plan := rapid.SliceOfN(rapid.SliceOfN(rapid.IntRange(0, 5), 0, 12), 1, 8).Draw(t, "calls")
		outs := make([][]ingest.Outcome, len(plan))
		sent := make([][]event.Event, len(plan))
		var calls sync.WaitGroup
		for c, kinds := range plan {
			sent[c] = draw(c, kinds)
			calls.Go(func() { outs[c], _ = in.Accept(context.Background(), "x", sent[c]) })
		}
		calls.Wait()
		in.Close(context.Background())
		check(t, in, log, sent, outs)
	})
}

func failing(plan []bool) func(int) error {
	return func(n int) error {
		if plan[n%len(plan)] {
			return fault.New(fault.Unavailable, "log", "down")
		}
		return nil
	}
}

// draw makes a call's events: kinds 0 to 3 are good ones of four subjects, 4 has bad data, 5 an unknown type.
func draw(call int, kinds []int) []event.Event {
	var events []event.Event
	for i, kind := range kinds {
		e := level(fmt.Sprintf("%d-%d", call, i), fmt.Sprint("subject", kind))
		switch kind {
		case 4:
			e.Data = []byte(`{"cm":"high"}`)
		case 5:
			e.Type = "nothing"
		}
		events = append(events, e)
	}
	return events
}

func check(t *rapid.T, in *ingest.Ingest, log *record, sent [][]event.Event, outs [][]ingest.Outcome) {
	held := map[string]int{}
	for i, id := range log.ids() {
		if _, twice := held[id]; twice {
			t.Fatalf("%s is in the log twice", id)
		}
		held[id] = i
	}
	var accepted, refused, doubt uint64
	for c, events := range sent {
		last := map[string]int{}
		if len(outs[c]) != len(events) {
			t.Fatalf("%d outcomes for %d events", len(outs[c]), len(events))
		}
		for i, e := range events {
			at, there := held[e.ID]
			o := outs[c][i]
			switch {
			case o.Accepted:
				accepted++
			case o.Reason == ingest.InDoubt:
				doubt++
			case o.Reason != "":
				refused++
			default:
				t.Fatalf("%s has no outcome", e.ID)
			}
			if o.Accepted != there {
				t.Fatalf("%s: accepted %v, in the log %v", e.ID, o.Accepted, there)
			}
			if there {
				if before, any := last[e.Subject]; any && before > at {
					t.Fatalf("%s went into the log before its predecessor of the same key", e.ID)
				}
				last[e.Subject] = at
			}
		}
	}
	a := in.Accounting()
	if a.Accepted != accepted || a.Refused != refused || a.InDoubt != doubt || a.Waiting != 0 || a.Received != accepted+refused+doubt {
		t.Fatalf("accounting %+v; counted %d accepted, %d refused, %d in doubt", a, accepted, refused, doubt)
	}
}

func TestTheQueueIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &record{delay: time.Second}
		in := start(t, log, func(o *ingest.Options) { o.MaxQueue = 10 })
		first := make(chan error, 1)
		go func() {
			_, err := in.Accept(t.Context(), "x", levels(0, 8, "a"))
			first <- err
		}()
		synctest.Wait()
		out, err := in.Accept(t.Context(), "x", levels(8, 3, "a"))
		if !fault.Is(err, fault.Exhausted) || out[2].Reason != ingest.QueueFull || out[2].Kind != fault.Exhausted {
			t.Errorf("got %v, %+v", err, out)
		}
		if err := <-first; err != nil {
			t.Error(err)
		}
		if _, err := in.Accept(t.Context(), "x", levels(8, 3, "a")); err != nil {
			t.Errorf("there is room again, but: %v", err)
		}
	})
}

func TestAppendsOnTheirWayAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &record{delay: time.Second}
		in := start(t, log, nil)
		var events []event.Event
		for i := range 500 {
			events = append(events, level(fmt.Sprint(i), fmt.Sprint("subject-", i)))
		}
		if _, err := in.Accept(t.Context(), "x", events); err != nil {
			t.Fatal(err)
		}
		if log.highest != 16 {
			t.Errorf("%d appends were on their way at once, want 16", log.highest)
		}
	})
}

func TestACallerWhoGivesUpIsToldSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &record{delay: time.Second}
		in := start(t, log, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		bad := level("bad", "a")
		bad.Data = []byte(`{}`)
		out, err := in.Accept(ctx, "x", append(levels(0, 1, "a"), bad))
		if !fault.Is(err, fault.Unavailable) || out[0].Reason != ingest.GivenUp || out[1].Reason != ingest.BadData {
			t.Errorf("got %v, %+v", err, out)
		}
		if err := in.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if a := in.Accounting(); a.Accepted != 1 || a.Waiting != 0 {
			t.Errorf("the event went on into the log, but the sums say %+v", a)
		}
	})
}

func TestCloseLetsGoWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := start(t, &record{delay: time.Hour}, nil)
		answered := make(chan error, 1)
		go func() {
			_, err := in.Accept(t.Context(), "x", levels(0, 1, "a"))
			answered <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := in.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if err := <-answered; !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v", err)
		}
		if _, err := in.Accept(t.Context(), "x", levels(1, 1, "a")); !fault.Is(err, fault.Unavailable) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestStampsNeverGoBack(t *testing.T) {
	t.Parallel()
	at := clock.NewManual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	log := &record{}
	in := start(t, log, func(o *ingest.Options) { o.Clock = at })
	for i, step := range []time.Duration{0, -time.Hour, 2 * time.Hour} {
		at.Advance(step)
		if _, err := in.Accept(t.Context(), "x", levels(i, 1, "a")); err != nil {
			t.Fatal(err)
		}
	}
	first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, want := range []time.Time{first, first, first.Add(time.Hour)} {
		if got := log.batches[i].Stamp; !got.Equal(want) {
			t.Errorf("batch %d is stamped %s, want %s", i, got, want)
		}
	}
}

func TestPersonalValuesAreSealed(t *testing.T) {
	t.Parallel()
	log := &record{}
	in := start(t, log, nil)
	call := event.Event{ID: "1", Source: "s", Type: "call", Area: "a1", Data: []byte(`{"phone":"13800000000","name":"王","level":1}`)}
	out, err := in.Accept(t.Context(), "x", []event.Event{call, {ID: "2", Source: "s", Type: "call", Area: "a1", Data: []byte(`{"name":"王"}`)}})
	if err != nil || !out[0].Accepted || out[1].Reason != ingest.BadData || out[1].Problems[0].Field != "data.phone" {
		t.Fatalf("%+v, %v", out, err)
	}
	got := log.batches[0].Events[0]
	if want := `{"$person":"person-phone-1","level":1,"name":"sealed:3","phone":"sealed:11"}`; string(got.Data) != want {
		t.Errorf("got %s, want %s", got.Data, want)
	}
	call.Sender = "x"
	if got.Body != call.BodyDigest([]byte("s")) {
		t.Error("the digest is not that of the event as received")
	}
	if got.Time.IsZero() {
		t.Error("an event without a time got none")
	}
}

func TestWithoutASealerNothingPersonalPasses(t *testing.T) {
	t.Parallel()
	for name, sealer := range map[string]ingest.Sealer{"none": nil, "broken": plainSealer{err: errors.New("no disk")}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &record{}
			in := start(t, log, func(o *ingest.Options) { o.Sealer = sealer })
			out, err := in.Accept(t.Context(), "x", []event.Event{{ID: "1", Source: "s", Type: "call", Data: []byte(`{"phone":"1"}`)}, level("2", "a")})
			if !fault.Is(err, fault.Unavailable) || out[0].Reason != ingest.SealFailed || !out[1].Accepted {
				t.Errorf("%+v, %v", out, err)
			}
		})
	}
}

func TestBadEventsAreRefusedWithTheirField(t *testing.T) {
	t.Parallel()
	in := start(t, &record{}, nil)
	cases := map[string]struct {
		change func(*event.Event)
		reason ingest.Reason
		field  string
	}{
		"no id":        {func(e *event.Event) { e.ID = "" }, ingest.BadEnvelope, "id"},
		"no source":    {func(e *event.Event) { e.Source = "" }, ingest.BadEnvelope, "source"},
		"long subject": {func(e *event.Event) { e.Subject = strings.Repeat("x", 257) }, ingest.BadEnvelope, "subject"},
		"control":      {func(e *event.Event) { e.ID = "a\x00" }, ingest.BadEnvelope, "id"},
		"year":         {func(e *event.Event) { e.Time = time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC) }, ingest.BadEnvelope, "time"},
		"large":        {func(e *event.Event) { e.Data = []byte(`{"cm":1` + strings.Repeat(" ", 64<<10) + `}`) }, ingest.BadEnvelope, "data"},
		"type":         {func(e *event.Event) { e.Type = "x" }, ingest.UnknownType, "type"},
		"schema":       {func(e *event.Event) { e.Data = []byte(`{"cm":"x"}`) }, ingest.BadData, "data"},
		"no JSON":      {func(e *event.Event) { e.Data = []byte(`{`) }, ingest.BadData, "data"},
		"no data":      {func(e *event.Event) { e.Data = nil }, ingest.BadData, "data"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := level("1", "a")
			c.change(&e)
			out, err := in.Accept(t.Context(), "x", []event.Event{e})
			o := out[0]
			if err != nil || o.Accepted || o.Kind != fault.Invalid || o.Reason != c.reason || len(o.Problems) == 0 || !strings.HasPrefix(o.Problems[0].Field, c.field) {
				t.Errorf("%+v, %v", o, err)
			}
		})
	}
}

func TestAnUnknownAreaIsUnplacedAndCounted(t *testing.T) {
	t.Parallel()
	log := &record{}
	in := start(t, log, nil)
	e := level("1", "a")
	e.Area = "elsewhere"
	out, err := in.Accept(t.Context(), "x", []event.Event{e})
	if err != nil || !out[0].Accepted || !out[0].Unplaced || log.batches[0].Events[0].Area != event.Unplaced {
		t.Errorf("%+v, %v", out, err)
	}
	if a := in.Accounting(); a.Unplaced != 1 || a.ByType["level"].Unplaced != 1 {
		t.Errorf("%+v", a)
	}
}

func TestWhatAGatewayCannotDecodeIsCounted(t *testing.T) {
	t.Parallel()
	in := start(t, &record{}, nil)
	in.Refuse()
	if a := in.Accounting(); a.Received != 1 || a.Refused != 1 || a.RefusedBy[ingest.Undecodable] != 1 {
		t.Errorf("%+v", a)
	}
}

func BenchmarkAccept(b *testing.B) {
	in := start(b, &record{}, nil)
	events := levels(0, 200, "a")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := in.Accept(b.Context(), "x", events); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
}
