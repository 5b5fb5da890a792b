package bus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/bus"
)

func TestMain(m *testing.M) {
	if helperMain() {
		return
	}
	goleak.VerifyTestMain(m)
}

func open(t testing.TB, dir string) *bus.Bus {
	t.Helper()
	b, err := bus.Open(t.Context(), bus.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func ctxOf(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var errEnough = errors.New("enough")

// take reads n messages.
func take(t testing.TB, b *bus.Bus, from bus.Seq, parts bus.PartSet, n int) []bus.Message {
	t.Helper()
	var got []bus.Message
	err := b.Read(ctxOf(t), from, parts, func(m bus.Message) error {
		if got = append(got, m); len(got) == n {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Fatalf("after %d of %d messages: %v", len(got), n, err)
	}
	return got
}

func names(ms []bus.Message) []string {
	var out []string
	for _, m := range ms {
		out = append(out, fmt.Sprintf("%d %s %d %s", m.Seq, m.Kind, m.Part, m.Body))
	}
	return out
}

func TestOneOrderForAllPartitions(t *testing.T) {
	t.Parallel()
	b, ctx := open(t, t.TempDir()), ctxOf(t)
	at := time.Date(2026, 7, 1, 8, 0, 0, 999, time.UTC)
	must(b.AppendEvents(ctx, 0, "d7", "a", []byte("A")))
	must(b.AppendTick(ctx, at))
	must(b.AppendEvents(ctx, 63, "d90", "a2", []byte("B")))
	must(b.AppendControl(ctx, "a", []byte("order")))
	must(b.AppendEvents(ctx, 5, "d7", "c", []byte("C")))

	all := take(t, b, 0, bus.AllParts, 5)
	want := []string{"1 events 0 A", "2 tick 0 ", "3 events 63 B", "4 control 0 order", "5 events 5 C"}
	if got := names(all); !slices.Equal(got, want) {
		t.Errorf("everything: %q", got)
	}
	if got := all[1].Tick; !got.Equal(at.Truncate(time.Second)) || got.Location() != time.UTC {
		t.Errorf("tick is %v", got)
	}
	some := names(take(t, b, 2, bus.Parts(5), 3))
	if want := []string{"2 tick 0 ", "4 control 0 order", "5 events 5 C"}; !slices.Equal(some, want) {
		t.Errorf("partition 5 from position 2: %q", some)
	}
	if last := must(b.LastSeq(ctx)); last != 5 {
		t.Errorf("last is %d", last)
	}
}

func TestSameIDIsStoredOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, ctx := open(t, dir), ctxOf(t)
	at := time.Unix(1_800_000_000, 0)
	for _, add := range map[string]func(b *bus.Bus) (bus.Seq, error){
		"events":  func(b *bus.Bus) (bus.Seq, error) { return b.AppendEvents(ctx, 1, "d7", "x", []byte("X")) },
		"control": func(b *bus.Bus) (bus.Seq, error) { return b.AppendControl(ctx, "x", []byte("X")) },
		"tick":    func(b *bus.Bus) (bus.Seq, error) { return b.AppendTick(ctx, at) },
	} {
		if first, second := must(add(b)), must(add(b)); first != second {
			t.Errorf("two positions for one id: %d, %d", first, second)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir)
	must(again.AppendTick(ctx, at.Add(900*time.Millisecond)))
	if last := must(again.LastSeq(ctx)); last != 3 {
		t.Errorf("after a restart the ids were forgotten: last is %d", last)
	}
}

func TestConcurrentTickersGiveOneTickASecond(t *testing.T) {
	t.Parallel()
	b, ctx := open(t, t.TempDir()), ctxOf(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for s := range 20 {
				if _, err := b.AppendTick(ctx, time.Unix(int64(1000+s), 0)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var last int64
	for _, m := range take(t, b, 0, 0, 20) {
		if m.Tick.Unix() <= last {
			t.Errorf("tick %d after %d", m.Tick.Unix(), last)
		}
		last = m.Tick.Unix()
	}
	if last := must(b.LastSeq(ctx)); last != 20 {
		t.Errorf("%d messages for 20 seconds", last)
	}
}

func TestReadWaitsForMore(t *testing.T) {
	t.Parallel()
	b, ctx := open(t, t.TempDir()), ctxOf(t)
	seen, stop := make(chan bus.Seq), make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		stop <- b.Read(ctx, 1, bus.AllParts, func(m bus.Message) error { seen <- m.Seq; return nil })
	}()
	for want := bus.Seq(1); want <= 3; want++ {
		must(b.AppendEvents(ctx, 1, "d7", fmt.Sprint(want), nil))
		if got := <-seen; got != want {
			t.Errorf("position %d, want %d", got, want)
		}
	}
	cancel()
	if err := <-stop; !errors.Is(err, context.Canceled) {
		t.Errorf("Read ended with %v", err)
	}
}

func TestReadToAnEnd(t *testing.T) {
	t.Parallel()
	b, ctx := open(t, t.TempDir()), ctxOf(t)
	for i := range 10 {
		must(b.AppendEvents(ctx, i%2, "d7", fmt.Sprint(i), nil))
	}
	must(b.AppendEvents(ctx, 3, "gone", "x", nil))
	must(b.Purge(ctx, "gone", time.Now().Add(time.Hour))) // ends the log with a message of the bus's own
	end := must(b.LastSeq(ctx))
	for _, c := range []struct {
		end   bus.Seq
		parts bus.PartSet
		want  int
	}{{end, bus.AllParts, 10}, {end, bus.Parts(0), 5}, {4, bus.Parts(0), 2}, {end, bus.Parts(9), 0}, {0, bus.AllParts, 0}} {
		n := 0
		err := b.ReadTo(ctx, 0, c.end, c.parts, func(bus.Message) error { n++; return nil })
		if err != nil || n != c.want {
			t.Errorf("%+v: %d messages, %v", c, n, err)
		}
	}
	if err := b.ReadTo(ctx, 0, end+1, bus.AllParts, nil); !fault.Is(err, fault.Conflict) {
		t.Errorf("beyond the end: %v", err)
	}
}

func TestReadAndAppendEndWithClose(t *testing.T) {
	t.Parallel()
	b, ctx := open(t, t.TempDir()), ctxOf(t)
	must(b.AppendControl(ctx, "a", nil))
	reading, stop := make(chan struct{}), make(chan error, 1)
	go func() {
		stop <- b.Read(ctx, 1, bus.AllParts, func(bus.Message) error { close(reading); return nil })
	}()
	<-reading
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-stop; !fault.Is(err, fault.Unavailable) {
		t.Errorf("Read ended with %v", err)
	}
	if _, err := b.AppendControl(ctx, "b", nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("append after Close: %v", err)
	}
	if err := b.Ready(ctx); !fault.Is(err, fault.Unavailable) {
		t.Errorf("ready after Close: %v", err)
	}
}

func TestWrongInputIsRefused(t *testing.T) {
	t.Parallel()
	b, ctx := open(t, t.TempDir()), ctxOf(t)
	for name, call := range map[string]func() error{
		"partition 64":  func() error { _, err := b.AppendEvents(ctx, 64, "d7", "a", nil); return err },
		"partition -1":  func() error { _, err := b.AppendEvents(ctx, -1, "d7", "a", nil); return err },
		"class dot":     func() error { _, err := b.AppendEvents(ctx, 1, "d.7", "a", nil); return err },
		"class empty":   func() error { _, err := b.AppendEvents(ctx, 1, "", "a", nil); return err },
		"class star":    func() error { _, err := b.Purge(ctx, "*", time.Now()); return err },
		"no id":         func() error { _, err := b.Publish(ctx, "fact.a", "", nil); return err },
		"id line break": func() error { _, err := b.Publish(ctx, "fact.a", "a\r\nb", nil); return err },
		"too large":     func() error { _, err := b.AppendControl(ctx, "a", make([]byte, b.MaxBody()+1)); return err },
		"foreign":       func() error { _, err := b.Publish(ctx, "log.control", "a", nil); return err },
		"wildcard":      func() error { _, err := b.Publish(ctx, "fact.>", "a", nil); return err },
		"empty word":    func() error { _, err := b.Publish(ctx, "fact..a", "a", nil); return err },
	} {
		if err := call(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(b.AppendControl(ctx, "a", make([]byte, b.MaxBody())))
}

func TestOneProcessPerFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir)
	if _, err := bus.Open(t.Context(), bus.Options{Dir: dir}); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second server on one folder: %v", err)
	}
	if _, err := bus.Open(t.Context(), bus.Options{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("neither folder nor URL: %v", err)
	}
}

func TestPurgeRemovesOneClass(t *testing.T) {
	t.Parallel()
	b, ctx := open(t, t.TempDir()), ctxOf(t)
	must(b.AppendEvents(ctx, 1, "d7", "a", []byte("old7")))
	must(b.AppendEvents(ctx, 2, "d90", "b", []byte("old90")))
	must(b.AppendTick(ctx, time.Unix(1, 0)))
	must(b.AppendControl(ctx, "c", []byte("order")))
	must(b.AppendEvents(ctx, 3, "d7", "d", []byte("old7 too")))
	border := time.Now()
	must(b.AppendEvents(ctx, 1, "d7", "e", []byte("new")))

	if n := must(b.Purge(ctx, "d7", border.Add(-time.Hour))); n != 0 {
		t.Errorf("%d messages are older than an hour", n)
	}
	take(t, b, 2, bus.AllParts, 5) // nothing is gone, nothing is refused
	if n := must(b.Purge(ctx, "d7", border)); n != 2 {
		t.Errorf("purged %d, want 2", n)
	}
	want := []string{"2 events 2 old90", "3 tick 0 ", "4 control 0 order", "6 events 1 new"}
	if got := names(take(t, b, 0, bus.AllParts, 4)); !slices.Equal(got, want) {
		t.Errorf("left: %q", got)
	}
	if n := must(b.Purge(ctx, "d7", border)); n != 0 {
		t.Errorf("purged %d again", n)
	}
	if n := must(b.PurgeTicks(ctx, border)); n != 1 {
		t.Errorf("purged %d ticks", n)
	}
}

func TestPurgeOfAWholeClass(t *testing.T) {
	t.Parallel()
	b, ctx := open(t, t.TempDir()), ctxOf(t)
	for i := range 10 {
		must(b.AppendEvents(ctx, i, "d7", fmt.Sprint(i), nil))
	}
	if n := must(b.Purge(ctx, "d7", time.Now().Add(time.Hour))); n != 10 {
		t.Errorf("purged %d", n)
	}
	if n := must(b.Purge(ctx, "d30", time.Now().Add(time.Hour))); n != 0 {
		t.Errorf("purged %d of a class that is not there", n)
	}
	seq := must(b.AppendEvents(ctx, 1, "d7", "next", []byte("next")))
	if got := names(take(t, b, seq, bus.AllParts, 1)); got[0] != fmt.Sprintf("%d events 1 next", seq) {
		t.Errorf("after the purge: %q", got)
	}
}

func TestMissingRangeIsAConflict(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, ctx := open(t, dir), ctxOf(t)
	must(b.AppendControl(ctx, "first", nil)) // holds the stream's first position at 1
	for i := range 4 {
		must(b.AppendEvents(ctx, i, "d7", fmt.Sprint(i), nil))
	}
	must(b.Purge(ctx, "d7", time.Now().Add(time.Hour)))
	refuse := func(b *bus.Bus, from bus.Seq) {
		t.Helper()
		err := b.Read(ctx, from, bus.AllParts, func(bus.Message) error { return errEnough })
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("reading from %d: %v", from, err)
		}
	}
	refuse(b, 3)
	refuse(b, 100)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir)
	refuse(again, 3)
	take(t, again, 0, bus.AllParts, 1)
	take(t, again, 1, bus.AllParts, 1)
}

func TestFactsAreFollowed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, ctx := open(t, dir), ctxOf(t)
	if last := must(b.FactsLast(ctx)); last != bus.FactsOrigin {
		t.Errorf("an empty stream ends at %d", last)
	}
	first := must(b.Publish(ctx, "fact.case.filed", "f1", []byte("1")))
	for subject, want := range map[string]string{"fact.case.filed": "f1", "fact.case.none": ""} {
		if id := must(b.LastID(ctx, subject)); id != want {
			t.Errorf("the last id of %s is %q, want %q", subject, id, want)
		}
	}
	if again := must(b.Publish(ctx, "fact.case.filed", "f1", []byte("1"))); again != first {
		t.Errorf("one fact at %d and %d", first, again)
	}
	second := must(b.Publish(ctx, "fact.case.closed", "f2", []byte("2")))
	collect := func(b *bus.Bus, from uint64, n int) (got []string) {
		err := b.Follow(ctx, from, func(seq uint64, subject string, body []byte) error {
			if got = append(got, fmt.Sprintf("%d %s %s", seq, subject, body)); len(got) == n {
				return errEnough
			}
			return nil
		})
		if !errors.Is(err, errEnough) {
			t.Error(err)
		}
		return got
	}
	one, two := fmt.Sprintf("%d fact.case.filed 1", first), fmt.Sprintf("%d fact.case.closed 2", second)
	if got := collect(b, bus.FactsOrigin, 2); !slices.Equal(got, []string{one, two}) {
		t.Errorf("from the beginning: %q", got)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir)
	if got := collect(again, first, 1); !slices.Equal(got, []string{two}) {
		t.Errorf("after the first, after a restart: %q", got)
	}
	err := again.Follow(ctx, 50, func(uint64, string, []byte) error { return errEnough })
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("beyond the end: %v", err)
	}
}

func TestFollowFromZeroDeliversOnlyNewFacts(t *testing.T) {
	t.Parallel()
	b, ctx := open(t, t.TempDir()), ctxOf(t)
	must(b.Publish(ctx, "fact.old", "old", nil))
	got, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- b.Follow(ctx, 0, func(_ uint64, subject string, _ []byte) error { got <- subject; return errEnough })
	}()
	for i := 0; len(got) == 0; i++ { // nobody tells when Follow has begun: what comes before it is old
		must(b.Publish(ctx, "fact.new", fmt.Sprint(i), nil))
	}
	if subject := <-got; subject != "fact.new" {
		t.Errorf("delivered %s", subject)
	}
	if err := <-done; !errors.Is(err, errEnough) {
		t.Error(err)
	}
}
