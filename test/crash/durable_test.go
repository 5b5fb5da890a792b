package crash

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"twoweave/internal/platform/synctrace"
)

// shell makes an account and then becomes the program, so that one trace holds all that was ever written into the data folder.
const shell = `"$0" account add --data "$1" --name Test --role operator >"$2" && shift 2 && exec "$0" "$@"`

// traced is what a run of the program under strace left behind.
type traced struct {
	t       *testing.T
	trace   *synctrace.Trace
	dir     string // of the data, as the trace names it
	key     string
	answers []answered

	mu     sync.Mutex
	events map[string]string // id → the event as it was sent
}

// record runs the program under strace, sends it events in every way, files cases, and reads the trace.
func record(t *testing.T, rounds int) *traced {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := newProgram(t)
	p.dir = filepath.Join(base, "data")
	keyFile := filepath.Join(base, "key")
	p.wrapper = func(program string, args ...string) (*exec.Cmd, error) {
		return synctrace.Command(t.Context(), filepath.Join(base, "trace"), "/bin/sh", append([]string{"-c", shell, program, p.dir, keyFile}, args...)...)
	}
	p.start()
	p.key = readKey(t, keyFile)
	r := &traced{t: t, dir: p.dir, key: p.key, events: map[string]string{}}
	j := newJournal()
	r.work(p, j, rounds)
	r.stop(p)
	if r.trace, err = synctrace.ParseFile(filepath.Join(base, "trace")); err != nil {
		t.Fatal(err)
	}
	r.answers = j.answers(t, r.trace)
	return r
}

func readKey(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "key ")
	return strings.Fields(rest)[0]
}

// stop ends the program, which is strace's child.
func (r *traced) stop(p *program) {
	r.t.Helper()
	pid := p.cmd.Process.Pid
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		r.t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(children)))
	if err != nil {
		r.t.Fatal(err)
	}
	if err := syscall.Kill(child, syscall.SIGTERM); err != nil {
		r.t.Fatal(err)
	}
	<-p.exited
}

// work sends events alone and in batches, one after another and at once, over both protocols; each opens a case. Some cases are filed.
func (r *traced) work(p *program, j *journal, rounds int) {
	batch := "application/cloudevents-batch+json"
	ways := map[string]sender{
		"json": p.overHTTP(j, "application/cloudevents+json"), "lines": p.overHTTP(j, jsonLines), "batch": p.overHTTP(j, batch),
		"three": p.overMQTT3(r.t, j), "five": p.overMQTT5(r.t, j),
	}
	for round := range rounds {
		for name, send := range ways { // one way after another
			r.one(send, fmt.Sprintf("alone-%s-%d", name, round), name, 4)
		}
		var together sync.WaitGroup
		for name, send := range ways {
			together.Go(func() { r.one(send, fmt.Sprintf("together-%s-%d", name, round), name, 8) })
		}
		together.Go(func() { r.file(p, j, round) })
		together.Wait()
	}
}

// one sends n events in one way: in one request where that is possible.
func (r *traced) one(send sender, prefix, way string, n int) {
	var ids, events []string
	for i := range n {
		id := fmt.Sprintf("%s-%d.", prefix, i) // the point ends it: no id stands within another
		ids, events = append(ids, id), append(events, reading(id, prefix+"-"+strconv.Itoa(i), 40, time.Now()))
	}
	r.mu.Lock()
	for i, id := range ids {
		r.events[id] = events[i]
	}
	r.mu.Unlock()
	if way != "json" {
		send(r.t, ids, events)
		return
	}
	for i := range ids {
		send(r.t, ids[i:i+1], events[i:i+1])
	}
}

// file files a few cases.
func (r *traced) file(p *program, j *journal, round int) {
	var page casePage
	if err := p.get("/api/v1/cases?state=accepted&limit=3&order=opened", &page); err != nil {
		r.t.Error(err)
	}
	for i, c := range page.Items {
		if err := p.noteCommand(j, c.ID, fmt.Sprintf("filed-%d-%d.", round, i), c.Version); err != nil {
			r.t.Error(err)
		}
	}
}

func isLog(path string) bool {
	return strings.HasSuffix(path, ".blk") && strings.Contains(path, "/LOG/")
}
func isWAL(path string) bool { return strings.HasSuffix(path, "-wal") }

func TestNothingIsAcknowledgedBeforeItIsDurable(t *testing.T) {
	r := record(t, atLength(2, 12))
	t.Run("syncs", r.checkSyncs)
	t.Run("power cuts", r.cutPower)
}

