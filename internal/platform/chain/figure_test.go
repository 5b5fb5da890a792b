package chain_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/ident"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// slow says whether figures are measured: seconds of load instead of a few rows.
func slow() bool { return os.Getenv("TWOWEAVE_SLOW") == "1" }

// city asks for a city's size, which takes minutes: a million rows.
func city() bool { return os.Getenv("TWOWEAVE_CITY") == "1" }

// TestLongChainsAreVerified says how long linking and verifying take.
func TestLongChainsAreVerified(t *testing.T) {
	t.Parallel()
	rows := 3000
	switch {
	case city():
		rows = 1_000_000
	case slow():
		rows = 200_000
	}
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		in := install(t, db)
		in.fill(rows)
		clk := clock.System{}
		begun := clk.Now()
		in.link()
		linked := clk.Now()
		if err := in.linker.Head(t.Context()); err != nil {
			t.Fatal(err)
		}
		r := in.whole(in.witness...)
		verified := clk.Now().Sub(linked)
		if r.Checked != int64(rows) || r.Covered != int64(rows) {
			t.Errorf("%+v", r)
		}
		t.Logf("%d rows: linked in %s, verified in %s (%.0f rows/s)", rows, linked.Sub(begun).Round(time.Millisecond), verified.Round(time.Millisecond), float64(rows)/verified.Seconds())
	})
}

// fill adds rows of an ordinary size that wait for their link.
func (in *installation) fill(rows int) {
	in.t.Helper()
	const at = 500
	for done := 0; done < rows; done += at {
		var values []string
		for i := range min(at, rows-done) {
			values = append(values, fmt.Sprintf("(%d, '%s', 'case/%026d of a unit, for a purpose, by a rule of the table', TRUE)", sqldb.Micros(in.clock.Now())+int64(done+i), ident.New(), i))
		}
		in.exec(`INSERT INTO audit (at, id, thing, allowed) VALUES ` + strings.Join(values, ", "))
	}
	in.clock.Advance(time.Duration(rows) * time.Microsecond)
}

// plain is the audit as it was before it was chained.
var plain = []sqldb.Migration{{Name: "test-1", SQL: `CREATE TABLE audit (at BIGINT NOT NULL, id TEXT NOT NULL, thing TEXT NOT NULL, allowed BOOLEAN NOT NULL, PRIMARY KEY (at, id))`}}

// TestWhatTheChainCostsCommands has writers write rows of the audit, without the chain and with it and its linker at work.
func TestWhatTheChainCostsCommands(t *testing.T) {
	t.Parallel()
	rows := 20
	if slow() {
		rows = 2000
	}
	sqldbtest.Each(t, plain, func(t *testing.T, db *sqldb.DB) {
		before := pace(t, db, rows)
		url := sqldbtest.SQLiteURL
		if db.Engine() == sqldb.Postgres {
			url = sqldbtest.PostgresURL
		}
		in := install(t, sqldbtest.Open(t, url(t), migrations))
		ctx, stop := context.WithCancel(t.Context())
		var linking sync.WaitGroup
		in.clock.Set(clock.System{}.Now().Add(time.Minute)) // the rows are of the real time
		linking.Go(func() {
			for ctx.Err() == nil {
				n, err := in.linker.Step(ctx)
				if err != nil && ctx.Err() == nil {
					t.Error(err)
				}
				if n > 100 {
					continue // as Run does when there is more
				}
				_ = clock.System{}.Wait(ctx, clock.System{}.Now().Add(500*time.Millisecond)) // cut short at the end
			}
		})
		after := pace(t, in.db, rows)
		stop()
		linking.Wait()
		in.link()
		if r := in.whole(); r.Checked != int64(8*rows) {
			t.Errorf("%+v", r)
		}
		t.Logf("8 writers, one audit row a transaction: without the chain %s; with it %s", before, after)
	})
}

// figures of load.
type figures struct {
	rate     float64
	p50, p99 time.Duration
}

func (f figures) String() string {
	return fmt.Sprintf("%.0f/s, p50 %s, p99 %s", f.rate, f.p50.Round(10*time.Microsecond), f.p99.Round(10*time.Microsecond))
}

func pace(t *testing.T, db *sqldb.DB, rows int) figures {
	t.Helper()
	clk := clock.System{}
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	begun := clk.Now()
	for range 8 {
		wg.Go(func() {
			var own []time.Duration
			for range rows {
				at := clk.Now()
				err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
					_, err := tx.Exec(`INSERT INTO audit (at, id, thing, allowed) VALUES ($1, $2, 'case/1', TRUE)`, sqldb.Micros(at), ident.New())
					return err
				})
				if err != nil {
					t.Error(err)
				}
				own = append(own, clk.Now().Sub(at))
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, own...)
		})
	}
	wg.Wait()
	slices.Sort(took)
	return figures{float64(len(took)) / clk.Now().Sub(begun).Seconds(), took[len(took)/2], took[len(took)*99/100]}
}
