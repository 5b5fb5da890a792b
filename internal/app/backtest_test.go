package app

import (
	"testing"

	"twoweave/internal/base/fault"
)

// The log is read for one person at a time; the next is told to come again.
func TestOneLooksBackAtATime(t *testing.T) {
	t.Parallel()
	l := (&App{}).looking()
	end, err := l.begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.begin(); !fault.Is(err, fault.Exhausted) {
		t.Errorf("a second one meanwhile: %v", err)
	}
	end()
	if end, err = l.begin(); err != nil {
		t.Errorf("a second one afterwards: %v", err)
	}
	end()
}
