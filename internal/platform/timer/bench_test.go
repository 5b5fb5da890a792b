package timer_test

import (
	"fmt"
	"testing"

	"twoweave/internal/base/clock"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/platform/timer"
)

// BenchmarkRunDue measures overdue timers per second, each with a handler that adds a row: how fast a backlog is worked off.
func BenchmarkRunDue(b *testing.B) {
	for engine, fresh := range map[sqldb.Engine]func(testing.TB) string{sqldb.SQLite: sqldbtest.SQLiteURL, sqldb.Postgres: sqldbtest.PostgresURL} {
		b.Run(string(engine), func(b *testing.B) {
			db := sqldbtest.Open(b, fresh(b), tables)
			all := make([]timer.Timer, b.N)
			for i := range all {
				all[i] = at(0, "k", fmt.Sprint(i))
			}
			set(b, db, all...)
			r := timer.NewRunner(db, clock.NewManual(start), quiet, map[string]timer.Handler{"k": record})
			b.ResetTimer()
			runDue(b, r, b.N)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "timers/s")
		})
	}
}
