package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// reopen opens and closes url, and returns what Open said.
func reopen(t *testing.T, url string, migrations []sqldb.Migration) error {
	t.Helper()
	db, err := sqldb.Open(t.Context(), url, migrations)
	if err != nil {
		return err
	}
	return db.Close()
}

func TestMigrationsAreAppliedOnceAndNeverChange(t *testing.T) {
	t.Parallel()
	more := append(slices.Clone(tables), sqldb.Migration{Name: "item-2", SQL: `ALTER TABLE item ADD COLUMN note TEXT NOT NULL DEFAULT ''`})
	between := slices.Insert(slices.Clone(more), 1, sqldb.Migration{Name: "other-1", SQL: `CREATE TABLE other (id TEXT NOT NULL PRIMARY KEY)`})
	changed := slices.Clone(more)
	changed[0].SQL += " "
	sqldbtest.EachURL(t, func(t *testing.T, url string) {
		for i, all := range [][]sqldb.Migration{tables, tables, more, between} {
			if err := reopen(t, url, all); err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
		}
		if err := reopen(t, url, more); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "other-1") {
			t.Errorf("older program: %v", err)
		}
		if err := reopen(t, url, changed); !fault.Is(err, fault.Conflict) {
			t.Errorf("changed text: %v", err)
		}
		if err := reopen(t, url, append(between, between[0])); !fault.Is(err, fault.Internal) {
			t.Errorf("name used twice: %v", err)
		}
	})
}

func TestFailedMigrationLeavesNothing(t *testing.T) {
	t.Parallel()
	bad := append(slices.Clone(tables), sqldb.Migration{Name: "bad-1", SQL: `CREATE TABLE half (id TEXT NOT NULL); CREATE TABLE half (id TEXT NOT NULL)`})
	sqldbtest.EachURL(t, func(t *testing.T, url string) {
		if err := reopen(t, url, bad); err == nil {
			t.Fatal("the migration passed")
		}
		// Neither table nor record must be there.
		good := append(slices.Clone(tables), sqldb.Migration{Name: "good-1", SQL: `CREATE TABLE half (id TEXT NOT NULL)`})
		if err := reopen(t, url, good); err != nil {
			t.Fatal(err)
		}
	})
}

func TestTwoProgramsMayStartAtOnce(t *testing.T) {
	t.Parallel()
	sqldbtest.EachURL(t, func(t *testing.T, url string) {
		together(t, 4, func(int) error {
			db, err := sqldb.Open(t.Context(), url, tables)
			if err != nil {
				return err
			}
			return db.Close()
		})
		db := sqldbtest.Open(t, url, tables)
		if n := number(t, db, `SELECT COUNT(*) FROM migration`); n != int64(len(tables)) {
			t.Fatalf("%d migrations recorded", n)
		}
	})
}

// Two processes on one file: SQLite's own locks keep them apart, and each waits for the other.
func TestTwoWritersOnOneDatabase(t *testing.T) {
	t.Parallel()
	sqldbtest.EachURL(t, func(t *testing.T, url string) {
		dbs := []*sqldb.DB{sqldbtest.Open(t, url, tables), sqldbtest.Open(t, url, tables)}
		must(t, dbs[0], `INSERT INTO item (id, n) VALUES ('counter', 0)`)
		together(t, 4, func(i int) error {
			for range 10 {
				if err := dbs[i%2].Update(t.Context(), readThenAdd); err != nil {
					return err
				}
			}
			return nil
		})
		if n := number(t, dbs[1], `SELECT n FROM item`); n != 40 {
			t.Fatalf("counted %d of 40", n)
		}
	})
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(file, []byte(strings.Repeat("this is no database\n", 400)), 0o600); err != nil {
		t.Fatal(err)
	}
	for url, kind := range map[string]fault.Kind{
		"mysql://x":      fault.Invalid,
		"sqlite:":        fault.Invalid,
		"sqlite:" + file: fault.Internal,
		"sqlite:" + filepath.Join(file, "in-a-file.db"): fault.Invalid,
		"postgres://a:b@%zz/":                           fault.Invalid,
		"postgres://nobody:secret@127.0.0.1:1/none":     fault.Unavailable,
	} {
		if err := reopen(t, url, nil); err == nil || fault.KindOf(err) != kind {
			t.Errorf("%s: %v, want kind %v", url, err, kind)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error shows the password: %v", url, err)
		}
	}
}

func TestSQLiteFileNamesAreTakenLiterally(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "浦东 100%?mode=ro#1.db")
	db := sqldbtest.Open(t, "sqlite:"+path, tables)
	must(t, db, `INSERT INTO item (id, n) VALUES ('a', 1)`)
	if n := number(t, db, `SELECT COUNT(*) FROM item`); n != 1 {
		t.Errorf("%d rows", n)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the file is %v (%v), want it under its own name and private", info, err)
	}
	if db.SyncMode() != "sqlite wal synchronous=full" {
		t.Error(db.SyncMode())
	}
}

func TestPostgresThatSortsOtherwiseIsRefused(t *testing.T) {
	t.Parallel()
	at := sqldbtest.PostgresURL(t)
	admin(t, at, `CREATE DATABASE "other`+databaseOf(t, at)+`" TEMPLATE template0 LOCALE 'C.UTF-8' ENCODING 'UTF8'`)
	t.Cleanup(func() { admin(t, at, `DROP DATABASE "other`+databaseOf(t, at)+`"`) })
	err := reopen(t, strings.Replace(at, "/"+databaseOf(t, at), "/other"+databaseOf(t, at), 1), nil)
	if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), "TEMPLATE template0 LOCALE 'C' ENCODING 'UTF8'") {
		t.Fatal(err)
	}
}

func TestPostgresThatDoesNotSyncIsRefused(t *testing.T) {
	t.Parallel()
	at := sqldbtest.PostgresURL(t)
	admin(t, at, `ALTER DATABASE "`+databaseOf(t, at)+`" SET synchronous_commit = off`)
	if err := reopen(t, at, nil); !fault.Is(err, fault.Invalid) {
		t.Fatal(err)
	}
}

func TestPostgresWithoutFsyncIsRefusedOrCalledUnsafe(t *testing.T) {
	t.Parallel()
	s, err := sqldbtest.StartServer(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := reopen(t, strings.Replace(s.URL(), sqldb.UnsafeParameter, "application_name", 1), nil); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	db := sqldbtest.Open(t, s.URL(), nil)
	if !strings.Contains(db.SyncMode(), "UNSAFE") {
		t.Error(db.SyncMode())
	}
}

func databaseOf(t *testing.T, at string) string {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(u.Path, "/")
}

// admin runs a statement that sqldb has no business with.
func admin(t *testing.T, at, statement string) {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Del(sqldb.UnsafeParameter)
	u.RawQuery = q.Encode()
	db, err := sql.Open("pgx", u.String())
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(context.Background(), statement)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

var _ = stdlib.GetDefaultDriver // registers "pgx"
