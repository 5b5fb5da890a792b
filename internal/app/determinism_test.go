package app

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/manage/detect"
	"twoweave/internal/reform/pack"
)

// patience bounds every wait of these tests.
const patience = 2 * time.Minute

// TestOneLogGivesTheSameDetections is the promise of ADR 1 kept by the whole program, with the real log and database: a log with three
// activations of packs, city states, silences and keyed copies in it is computed again without database and snapshots, by one worker and by many, with snapshots all the time, and
// through kill -9 again and again. Each time the table of detections is the same, byte for byte, as when the events came.
func TestOneLogGivesTheSameDetections(t *testing.T) {
	t.Parallel()
	seed := seedOf(t)
	origin := filepath.Join(t.TempDir(), "origin")
	live := buildLog(t, origin, seed)
	if n := len(strings.Split(live, "\n")); n < 100 || !strings.Contains(live, "low-battery") || !strings.Contains(live, "town-under-water") || !strings.Contains(live, "gauges-apart") {
		t.Fatalf("the log proves nothing: %d detections", n)
	}
	variants := map[string]Options{
		"one worker":      {Workers: 1},
		"seven workers":   {Workers: 7},
		"every partition": {Workers: 64, Snapshots: detect.SnapshotPolicy{Messages: 5, AtLeast: 1, Full: 2}},
	}
	for name, o := range variants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := onlyLog(t, origin)
			recompute(t, folder, o)
			same(t, live, dumpDetections(t, folder))
		})
	}
	t.Run("killed", func(t *testing.T) {
		t.Parallel()
		folder := onlyLog(t, origin)
		killWhileComputing(t, folder, strings.Count(live, "\n")+1, rand.New(rand.NewPCG(seed, 9)))
		recompute(t, folder, Options{})
		same(t, live, dumpDetections(t, folder))
	})
}

// seedOf is random, printed, and can be given again by TWOWEAVE_SEED.
func seedOf(t *testing.T) uint64 {
	seed := rand.Uint64()
	if text := os.Getenv("TWOWEAVE_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("TWOWEAVE_SEED=%d", seed)
	return seed
}

func configIn(folder string) Config {
	c := DefaultConfig()
	c.Data, c.MQTT = folder, "off"
	return c
}

// onlyLog copies what the truth is: the log, the packs' contents, and which of them is in force. Not the database, not a snapshot.
func onlyLog(t *testing.T, origin string) string {
	folder := filepath.Join(t.TempDir(), "data")
	for _, part := range []string{"log", "blobs/packs"} {
		if err := os.CopyFS(filepath.Join(folder, part), os.DirFS(filepath.Join(origin, part))); err != nil {
			t.Fatal(err)
		}
	}
	body, err := os.ReadFile(filepath.Join(origin, "blobs", activationFile))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "blobs", activationFile), body, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// recompute runs a program on the folder until all of its log is computed.
func recompute(t *testing.T, folder string, o Options) {
	if err := runToTheEnd(folder, o); err != nil {
		t.Fatal(err)
	}
}

func runToTheEnd(folder string, o Options) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	o.Clock, o.Log, o.Silent = clock.NewManual(logEnds), slog.New(slog.DiscardHandler), true
	o.Packs = func() ([]*pack.Pack, error) { return readTown(1) }
	program, err := New(configIn(folder), o)
	if err != nil {
		return err
	}
	if err := program.Start(ctx); err != nil {
		return err
	}
	defer func() {
		if stopErr := program.Stop(ctx); err == nil {
			err = stopErr
		}
	}()
	last, err := program.bus.LastSeq(ctx)
	if err != nil {
		return err
	}
	return program.runner.WaitFor(ctx, last)
}

const envChild = "TWOWEAVE_APP_TEST_RECOMPUTE"

// recomputeAsChild is runToTheEnd in a process that can be killed, with snapshots often enough that it dies among them.
func recomputeAsChild(folder string) (code int) {
	err := runToTheEnd(folder, Options{Workers: 3, Snapshots: detect.SnapshotPolicy{Messages: 10, AtLeast: 1, Full: 3}})
	fmt.Println("end:", err)
	return 0
}

// killWhileComputing starts programs on the folder and kills each when it has found some more of the detections.
func killWhileComputing(t *testing.T, folder string, detections int, random *rand.Rand) {
	const kills = 4
	for i := range kills {
		atLeast := detections*i/(kills+1) + 1 + random.IntN(detections/(kills+1))
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), envChild+"="+folder)
		out, err := child.StdoutPipe()
		if err == nil {
			err = child.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		said := make(chan string, 1)
		go func() {
			line, _ := bufio.NewReader(out).ReadString('\n')
			io.Copy(io.Discard, out)
			said <- line
		}()
		if !until(func() bool { return len(said) > 0 || countDetections(folder) >= atLeast }) {
			t.Errorf("after %s a program has found %d detections of %d", patience, countDetections(folder), atLeast)
		}
		child.Process.Kill()
		line := <-said
		child.Wait()
		if line != "" {
			t.Fatalf("the program came to its end before it was killed at %d of %d: %s", atLeast, detections, line)
		}
		t.Logf("killed with %d of %d detections", countDetections(folder), detections)
	}
}

// until asks every few milliseconds.
func until(done func() bool) bool {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(3 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline.C:
			return done()
		}
	}
	return true
}

// countDetections looks into the database of a program that may be at work; 0 when there is none yet.
func countDetections(folder string) (n int) {
	db, err := openReading(folder)
	if err != nil {
		return 0
	}
	defer db.Close()
	if db.QueryRow(`SELECT COUNT(*) FROM detection`).Scan(&n) != nil {
		return 0
	}
	return n
}

func openReading(folder string) (*sql.DB, error) {
	path := filepath.Join(folder, "twoweave.db")
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	return sql.Open("sqlite", "file:"+path+"?mode=ro")
}

// dumpDetections is every column of every detection, in order.
func dumpDetections(t *testing.T, folder string) string {
	db, err := openReading(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT * FROM detection ORDER BY scenario, subject, episode`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(string)
		}
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		var line strings.Builder
		for i, v := range values {
			fmt.Fprintf(&line, "%s=%s ", columns[i], *v.(*string))
		}
		lines = append(lines, line.String())
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func same(t *testing.T, want, got string) {
	if want == got {
		return
	}
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("detection %d of %d, live %d:\nlive %s\nnow  %s", i, len(b), len(a), a[i], b[i])
		}
	}
	t.Fatalf("%d detections, live %d", len(b), len(a))
}
