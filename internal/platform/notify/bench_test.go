package notify_test

import (
	"fmt"
	"testing"

	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// BenchmarkSend measures messages per second to one gateway on this machine that answers at once: what the queue itself costs.
func BenchmarkSend(b *testing.B) {
	for engine, fresh := range map[sqldb.Engine]func(testing.TB) string{sqldb.SQLite: sqldbtest.SQLiteURL, sqldb.Postgres: sqldbtest.PostgresURL} {
		b.Run(string(engine), func(b *testing.B) {
			db := sqldbtest.Open(b, fresh(b), notify.Migrations)
			d := newDesk(b, db, nil)
			all := make([]notify.Message, b.N)
			for i := range all {
				all[i] = sms(fmt.Sprint(i))
			}
			put(b, db, all...)
			b.ResetTimer()
			d.send(b, b.N)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
