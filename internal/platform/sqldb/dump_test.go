package sqldb_test

import (
	"bytes"
	"io"
	"testing"

	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// While a backup is restored, the database stands still for as long as the log, the blobs and a slow disk take: its transaction outlives that.
func TestALoadMayStandStill(t *testing.T) {
	t.Parallel()
	db := sqldbtest.Open(t, sqldbtest.PostgresURL(t), tables[:1])
	if err := db.Update(t.Context(), insert("kept")); err != nil {
		t.Fatal(err)
	}
	to := sqldbtest.PostgresURL(t)
	loader, err := sqldb.OpenLoader(t.Context(), to+"&idle_in_transaction_session_timeout=20", sqldb.Postgres, tables[:1])
	if err != nil {
		t.Fatal(err)
	}
	standStill := func() { number(t, db, `SELECT 1 FROM pg_sleep(0.2)`) }
	if err := db.Dump(t.Context(), t.TempDir(), func(name string, fill func(io.Writer) error) error {
		var body bytes.Buffer
		if err := fill(&body); err != nil {
			return err
		}
		standStill()
		return loader.Load(t.Context(), name, &body)
	}); err != nil {
		t.Error(err)
	}
	standStill()
	if err := loader.Close(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if n := number(t, sqldbtest.Open(t, to, tables[:1]), `SELECT count(*) FROM item WHERE id = 'kept'`); n != 1 {
		t.Errorf("%d rows are restored", n)
	}
}
