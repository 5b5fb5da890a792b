package app

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// Each schema that ever was is brought to the next with rows in all its tables, and loses none: so a database of any earlier version opens in this one.
func TestEveryEarlierSchemaIsUpgraded(t *testing.T) {
	t.Parallel()
	for engine, fresh := range map[sqldb.Engine]func(testing.TB) string{
		sqldb.SQLite: func(t testing.TB) string { return "sqlite:" + t.TempDir() + "/twoweave.db" }, sqldb.Postgres: sqldbtest.PostgresURL,
	} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			url, all, rows := fresh(t), migrations(), map[string]int64{}
			for n := range all {
				db, err := sqldb.Open(t.Context(), url, all[:n+1])
				if err != nil {
					t.Fatalf("migration %d, %s: %v", n+1, all[n].Name, err)
				}
				if rows, err = oneMoreRow(t.Context(), db, rows, n+1); err != nil {
					t.Fatalf("after migration %d, %s: %v", n+1, all[n].Name, err)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
			}
			t.Logf("%d migrations, %d tables", len(all), len(rows))
		})
	}
}

// oneMoreRow sees that no table has lost what rows says it had, and puts one more into each but those that a migration has filled itself.
func oneMoreRow(ctx context.Context, db *sqldb.DB, rows map[string]int64, n int) (now map[string]int64, err error) {
	err = db.Update(ctx, func(tx *sqldb.Tx) error {
		now = map[string]int64{}
		tables, err := columnsOf(tx)
		if err != nil {
			return err
		}
		for table, columns := range tables {
			var has int64
			if err := tx.QueryRow(`SELECT count(*) FROM ` + table).Scan(&has); err != nil {
				return err
			}
			had, known := rows[table]
			if known && has != had {
				return fmt.Errorf("%s had %d rows and has %d", table, had, has)
			}
			if now[table] = has; filled[table] {
				continue
			}
			if err := putRow(tx, table, columns, n); err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
			now[table]++
		}
		return nil
	})
	return now, err
}

// filled are the tables to which migrations give all their rows.
var filled = map[string]bool{"progress": true}

type column struct{ name, kind string }

// columnsOf are the columns of our tables that a row must bring.
func columnsOf(tx *sqldb.Tx) (map[string][]column, error) {
	query := `SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = current_schema() AND is_identity = 'NO'`
	if tx.Engine() == sqldb.SQLite {
		query = `SELECT m.name, p.name, p.type FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND NOT (p.pk = 1 AND p.type = 'INTEGER')`
	}
	found, err := tx.Query(query)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	tables := map[string][]column{}
	for found.Next() {
		var table string
		var c column
		if err := found.Scan(&table, &c.name, &c.kind); err != nil {
			return nil, err
		}
		if table != "migration" && c.name != "forgotten_at" { // who is not forgotten has a key
			tables[table] = append(tables[table], c)
		}
	}
	return tables, found.Err()
}

func putRow(tx *sqldb.Tx, table string, columns []column, n int) error {
	var names, marks []string
	var values []any
	for i, c := range columns {
		names, marks = append(names, c.name), append(marks, fmt.Sprintf("$%d", i+1))
		values = append(values, sample(c.kind, n))
	}
	_, err := tx.Exec(`INSERT INTO `+table+` (`+strings.Join(names, ", ")+`) VALUES (`+strings.Join(marks, ", ")+`)`, values...)
	return err
}

// sample is a value of a kind that no other row has, where a kind has so many.
func sample(kind string, n int) any {
	switch kind := strings.ToUpper(kind); {
	case kind == "BOOLEAN":
		return n%2 == 0
	case kind == "BYTEA":
		return fmt.Append(nil, n)
	case strings.HasPrefix(kind, "DOUBLE"):
		return float64(n) / 2
	case strings.Contains(kind, "INT"):
		return int64(n)
	default:
		return fmt.Sprint("v", n)
	}
}
