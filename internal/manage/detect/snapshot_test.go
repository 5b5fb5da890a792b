package detect

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/wire"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// busy is a partition that has everything in its state, a function that lets it go on, and the set in force.
func busy(t testing.TB, seed uint64) (p *Partition, goOn func(messages int)) {
	t.Helper()
	set := setOf(t, everything()...)
	rng := rand.New(rand.NewPCG(seed, 3))
	log, _ := busyLog(rng.IntN, 4_000, set)
	p = New(0, set)
	at := 1 // after the activation
	return p, func(messages int) {
		for ; messages > 0 && at < len(log); at++ {
			m := log[at]
			m.Seq, m.Body = bus.Seq(at+1), bytes.Clone(m.Body)
			apply(t, p, m) // whichever partition it is of: more happens in one
			messages--
		}
	}
}

// apply is a message that is no activation.
func apply(t testing.TB, p *Partition, m bus.Message) Output {
	t.Helper()
	if m.Kind != bus.Control {
		return p.Apply(m)
	}
	c, err := DecodeControl(m.Body)
	if err != nil || c.Order == nil {
		t.Fatal("not an order", err)
	}
	return p.Order(m.Seq, *c.Order)
}

// everything is scenarios of all operators.
func everything() []string {
	return []string{"high", "long", "steady", "over", "mean", "tumble", "plates", "quiet", "rise", "pair", "near", "zone", "odd"}
}

func TestChangesOverAFullStateAreTheState(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		p, goOn := busy(t, rapid.Uint64Range(0, 5).Draw(rt, "seed"))
		p.bounds.keys = rapid.SampledFrom([]int{700, MaxKeys}).Draw(rt, "keys")
		var kept []record
		for range rapid.IntRange(1, 6).Draw(rt, "snapshots") {
			goOn(rapid.IntRange(0, 300).Draw(rt, "messages"))
			all := p.all()
			kept = live(merge(kept, p.changes()))
			if !reflect.DeepEqual(kept, all) {
				rt.Fatalf("%d records by changes, %d in the state", len(kept), len(all))
			}
			if n := len(p.changes()); n != 1 {
				rt.Fatalf("%d records changed since the last call, want the head alone", n)
			}
			if p = again(rt, p, all); !reflect.DeepEqual(p.all(), all) {
				rt.Fatal("the restored state is another one")
			}
		}
	})
}

// again writes the state as a snapshot and restores from that.
func again(t rapid.TB, p *Partition, records []record) *Partition {
	t.Helper()
	s := &snapshot{header: header{kind: full, part: p.part, epoch: 3, seq: p.seq, activation: p.activation.Activation}, records: records}
	back, err := decodeSnapshot(s.encode())
	if err != nil {
		t.Fatal(err)
	}
	if back.header != s.header {
		t.Fatalf("header %+v, want %+v", back.header, s.header)
	}
	m, err := decodeMeta(back.records)
	if err != nil {
		t.Fatal(err)
	}
	q, err := restore(p.part, back.seq, m, back.records, []*pack.Set{p.set})
	if err != nil {
		t.Fatal(err)
	}
	q.bounds = p.bounds
	return q
}

func TestARestoredPartitionGoesOnTheSame(t *testing.T) {
	t.Parallel()
	set := setOf(t, everything()...)
	rng := rand.New(rand.NewPCG(9, 9))
	log, _ := busyLog(rng.IntN, 3_000, set)
	p, q := New(0, set), New(0, set)
	for i, m := range log[1:] {
		m.Seq = bus.Seq(i + 2)
		if rng.IntN(20) == 0 {
			q = again(t, q, q.all())
		}
		a, b := m, m
		a.Body, b.Body = bytes.Clone(m.Body), bytes.Clone(m.Body)
		got, want := apply(t, q, a), apply(t, p, b)
		if !bytes.Equal(encodeOutput(&got), encodeOutput(&want)) || !slices.Equal(got.Samples, want.Samples) {
			t.Fatalf("message %d: output differs:\n%s\nwant\n%s", m.Seq, show(&got), show(&want))
		}
	}
	if q.Accounting() != p.Accounting() {
		t.Errorf("accounting %+v, want %+v", q.Accounting(), p.Accounting())
	}
}

