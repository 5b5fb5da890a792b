package app

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"twoweave/internal/platform/sqldb/sqldbtest"
)

// TestMain lets the test binary be a program that a test can kill: with envChild set it does only what that says. After all tests no goroutine may be left of the
// programs that they started and stopped.
func TestMain(m *testing.M) {
	if folder := os.Getenv(envChild); folder != "" {
		os.Exit(recomputeAsChild(folder))
	}
	code := sqldbtest.Main(m)
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "goroutines are left:", err)
		code = 1
	}
	os.Exit(code)
}
