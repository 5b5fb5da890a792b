package clock_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"twoweave/internal/base/clock"
)

var start = time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)

func TestManualWakesAtTheTimeAndNotBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := clock.NewManual(start)
		done := make(chan error, 1)
		go func() { done <- c.Wait(t.Context(), start.Add(time.Minute)) }()
		synctest.Wait()
		c.Advance(59 * time.Second)
		synctest.Wait()
		if len(done) != 0 || c.Waiting() != 1 {
			t.Fatal("woke before its time")
		}
		c.Advance(time.Second)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]clock.Clock{"system": clock.System{}, "manual": clock.NewManual(start)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := c.Wait(ctx, c.Now().Add(time.Hour)); err == nil {
				t.Fatal("Wait ignored a cancelled context")
			}
		})
	}
}
