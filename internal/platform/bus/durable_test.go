package bus_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twoweave/internal/platform/bus"
	"twoweave/internal/platform/synctrace"
)

// slow guards the tests that take more than seconds: TWOWEAVE_SLOW=1 runs them.
func slow(t *testing.T) {
	t.Helper()
	if os.Getenv("TWOWEAVE_SLOW") == "" {
		t.Skip("TWOWEAVE_SLOW=1 runs this test")
	}
}

// ack is one acknowledgement that left the traced helper.
type ack struct {
	op   int // the write of the line
	line string
	how  string // "ack": alone; "together": with others on their way; "purged"
	n    int    // the message, 0 for a purge
	seq  uint64 // where it is
}

// traced runs the helper under strace.
func traced(t *testing.T) (tr *synctrace.Trace, dir string, acks []ack) {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(base, "log")
	cmd, err := synctrace.Command(t.Context(), filepath.Join(base, "trace"), os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Env, cmd.Stderr = append(os.Environ(), helperEnv+"="+dir), &stderr
	cmd.Stdout = new(bytes.Buffer) // a pipe
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr.Bytes())
	}
	if tr, err = synctrace.ParseFile(filepath.Join(base, "trace")); err != nil {
		t.Fatal(err)
	}
	for _, i := range tr.Find(func(op *synctrace.Op) bool { return op.Kind == synctrace.Send && op.FD == 1 }) {
		a := ack{op: i, line: strings.TrimSpace(string(tr.Ops[i].Data))}
		_, _ = fmt.Sscanf(a.line, "%s %d %d", &a.how, &a.n, &a.seq) // "purged" has no position
		if a.how == "purged" {
			a.n = 0
		}
		acks = append(acks, a)
	}
	return tr, dir, acks
}

func TestNothingIsAcknowledgedBeforeItsSync(t *testing.T) {
	t.Parallel()
	slow(t)
	tr, dir, acks := traced(t)
	if len(acks) != 753 {
		t.Fatalf("%d lines from the helper", len(acks))
	}
	disk := synctrace.NewDisk(tr, dir)
	report := map[string]int{}
	for _, a := range acks {
		if err := disk.Advance(a.op); err != nil {
			t.Fatal(err)
		}
		if a.how == "together" {
			token := fmt.Appendf(nil, "message %d ", a.n)
			if a.n%10 != 0 && !disk.Holds(token, isBlock) {
				t.Errorf("%q was said while no block on the disk holds it", a.line)
			}
			continue
		}
		for _, u := range disk.Uncovered(func(string) bool { return true }) {
			report[fmt.Sprintf("%s name=%v", filepath.Base(u.Path), u.Name)]++
			if u.Name && !u.Replaces && !passing(u.Path) || !u.Name && isBlock(u.Path) {
				t.Errorf("%q was said while uncovered: %s", a.line, u)
			}
		}
	}
	t.Logf("block files rewritten: %d", len(tr.Find(func(op *synctrace.Op) bool {
		return op.Kind == synctrace.Rename && strings.HasSuffix(op.To, ".blk")
	})))
	t.Logf("uncovered at acknowledgements: %v; mapped: %v; operations: %d", report, disk.Mapped(), len(tr.Ops))
}

func isBlock(path string) bool { return strings.HasSuffix(path, ".blk") }

// passing: the server's upkeep prepares files under names of their own before it puts them in place. (A block file that it has just put in
// place of an older one is no danger: what has been acknowledged is in both.)
func passing(path string) bool {
	return strings.HasSuffix(path, ".tmp") || strings.HasSuffix(path, ".new")
}

func TestPowerCutLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	slow(t)
	tr, dir, acks := traced(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	for range 40 {
		op := chance.IntN(len(tr.Ops))
		cut := rand.New(rand.NewPCG(seed, uint64(op)))
		if chance.IntN(3) == 0 {
			cut = nil // everything unsynced is lost
		}
		checkCut(t, tr, dir, acks, op, cut)
	}
}

// checkCut opens the bus on what a power cut before operation op leaves.
func checkCut(t *testing.T, tr *synctrace.Trace, dir string, acks []ack, op int, chance *rand.Rand) {
	t.Helper()
	disk, left := synctrace.NewDisk(tr, dir), t.TempDir()
	if err := errors.Join(disk.Advance(op), disk.Rebuild(left, chance)); err != nil {
		t.Fatal(err)
	}
	b, err := bus.Open(t.Context(), bus.Options{Dir: left})
	if err != nil {
		t.Errorf("cut before operation %d: %v", op, err)
		return
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		_ = os.RemoveAll(left) // early: forty of them are large
	}()
	log, facts := contents(t, b)
	for _, problem := range missing(acks, op, log, facts) {
		t.Errorf("cut before operation %d (chance %v): %s", op, chance != nil, problem)
	}
}

// contents reads both streams whole.
func contents(t *testing.T, b *bus.Bus) (log map[uint64]bus.Message, facts map[uint64][]byte) {
	t.Helper()
	ctx := ctxOf(t)
	log, facts = map[uint64]bus.Message{}, map[uint64][]byte{}
	end := must(b.AppendControl(ctx, "end of test", nil))
	if err := b.Read(ctx, 0, bus.AllParts, func(m bus.Message) error {
		if m.Seq == end {
			return errEnough
		}
		log[uint64(m.Seq)] = m
		return nil
	}); !errors.Is(err, errEnough) {
		t.Error(err)
	}
	last := must(b.Publish(ctx, "fact.end", "end of test", nil))
	if err := b.Follow(ctx, bus.FactsOrigin, func(seq uint64, _ string, body []byte) error {
		if seq == last {
			return errEnough
		}
		facts[seq] = body
		return nil
	}); !errors.Is(err, errEnough) {
		t.Error(err)
	}
	return log, facts
}

// missing lists the messages that were acknowledged before the cut and are not there as they were. What a purge may have removed is
// everything of its class that was acknowledged before the last purge that may have begun.
func missing(acks []ack, op int, log map[uint64]bus.Message, facts map[uint64][]byte) (problems []string) {
	for i, a := range acks {
		if a.op >= op || a.n == 0 {
			continue
		}
		body, ok := helperBody(a.n), false
		switch m, inLog := log[a.seq]; {
		case a.n%10 == 0:
			ok = inLog && m.Kind == bus.Tick && m.Tick.Unix() == int64(a.n)
		case a.n%10 == 5:
			ok = bytes.Equal(facts[a.seq], body)
		default:
			ok = inLog && m.Kind == bus.Events && m.Part == a.n%64 && bytes.Equal(m.Body, body) ||
				!inLog && helperClass(a.n) == "gone" && purgeMayFollow(acks[i:], op)
		}
		if !ok {
			problems = append(problems, fmt.Sprintf("%q is not there", a.line))
		}
	}
	return problems
}

// purgeMayFollow: the last message before a purge was acknowledged before the cut, so the purge may have begun.
func purgeMayFollow(after []ack, op int) bool {
	for i := 1; i < len(after); i++ {
		if after[i].n == 0 {
			return after[i-1].op < op
		}
	}
	return false
}
