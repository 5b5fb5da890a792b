package crash

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"twoweave/internal/platform/sqldb/sqldbtest"
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run builds the program once for all tests.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "twoweave-crash-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := build(filepath.Join(dir, "twoweave")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := os.Setenv(binaryEnv, filepath.Join(dir, "twoweave")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return sqldbtest.Main(m)
}

// binaryEnv tells the tests where the program is.
const binaryEnv = "TWOWEAVE_CRASH_BINARY"

func build(to string) error {
	cmd := exec.Command("go", "build", "-o", to, "twoweave/cmd/twoweave")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("the program cannot be built: %w\n%s", err, out)
	}
	return nil
}

// slow says whether the tests run in full.
func slow() bool { return os.Getenv("TWOWEAVE_SLOW") != "" }

// atLength is how often something is done: in the short run and in the full one.
func atLength(short, full int) int {
	if slow() {
		return full
	}
	return short
}

// seeded is a test's chance, whose seed is printed and can be given.
func seeded(t *testing.T) (*rand.Rand, uint64) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("TWOWEAVE_CRASH_SEED"); text != "" {
		given, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("TWOWEAVE_CRASH_SEED: %v", err)
		}
		seed = given
	}
	t.Logf("seed %d (TWOWEAVE_CRASH_SEED=%d repeats it)", seed, seed)
	return rand.New(rand.NewPCG(seed, 0)), seed
}

// eventually asks until the answer is yes, and fails the test when it is not within the limit.
func eventually(t testing.TB, limit time.Duration, what string, yes func() bool) {
	t.Helper()
	if !within(limit, yes) {
		t.Fatalf("not within %v: %s", limit, what)
	}
}

func within(limit time.Duration, yes func() bool) bool {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-tick.C:
		case <-deadline.C:
			return yes()
		}
	}
	return true
}
