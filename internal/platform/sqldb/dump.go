package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"twoweave/internal/base/fault"
)

// liteDump is the one file of a SQLite dump, pgDump the ending of a PostgreSQL table's.
const (
	liteDump = "sqlite.db"
	pgDump   = ".copy"
	applied  = "migration" // the table of migrations, which tells a dump's shape
)

// Dump gives the whole database as it is at one moment, while others go on writing: for SQLite one file, for PostgreSQL one in COPY's text form for each table.
// SQLite's copy is made in folder first.
func (db *DB) Dump(ctx context.Context, folder string, take func(name string, fill func(io.Writer) error) error) error {
	const op = "sqldb.Dump"
	switch s := db.store.(type) {
	case *lite:
		return fault.Wrap(op, s.dump(ctx, folder, take))
	case *postgres:
		return fault.Wrap(op, s.dump(ctx, take))
	default:
		return fault.New(fault.Internal, op, "no dump of %s", db.engine)
	}
}

func (l *lite) dump(ctx context.Context, folder string, take func(string, func(io.Writer) error) error) error {
	path := filepath.Join(folder, liteDump)
	if _, err := l.readers.ExecContext(ctx, `VACUUM INTO $1`, path); err != nil {
		return err
	}
	defer os.Remove(path)
	return take(liteDump, func(w io.Writer) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(w, f)
		return err
	})
}