// checkSyncs: at the moment when an answer is written, a power cut would leave what it answers for.
func (r *traced) checkSyncs(t *testing.T) {
	disk := synctrace.NewDisk(r.trace, r.dir)
	events, commands := 0, 0
	for _, a := range r.answers {
		if err := disk.Advance(a.op); err != nil {
			t.Fatal(err)
		}
		where := isLog
		if a.command != "" {
			where = isWAL
			commands++
		} else {
			events += len(a.tokens)
		}
		for _, token := range a.tokens {
			if !disk.Holds([]byte(token), where) {
				t.Errorf("%s was acknowledged before it was durable", token)
			}
		}
	}
	t.Logf("%d answers for %d events and %d commands, each after its sync; %d operations traced", len(r.answers), events, commands, len(r.trace.Ops))
	for i := 0; i < len(r.answers); i += max(1, len(r.answers)/10) {
		if r.answers[i].command == "" {
			r.checkUnsynced(t, r.answers[i].tokens[0])
		}
	}
	if events != len(r.events) || commands == 0 {
		t.Errorf("%d events sent, %d acknowledged", len(r.events), events)
	}
}

// checkUnsynced: what is written and not yet synced counts as lost, so that checkSyncs can fail.
func (r *traced) checkUnsynced(t *testing.T, token string) {
	written := r.trace.Find(func(op *synctrace.Op) bool {
		return op.Kind == synctrace.Write && isLog(op.Path) && bytes.Contains(op.Data, []byte(token))
	})
	disk := synctrace.NewDisk(r.trace, r.dir)
	if err := disk.Advance(written[0] + 1); err != nil {
		t.Fatal(err)
	}
	if disk.Holds([]byte(token), isLog) {
		t.Errorf("%s is taken for durable right after it was written", token)
	}
}

// cutPower starts the program on what power cuts at random moments leave.
func (r *traced) cutPower(t *testing.T) {
	_, seed := seeded(t)
	chance := rand.New(rand.NewPCG(seed, 1))
	first := r.answers[0].op
	cuts, acked := atLength(4, 40), 0
	var longest time.Duration
	for range cuts {
		op := first + chance.IntN(len(r.trace.Ops)-first)
		fate := rand.New(rand.NewPCG(seed, uint64(op)))
		if chance.IntN(3) == 0 {
			fate = nil // everything unsynced is lost
		}
		n, took := r.checkCut(t, op, fate)
		acked += n
		longest = max(longest, took)
	}
	t.Logf("%d power cuts, %d acknowledgements checked on what they left; the longest start after one took %v", cuts, acked, longest)
}

func (r *traced) checkCut(t *testing.T, op int, fate *rand.Rand) (acked int, took time.Duration) {
	p := newProgram(t)
	p.dir = filepath.Join(t.TempDir(), "left")
	disk := synctrace.NewDisk(r.trace, r.dir)
	if err := errors.Join(os.Mkdir(p.dir, 0o700), disk.Advance(op), disk.Rebuild(p.dir, fate)); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := p.tryStart(60 * time.Second); err != nil {
		t.Errorf("cut before operation %d (chance %v): %v", op, fate != nil, err)
		return 0, 0
	}
	took, p.key = time.Since(begun), r.key
	defer p.kill()
	acked = r.checkLeft(t, p, op)
	if t.Failed() {
		t.Fatalf("cut before operation %d (chance %v)", op, fate != nil)
	}
	return acked, took
}

// checkLeft: what was acknowledged before the cut is there, as it was sent.
func (r *traced) checkLeft(t *testing.T, p *program, op int) (acked int) {
	eventually(t, 20*time.Second, "everything is computed", func() bool {
		a := p.accounting().Log
		return a.Position == a.LastSeq && a.InFlight == 0
	})
	log := p.accounting().Log
	bySubject := map[string]caseView{}
	for _, c := range p.cases(nil) {
		if _, twice := bySubject[c.Subject]; twice {
			t.Errorf("%s has two cases", c.Subject)
		}
		bySubject[c.Subject] = c
	}
	for _, a := range r.answers {
		if a.op >= op {
			continue
		}
		acked++
		for _, token := range a.tokens {
			if a.command != "" {
				checkFiled(t, p, a.command, token)
			} else {
				r.checkEvent(t, p, bySubject[strings.TrimSuffix(token, ".")], token)
			}
		}
	}
	if log.Evaluated != int64(len(bySubject)) || log.Duplicate+log.Conflict+log.Late+log.Dead != 0 {
		t.Errorf("%d cases, and the accounting says %+v", len(bySubject), log)
	}
	return acked
}

func checkFiled(t *testing.T, p *program, id, note string) {
	var d caseDetail
	p.must("/api/v1/cases/"+id, &d)
	for _, f := range d.Facts {
		if f.Kind == "filed" && f.Note == note {
			return
		}
	}
	t.Errorf("case %s was filed with note %s, its facts are %+v", id, note, d.Facts)
}

func (r *traced) checkEvent(t *testing.T, p *program, c caseView, id string) {
	if c.ID == "" {
		t.Errorf("%s was acknowledged and is lost", id)
		return
	}
	var d caseDetail
	p.must("/api/v1/cases/"+c.ID, &d)
	if len(d.Chain.Readings) != 1 || d.Chain.Readings[0].ID != id || !strings.Contains(r.events[id], `"data":`+string(d.Chain.Readings[0].Data)+"}") {
		t.Errorf("%s was sent as %s and stands as %+v", id, r.events[id], d.Chain.Readings)
	}
}
