package sqldbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"twoweave/internal/platform/sqldb"
)

// The variables of the environment that choose the server; see the package comment.
const (
	EnvURL   = "TWOWEAVE_TEST_POSTGRES"
	EnvFsync = "TWOWEAVE_TEST_PG_FSYNC"
)

// Each runs fn as the parallel subtests "sqlite" and "postgres", each with a fresh database that has migrations applied.
func Each(t *testing.T, migrations []sqldb.Migration, fn func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	EachURL(t, func(t *testing.T, url string) { fn(t, Open(t, url, migrations)) })
}

// EachURL is Each for tests that open the database themselves, or more than once.
func EachURL(t *testing.T, fn func(t *testing.T, url string)) {
	t.Helper()
	for engine, fresh := range map[sqldb.Engine]func(testing.TB) string{sqldb.SQLite: SQLiteURL, sqldb.Postgres: PostgresURL} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			fn(t, fresh(t))
		})
	}
}

// Open opens url and closes it when t ends.
func Open(t testing.TB, url string, migrations []sqldb.Migration) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(context.Background(), url, migrations)
	if err != nil {
		t.Fatalf("open database: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	return db
}

// SQLiteURL names a database file, not yet made, in t's folder.
func SQLiteURL(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
}

// PostgresURL makes an empty database and drops it when t ends. It fails t when there is no PostgreSQL.
func PostgresURL(t testing.TB) string {
	t.Helper()
	admin := os.Getenv(EnvURL)
	if admin == "" {
		admin = shared.hold(t)
	}
	name := "test_" + rand.Text()
	if err := execute(admin, createDatabase(name)); err != nil {
		t.Fatalf("create a PostgreSQL database: %v", err)
	}
	t.Cleanup(func() {
		if err := execute(admin, fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", pgx.Identifier{name}.Sanitize())); err != nil {
			t.Errorf("drop the PostgreSQL database: %v", err)
		}
	})
	return withDatabase(t, admin, name)
}

// Main runs m's tests and then stops the PostgreSQL server that they started; os.Exit with what it returns.
func Main(m *testing.M) int {
	shared.keep()
	defer shared.release()
	return m.Run()
}

// shared is the one server of this test binary: tests hold it, the last one stops it.
var shared holder

type holder struct {
	mu     sync.Mutex
	holds  int
	server *Server
}

func (h *holder) keep() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.holds++
}

func (h *holder) hold(t testing.TB) string {
	t.Helper()
	h.keep()
	t.Cleanup(h.release)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.server == nil {
		s, err := StartServer(context.Background(), os.Getenv(EnvFsync) != "off")
		if err != nil {
			t.Fatalf("start PostgreSQL: %v", err)
		}
		h.server = s
	}
	return h.server.URL()
}

func (h *holder) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.holds--
	if h.holds > 0 || h.server == nil {
		return
	}
	if err := h.server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop PostgreSQL:", err)
	}
	h.server = nil
}

func createDatabase(name string) string {
	return fmt.Sprintf("CREATE DATABASE %s TEMPLATE template0 LOCALE 'C' ENCODING 'UTF8'", pgx.Identifier{name}.Sanitize())
}

// execute runs one statement on the server that admin names.
func execute(admin, statement string) error {
	u, err := url.Parse(admin)
	if err != nil {
		return err
	}
	q := u.Query()
	q.Del(sqldb.UnsafeParameter)
	u.RawQuery = q.Encode()
	config, err := pgx.ParseConfig(u.String())
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*config)
	_, err = db.ExecContext(context.Background(), statement)
	return closeAfter(db, err)
}

func closeAfter(db *sql.DB, err error) error {
	if e := db.Close(); err == nil {
		err = e
	}
	return err
}

func withDatabase(t testing.TB, admin, name string) string {
	t.Helper()
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatalf("%s: %v", EnvURL, err)
	}
	u.Path = "/" + name
	return u.String()
}
