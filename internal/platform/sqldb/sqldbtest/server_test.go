package sqldbtest

import (
	"os"
	"strings"
	"testing"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
)

func TestServerLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	s, err := StartServer(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqldb.Open(t.Context(), s.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "postgres synchronous_commit=on fsync=on"; db.SyncMode() != want {
		t.Errorf("the server works with %q, want %q", db.SyncMode(), want)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Errorf("its folder is still there: %v", err)
	}
	if _, err := sqldb.Open(t.Context(), s.URL(), nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("it still answers: %v", err)
	}
}

func TestServerThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	if err := awaitStart(strings.NewReader("FATAL: no room\nsecond line\n")); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Error(err)
	}
	if err := awaitStart(strings.NewReader("")); err == nil {
		t.Error("silence is no start")
	}
}

// Two tests hold the server; it lives until both are done, and a later one gets a new one.
func TestServerIsSharedByItsHolders(t *testing.T) {
	t.Parallel()
	var h holder
	var first, second string
	t.Run("outer", func(t *testing.T) {
		first = h.hold(t)
		t.Run("inner", func(t *testing.T) { second = h.hold(t) })
		if h.server == nil || h.holds != 1 {
			t.Errorf("stopped too early, %d holds", h.holds)
		}
	})
	if first != second || h.server != nil {
		t.Errorf("first %s, second %s, still running: %v", first, second, h.server != nil)
	}
}