func TestEveryDamagedByteIsNoticed(t *testing.T) {
	t.Parallel()
	p, goOn := busy(t, 1)
	goOn(40)
	s := &snapshot{header: header{kind: delta, part: 5, epoch: 2, seq: 40, base: 17, activation: "a"}, records: p.changes()}
	body := s.encode()
	for i := range body {
		for _, bit := range []byte{1, 0x80} {
			body[i] ^= bit
			if _, err := decodeSnapshot(body); !fault.Is(err, fault.Invalid) {
				t.Fatalf("a change of byte %d of %d is not noticed: %v", i, len(body), err)
			}
			body[i] ^= bit
		}
	}
	for i := range body {
		if _, err := decodeSnapshot(body[:i]); !fault.Is(err, fault.Invalid) {
			t.Fatalf("a cut at %d of %d is not noticed: %v", i, len(body), err)
		}
	}
	if _, err := decodeSnapshot(body); err != nil {
		t.Fatal(err)
	}
}

func FuzzDecodeSnapshot(f *testing.F) {
	p, goOn := busy(f, 2)
	goOn(4) // small inputs are searched faster
	set := p.set
	f.Add((&snapshot{header: header{kind: full, part: 1, seq: 9}, records: p.all()}).encode())
	f.Add((&snapshot{header: header{kind: delta, part: 1, seq: 9, base: 3}}).encode())
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := decodeSnapshot(sealed(body))
		if err != nil {
			return
		}
		m, err := decodeMeta(s.records)
		if err != nil {
			return
		}
		if q, err := restore(s.part, s.seq, m, s.records, []*pack.Set{set}); err == nil {
			q.Tick(s.seq+1, zero.Add(time.Hour))
		}
	})
}

// sealed gives damaged bytes a fitting checksum, so that what is behind it is tested too.
func sealed(body []byte) []byte {
	if len(body) < 32 {
		return body
	}
	sum := checksum(body[:len(body)-32])
	return append(slices.Clone(body[:len(body)-32]), sum[:]...)
}

func TestNamesOfSnapshots(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := header{
			kind: rapid.SampledFrom([]snapshotKind{full, delta}).Draw(t, "kind"), part: rapid.IntRange(0, bus.Partitions-1).Draw(t, "part"),
			epoch: rapid.Int64Range(0, 1<<62).Draw(t, "epoch"), seq: bus.Seq(rapid.Uint64().Draw(t, "seq")),
		}
		if h.kind == delta {
			h.base = bus.Seq(rapid.Uint64().Draw(t, "base"))
		}
		if got, ok := parseName(h.name()); !ok || got != h {
			t.Fatalf("%s is read as %+v (%v), want %+v", h.name(), got, ok, h)
		}
	})
	for _, name := range []string{"", "snapshots/07/x", "snapshots/07/00000000000000000009-1-full", "snapshots/7/00000000000000000009-0000000001-full"} {
		if h, ok := parseName(name); ok {
			t.Errorf("%q is read as %+v", name, h)
		}
	}
}

