package outbox_test

import (
	"fmt"
	"testing"

	"twoweave/internal/base/clock"
	"twoweave/internal/platform/outbox"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// BenchmarkDrain measures messages per second through the relay, without what the bus itself costs.
func BenchmarkDrain(b *testing.B) {
	for engine, fresh := range map[sqldb.Engine]func(testing.TB) string{sqldb.SQLite: sqldbtest.SQLiteURL, sqldb.Postgres: sqldbtest.PostgresURL} {
		b.Run(string(engine), func(b *testing.B) {
			db := sqldbtest.Open(b, fresh(b), tables)
			err := db.Update(b.Context(), func(tx *sqldb.Tx) error {
				for i := range b.N {
					if err := outbox.Put(tx, outbox.Message{ID: fmt.Sprint(i), Subject: fmt.Sprint("s", i%100)}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			if n, err := outbox.NewRelay(db, newBus(), clock.NewManual(start), quiet).Drain(b.Context()); err != nil || n != b.N {
				b.Fatal(n, err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
