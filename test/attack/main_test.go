package attack

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

var lasting = flag.Duration("attack", 1500*time.Millisecond, "how long each attack lasts")

// binary is the program, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	flag.Parse()
	if os.Getenv(attackerEnv) != "" {
		return attacker()
	}
	if os.Getenv("TWOWEAVE_SLOW") == "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "twoweave-attack-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "twoweave")
	build := exec.Command("go", "build", "-o", binary, "twoweave/cmd/twoweave")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "the program cannot be built: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}
