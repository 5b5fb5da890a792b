package sqldb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"strings"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
)

// Migration is one step in the life of the tables. Its name is unique in the program ("timer-1") and, like its text, never changes after a release:
// what needs another shape gets another step.
//
// SQL is portable text of one or more statements. $identity stands for the key that a database counts up by itself: "seq $identity".
type Migration struct {
	Name string
	SQL  string
}

const createMigration = `CREATE TABLE IF NOT EXISTS migration (
	name       TEXT   NOT NULL PRIMARY KEY,
	checksum   TEXT   NOT NULL,
	applied_at BIGINT NOT NULL
)`

// migrator is what an engine adds: step runs fn in one transaction that no other process's migration can overlap; text is SQL in the engine's dialect.
type migrator struct {
	step func(ctx context.Context, fn func(run runner) error) error
	exec func(ctx context.Context, run runner, text string) error
}

func checkNames(all []Migration) error {
	seen := map[string]bool{}
	for _, m := range all {
		if m.Name == "" || seen[m.Name] {
			return fault.New(fault.Internal, "", "the migration name %q is empty or used twice", m.Name)
		}
		seen[m.Name] = true
	}
	return nil
}

// migrate brings the tables up to date, one transaction per step.
func (g migrator) migrate(ctx context.Context, all []Migration) error {
	known := map[string]string{}
	for _, m := range all {
		known[m.Name] = m.checksum()
	}
	err := g.step(ctx, func(run runner) error {
		if _, err := run.ExecContext(ctx, createMigration); err != nil {
			return err
		}
		return verify(ctx, run, known)
	})
	for i := 0; err == nil && i < len(all); i++ {
		err = g.apply(ctx, all[i])
	}
	return err
}

// verify compares what was applied with what the program knows.
func verify(ctx context.Context, run runner, known map[string]string) error {
	rows, err := run.QueryContext(ctx, `SELECT name, checksum FROM migration ORDER BY name`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name, sum string
		if err := rows.Scan(&name, &sum); err != nil {
			return err
		}
		switch want, is := known[name]; {
		case !is:
			return fault.New(fault.Conflict, "", "the database is newer than this program: it has the migration %q; run the program that made it, or a later one", name)
		case want != sum:
			return fault.New(fault.Conflict, "", "the migration %q was changed after it was applied to this database (applied %.12s, now %.12s)", name, sum, want)
		}
	}
	return rows.Err()
}

// apply runs one step unless it was done, by this process earlier or by another one just now.
func (g migrator) apply(ctx context.Context, m Migration) error {
	err := g.step(ctx, func(run runner) error {
		var done string
		err := run.QueryRowContext(ctx, `SELECT checksum FROM migration WHERE name = $1`, m.Name).Scan(&done)
		if err == nil || err != sql.ErrNoRows {
			return err
		}
		if err := g.exec(ctx, run, m.SQL); err != nil {
			return err
		}
		_, err = run.ExecContext(ctx, `INSERT INTO migration (name, checksum, applied_at) VALUES ($1, $2, $3)`,
			m.Name, m.checksum(), Micros(clock.System{}.Now()))
		return err
	})
	return fault.Wrap("migration "+m.Name, err)
}

// checksum is over the portable text, so that both engines keep the same one.
func (m Migration) checksum() string {
	sum := sha256.Sum256([]byte(m.SQL))
	return hex.EncodeToString(sum[:])
}

func dialect(text, identity string) string { return strings.ReplaceAll(text, "$identity", identity) }
