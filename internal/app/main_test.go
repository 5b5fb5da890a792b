package app

import (
	"os"
	"testing"
)

// TestMain lets the test binary be a program that a test can kill: with envChild set it does only what that says.
func TestMain(m *testing.M) {
	if folder := os.Getenv(envChild); folder != "" {
		os.Exit(recomputeAsChild(folder))
	}
	os.Exit(m.Run())
}