// dump copies all tables in one snapshot.
func (p *postgres) dump(ctx context.Context, take func(string, func(io.Writer) error) error) error {
	return p.alone(ctx, func(conn *pgx.Conn) error {
		tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err != nil {
			return err
		}
		defer tx.Rollback(context.WithoutCancel(ctx)) // a snapshot has nothing to keep
		if _, err := tx.Exec(ctx, `SET LOCAL idle_in_transaction_session_timeout = 0`); err != nil {
			return err // whoever reads the copy may be slow
		}
		tables, err := pgTables(ctx, tx)
		if err != nil {
			return err
		}
		for _, table := range tables {
			what, err := pgColumns(ctx, tx, table)
			if err != nil {
				return err
			}
			if err := take(table+pgDump, func(w io.Writer) error {
				_, err := conn.PgConn().CopyTo(ctx, w, `COPY `+what+` TO STDOUT`)
				return err
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// alone lends a connection of its own kind.
func (p *postgres) alone(ctx context.Context, fn func(*pgx.Conn) error) error {
	conn, err := p.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(c any) error { return fn(c.(*stdlib.Conn).Conn()) })
}

// pgTables are our tables, the table of migrations first.
func pgTables(ctx context.Context, tx pgx.Tx) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name <> $1, table_name`, applied)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// pgColumns is a table with its columns by name: their order in the table depends on the order in which migrations came.
func pgColumns(ctx context.Context, tx pgx.Tx, table string) (string, error) {
	rows, err := tx.Query(ctx, `SELECT quote_ident(column_name) FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1 ORDER BY column_name`, table)
	if err != nil {
		return "", err
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return pgx.Identifier{table}.Sanitize() + ` (` + strings.Join(columns, ", ") + `)`, err
}

// Loader puts a dump into an empty database. Nothing is there before Close.
type Loader struct {
	path string // SQLite: the file
	db   *postgres
	conn *sql.Conn
	tx   pgx.Tx
	all  []Migration
}

// OpenLoader opens an empty database for a dump of the same engine. migrations are those of the program, of which the dump may have fewer. A database that holds
// something is a Conflict.
func OpenLoader(ctx context.Context, url string, engine Engine, migrations []Migration) (*Loader, error) {
	const op = "sqldb.OpenLoader"
	scheme, rest, _ := strings.Cut(url, ":")
	if is := map[string]Engine{"sqlite": SQLite, "postgres": Postgres, "postgresql": Postgres}[scheme]; is != engine {
		return nil, fault.New(fault.Invalid, op, "the backup is of a %s database; the setting database names a %s one", engine, cmp(string(is), scheme))
	}
	if engine == SQLite {
		for _, path := range []string{rest, rest + "-wal"} {
			if _, err := os.Stat(path); err == nil {
				return nil, fault.New(fault.Conflict, op, "there is a database already: %s; nothing is restored over another", path)
			}
		}
		return &Loader{path: rest, all: migrations}, nil
	}
	l, err := openPostgresLoader(ctx, url, migrations)
	return l, fault.Wrap(op, classify(err))
}

func cmp(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func openPostgresLoader(ctx context.Context, url string, migrations []Migration) (*Loader, error) {
	db, err := openPostgres(ctx, url, nil) // which makes the table of migrations
	if err != nil {
		return nil, err
	}
	l := &Loader{db: db.store.(*postgres), all: migrations}
	if l.conn, err = l.db.pool.Conn(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return l, nil
}

// Load takes one file of the dump; the order is that of Dump.
func (l *Loader) Load(ctx context.Context, name string, body io.Reader) error {
	const op = "sqldb.Load"
	if l.path != "" {
		if name != liteDump {
			return fault.New(fault.Invalid, op, "%q is no part of a SQLite database", name)
		}
		return fault.Wrap(op, l.loadFile(body))
	}
	return fault.Wrap(op, classify(l.conn.Raw(func(c any) error { return l.loadTable(ctx, c.(*stdlib.Conn).Conn(), name, body) })))
}

func (l *Loader) loadFile(body io.Reader) error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, body)
	return errors.Join(err, f.Sync(), f.Close())
}

func (l *Loader) loadTable(ctx context.Context, conn *pgx.Conn, name string, body io.Reader) error {
	table, is := strings.CutSuffix(name, pgDump)
	if !is {
		return fault.New(fault.Invalid, "", "%q is no table of a PostgreSQL database", name)
	}
	if l.tx == nil {
		if err := l.begin(ctx, conn, table); err != nil {
			return err
		}
	}
	into, err := pgColumns(ctx, l.tx, table)
	if err != nil {
		return err
	}
	if _, err := conn.PgConn().CopyFrom(ctx, body, `COPY `+into+` FROM STDIN`); err != nil {
		return err
	}
	if table == applied {
		return l.shape(ctx)
	}
	return nil
}

// begin starts the one transaction, when nothing was there before.
func (l *Loader) begin(ctx context.Context, conn *pgx.Conn, first string) (err error) {
	if first != applied {
		return fault.New(fault.Invalid, "", "the dump does not begin with its migrations")
	}
	if l.tx, err = conn.Begin(ctx); err != nil {
		return err
	}
	if _, err := l.tx.Exec(ctx, `SET LOCAL idle_in_transaction_session_timeout = 0`); err != nil {
		return err // the rest of the backup is written between a table and the end
	}
	tables, err := pgTables(ctx, l.tx)
	if err != nil {
		return err
	}
	var rows int
	if err := l.tx.QueryRow(ctx, `SELECT count(*) FROM migration`).Scan(&rows); err != nil {
		return err
	}
	if len(tables) > 1 || rows > 0 {
		return fault.New(fault.Conflict, "", "the database is not empty (%s); nothing is restored over another: give an empty one", strings.Join(tables, ", "))
	}
	return nil
}

// shape makes the tables as they were in the dump, which may be older than the program, and takes out what migrations put into them.
func (l *Loader) shape(ctx context.Context) error {
	rows, err := l.tx.Query(ctx, `SELECT name FROM migration`)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	known := 0
	for _, m := range l.all {
		if !slices.Contains(names, m.Name) {
			continue
		}
		known++
		if _, err := l.tx.Exec(ctx, dialect(m.SQL, pgIdentity), pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
	}
	if known < len(names) {
		return fault.New(fault.Conflict, "", "the backup is of a newer program than this one; restore it with the program that made it, or a later one")
	}
	tables, err := pgTables(ctx, l.tx)
	if err != nil {
		return err
	}
	for _, table := range tables[1:] {
		if _, err := l.tx.Exec(ctx, `TRUNCATE `+pgx.Identifier{table}.Sanitize()); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the loading: with keep everything stands, else nothing.
func (l *Loader) Close(ctx context.Context, keep bool) error {
	const op = "sqldb.Loader"
	if l.path != "" {
		if keep {
			return nil
		}
		if err := os.Remove(l.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fault.Wrap(op, err)
		}
		return nil
	}
	var err error
	if l.tx != nil {
		err = l.conn.Raw(func(any) error { return l.end(ctx, keep) })
	}
	return fault.Wrap(op, errors.Join(err, l.conn.Close(), l.db.close()))
}

func (l *Loader) end(ctx context.Context, keep bool) error {
	if !keep {
		return l.tx.Rollback(context.WithoutCancel(ctx))
	}
	if err := l.count(ctx); err != nil {
		return errors.Join(err, l.tx.Rollback(context.WithoutCancel(ctx)))
	}
	return l.tx.Commit(ctx)
}

// count lets keys that the database counts up go on behind those of the dump.
func (l *Loader) count(ctx context.Context) error {
	rows, err := l.tx.Query(ctx, `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() AND is_identity = 'YES'`)
	if err != nil {
		return err
	}
	type counted struct{ Table, Column string }
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[counted])
	if err != nil {
		return err
	}
	for _, c := range all {
		table, column := pgx.Identifier{c.Table}.Sanitize(), pgx.Identifier{c.Column}.Sanitize()
		query := fmt.Sprintf(`SELECT setval(pg_get_serial_sequence($1, $2), COALESCE((SELECT max(%s) FROM %s), 0) + 1, false)`, column, table)
		if _, err := l.tx.Exec(ctx, query, table, c.Column); err != nil {
			return err
		}
	}
	return nil
}
