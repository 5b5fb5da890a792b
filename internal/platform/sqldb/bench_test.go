package sqldb_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// BenchmarkUpdate measures durable commands per second: each reads a row of its own, changes it and adds a row, as a case command does.
func BenchmarkUpdate(b *testing.B) {
	for _, callers := range []int{1, 16, 128} {
		for engine, fresh := range map[sqldb.Engine]func(testing.TB) string{sqldb.SQLite: sqldbtest.SQLiteURL, sqldb.Postgres: sqldbtest.PostgresURL} {
			b.Run(fmt.Sprintf("%s/callers=%d", engine, callers), func(b *testing.B) { benchmarkUpdate(b, fresh(b), callers) })
		}
	}
}

func benchmarkUpdate(b *testing.B, url string, callers int) {
	db := sqldbtest.Open(b, url, tables)
	for i := range callers {
		if err := db.Update(b.Context(), insert(fmt.Sprint("own", i))); err != nil {
			b.Fatal(err)
		}
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ReportAllocs()
	b.ResetTimer()
	done := make(chan error, callers)
	for i := range callers {
		go func() {
			var err error
			for err == nil && left.Add(-1) >= 0 {
				err = db.Update(b.Context(), func(tx *sqldb.Tx) error { return command(tx, fmt.Sprint("own", i)) })
			}
			done <- err
		}()
	}
	for range callers {
		if err := <-done; err != nil {
			b.Error(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
}

func command(tx *sqldb.Tx, id string) error {
	var n, version int64
	if err := tx.QueryRow(`SELECT n, version FROM item WHERE id = $1`, id).Scan(&n, &version); err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE item SET n = $1, version = version + 1 WHERE id = $2 AND version = $3`, n+1, id, version); err != nil {
		return err
	}
	_, err := tx.Exec(`INSERT INTO place (room, body) VALUES ($1, $2)`, id, []byte("fact"))
	return err
}