// TestTwoFullOnesAreKept writes a chain by hand and damages it from the newest on.
func TestTwoFullOnesAreKept(t *testing.T) {
	t.Parallel()
	ctx, w := t.Context(), newWorld()
	a := archive{w.process("one"), slog.New(slog.DiscardHandler)}
	p, goOn := busy(t, 4)
	x := &run{lease: Lease{Part: 0, Epoch: 1}, p: p}
	states := map[bus.Seq][]record{}
	for range 12 {
		goOn(60)
		states[p.seq] = p.all()
		s := x.snapshot()
		if err := a.write(ctx, s); err != nil {
			t.Fatal(err)
		}
		if x.deltas++; x.deltas%3 == 0 {
			st, err := a.load(ctx, 0, s.seq)
			if err != nil || st.seq != s.seq {
				t.Fatal(st, err)
			}
			s.kind, s.base, s.records = full, 0, st.records
			if err := a.write(ctx, s); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.prune(ctx, 0); err != nil {
			t.Fatal(err)
		}
	}
	fulls, _ := a.names(ctx, 0, full)
	deltas, _ := a.names(ctx, 0, delta)
	if len(fulls) != 2 || len(deltas) != 3 || deltas[2].base != fulls[1].seq {
		t.Fatalf("kept are the full ones %v and the deltas %v; want two, and the deltas since the older", fulls, deltas)
	}
	whole := func(want bus.Seq) {
		t.Helper()
		st, err := a.newest(ctx, 0)
		if err != nil || st.seq != want || !reflect.DeepEqual(st.records, states[want]) {
			t.Fatalf("restored %v (%v), want the state at %d", st, err, want)
		}
	}
	whole(p.seq)
	w.damage(fulls[0].name())
	whole(p.seq) // the older one with its deltas reaches as far
	w.damage(deltas[0].name())
	whole(deltas[1].seq)
	w.damage(fulls[1].name())
	if st, err := a.newest(ctx, 0); !fault.Is(err, fault.Invalid) {
		t.Fatalf("restored %v (%v), want an Invalid fault", st, err)
	}
}

func (w *world) damage(name string) { w.blobs[name][len(w.blobs[name])/2] ^= 4 }

// TestChainsOfTwoOwners has an owner that lost its partition write once more.
func TestChainsOfTwoOwners(t *testing.T) {
	t.Parallel()
	ctx, w := context.Background(), newWorld()
	a := archive{w.process("one"), slog.New(slog.DiscardHandler)}
	for _, h := range []header{
		{kind: full, seq: 10, epoch: 1}, {kind: delta, seq: 12, base: 10, epoch: 1},
		{kind: delta, seq: 15, base: 12, epoch: 2}, {kind: delta, seq: 14, base: 12, epoch: 1}, {kind: delta, seq: 20, base: 15, epoch: 2},
	} {
		if err := a.write(ctx, &snapshot{header: h, records: []record{{fmt.Sprint("k", h.seq), []byte{1}}}}); err != nil {
			t.Fatal(err)
		}
	}
	st, err := a.newest(ctx, 0)
	if err != nil || st.seq != 20 || st.deltas != 3 || len(st.records) != 4 {
		t.Errorf("restored %+v (%v), want the new owner's chain to 20", st, err)
	}
}

// TestADamagedFullOneDoesNotCount prunes when one of the two newest cannot be read.
func TestADamagedFullOneDoesNotCount(t *testing.T) {
	t.Parallel()
	ctx, w := t.Context(), newWorld()
	a := archive{w.process("one"), slog.New(slog.DiscardHandler)}
	var all []header
	for seq := bus.Seq(10); seq <= 40; seq += 10 {
		all = append(all, header{kind: delta, seq: seq, base: seq - 10, epoch: 1}, header{kind: full, seq: seq, epoch: 1})
	}
	for _, h := range all {
		if err := a.write(ctx, &snapshot{header: h}); err != nil {
			t.Fatal(err)
		}
	}
	w.damage(all[5].name())
	if err := a.prune(ctx, 0); err != nil {
		t.Fatal(err)
	}
	fulls, _ := a.names(ctx, 0, full)
	deltas, _ := a.names(ctx, 0, delta)
	if len(fulls) != 2 || fulls[0].seq != 40 || fulls[1].seq != 20 || len(deltas) != 2 || deltas[1].base != 20 {
		t.Errorf("kept are %v and %v, want the full ones of 40 and 20 and the deltas after 20", fulls, deltas)
	}
}

// TestAHeadOfBeforeCopiesWereCountedIsRead: it ends before what says how many copies of each sender came in the running minute.
func TestAHeadOfBeforeCopiesWereCountedIsRead(t *testing.T) {
	t.Parallel()
	p, goOn := busy(t, 2)
	goOn(300)
	head := p.encodeMeta()
	m, err := readMeta(head[:len(head)-len(p.copies.append(nil))])
	if err != nil || len(m.copies.counts) != 0 || m.account != p.account {
		t.Errorf("read as %+v (%v)", m, err)
	}
}

// TestTheFirstFormOfAStateIsRead: a snapshot of before there were operators that measure.
func TestTheFirstFormOfAStateIsRead(t *testing.T) {
	t.Parallel()
	p := New(0, setOf(t, "high"))
	since := int64(microsOf(zero))
	b := binary.AppendVarint([]byte{byte(open)}, 3)
	for _, m := range []int64{since, since, int64(never), since} {
		b = binary.AppendVarint(b, m)
	}
	b = wire.AppendString(binary.AppendVarint(b, 1), "middle")
	b = binary.AppendVarint(binary.AppendUvarint(binary.AppendUvarint(b, 1), 9), 2)
	b = wire.AppendString(wire.AppendString(wire.AppendString(b, "id"), "src"), "level")
	b = wire.AppendString(append(binary.AppendVarint(b, since), 1), "{}")
	for _, r := range []record{{stateRecord + "high\x00a", append(b, 0)}, {oldMeter + "calls\x00middle", []byte{1, 2, 3}}} {
		if err := p.put(r); err != nil {
			t.Fatal(err)
		}
	}
	out := p.Events(1, batchOf(&script{t: t, p: p}, "5s", "a", "cm=3"))
	if len(out.Detections) != 1 || out.Detections[0].Episode != 3 || out.Detections[0].Change != scenario.Ended || len(out.Detections[0].Evidence) != 2 {
		t.Errorf("the open episode of the first form goes on as %+v", out.Detections)
	}
}
