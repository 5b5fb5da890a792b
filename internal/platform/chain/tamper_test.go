package chain_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/ident"
	"twoweave/internal/platform/signing"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

func publicOf(s signing.Signer) string { return base64.StdEncoding.EncodeToString(s.Public()) }

// rebuild links the whole table anew, as somebody who holds the machine and the key can.
func (in *installation) rebuild() {
	in.t.Helper()
	in.exec(`UPDATE audit SET position = 0, linked_at = 0, alg = '', hash = NULL`)
	in.exec(`DELETE FROM audit_head`)
	in.exec(`UPDATE audit_chain SET position = 0, linked_at = 0, hash = $1, owner = '', leased_until = 0`, make([]byte, 32))
	in.linker = in.program()
	told := in.witness
	in.link()
	if err := in.linker.Head(in.t.Context()); err != nil {
		in.t.Fatal(err)
	}
	in.witness = told // the witness keeps what it was told before
}

// backup is everything there is, as statements that put it back.
func (in *installation) backup() (restore func()) {
	in.exec(`CREATE TABLE b_audit AS SELECT * FROM audit`)
	in.exec(`CREATE TABLE b_head AS SELECT * FROM audit_head`)
	in.exec(`CREATE TABLE b_chain AS SELECT * FROM audit_chain`)
	return func() {
		for name, kept := range map[string]string{"audit": "b_audit", "audit_head": "b_head", "audit_chain": "b_chain"} {
			in.exec(`DELETE FROM ` + name)
			in.exec(`INSERT INTO ` + name + ` SELECT * FROM ` + kept)
		}
	}
}

// tampering is one way to change the record, and what is said of it. Rows 1 to 20 were written yesterday, 21 to 30 today; each day has a head.
type tampering struct {
	position int64
	words    string
	witness  bool // only the witness's heads find it
	do       func(in *installation)
}

var tamperings = map[string]tampering{
	"a row changed": {7, "does not fit its hash", false, func(in *installation) {
		in.exec(`UPDATE audit SET thing = 'case/other' WHERE position = 7`)
	}},
	"a refusal made a permission": {4, "does not fit its hash", false, func(in *installation) {
		in.exec(`UPDATE audit SET allowed = NOT allowed WHERE position = 4`)
	}},
	"a row removed": {7, "this row is missing", false, func(in *installation) { in.exec(`DELETE FROM audit WHERE position = 7`) }},
	"a row removed, and those after it moved up": {7, "does not fit its hash", false, func(in *installation) {
		in.exec(`DELETE FROM audit WHERE position = 7`)
		for p := 8; p <= 30; p++ {
			in.exec(`UPDATE audit SET position = $1 WHERE position = $2`, p-1, p)
		}
		in.exec(`UPDATE audit_chain SET position = 29`)
		in.exec(`UPDATE audit_head SET position = 29 WHERE number = 2`)
	}},
	"two rows exchanged": {7, "does not fit its hash", false, func(in *installation) {
		in.exec(`UPDATE audit SET position = 1000 WHERE position = 7`)
		in.exec(`UPDATE audit SET position = 7 WHERE position = 9`)
		in.exec(`UPDATE audit SET position = 9 WHERE position = 1000`)
	}},
	"a row put in with a position of its own": {-1, "", false, func(in *installation) {
		in.exec(`DROP INDEX audit_linked`)
		in.exec(`INSERT INTO audit SELECT at, 'made-up', 'case/made-up', allowed, position, linked_at, alg, hash FROM audit WHERE position = 7`)
	}},
	"a row put in at the end": {0, "rows were put in", false, func(in *installation) {
		in.exec(`INSERT INTO audit SELECT at, 'made-up', 'case/made-up', allowed, 31, linked_at, alg, hash FROM audit WHERE position = 30`)
	}},
	"a row hidden before the beginning": {0, "half a link", false, func(in *installation) {
		in.exec(`INSERT INTO audit SELECT at, 'made-up', 'case/made-up', allowed, -1, linked_at, alg, hash FROM audit WHERE position = 30`)
	}},
	"the last rows cut": {28, "28 to 30 are missing at the end", false, func(in *installation) { in.exec(`DELETE FROM audit WHERE position > 27`) }},
	"the last rows cut, and the state put back": {30, "after the end of the chain", false, func(in *installation) {
		in.exec(`DELETE FROM audit WHERE position > 27`)
		in.exec(`UPDATE audit_chain SET position = 27, hash = (SELECT hash FROM audit WHERE position = 27)`)
	}},
	"the last rows cut, and their heads": {30, "after the end of the chain", true, func(in *installation) {
		in.exec(`DELETE FROM audit WHERE position > 20`)
		in.exec(`DELETE FROM audit_head WHERE position > 20`)
		in.exec(`UPDATE audit_chain SET position = 20, hash = (SELECT hash FROM audit WHERE position = 20), linked_at = (SELECT linked_at FROM audit WHERE position = 20)`)
	}},
	"a head removed": {-1, "heads were removed", false, func(in *installation) { in.exec(`DELETE FROM audit_head WHERE number = 1`) }},
	"the clock set back between two rows": {31, "the clock was set back", false, func(in *installation) {
		in.clock.Set(in.clock.Now().Add(-3 * time.Hour))
		in.write(2)
	}},
	"the clock set back while a row waits": {31, "before it happened", false, func(in *installation) {
		in.exec(`INSERT INTO audit (at, id, thing, allowed) VALUES ($1, 'x', 'y', TRUE)`, sqldb.Micros(in.clock.Now().Add(time.Hour)))
		in.link()
	}},
	"the whole chain signed anew with the stolen key": {-1, "computed and signed anew", true, func(in *installation) {
		in.exec(`UPDATE audit SET thing = 'case/other' WHERE position = 7`)
		in.rebuild()
	}},
	"yesterday's backup put back":                {30, "older copy", true, nil},
	"yesterday's backup put back and written on": {30, "signed anew", true, nil},
}

func TestEveryTamperingIsCaught(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		for name, tamper := range tamperings {
			// One after the other on one database: making one takes a server longer than all the rest.
			t.Run(name, func(t *testing.T) { tamper.try(t, db, strings.HasSuffix(name, "written on")) })
		}
	})
}

func (tamper tampering) try(t *testing.T, db *sqldb.DB, writeOn bool) {
	in := install(t, db)
	defer in.wipe()
	in.write(20)
	restore := in.backup()
	in.write(10)
	in.whole(in.witness...)
	told := in.witness
	if tamper.do != nil {
		tamper.do(in)
	} else {
		restore()
	}
	if writeOn {
		in.write(15)
	}
	if tamper.witness {
		in.whole() // in itself it is: only the witness knows better
	}
	in.caught(tamper.position, tamper.words, told...)
}

// wipe makes the database as good as new.
func (in *installation) wipe() {
	for _, statement := range []string{`DELETE FROM audit`, `DELETE FROM audit_head`, `DELETE FROM audit_chain`, `DROP TABLE b_audit`, `DROP TABLE b_head`, `DROP TABLE b_chain`,
		`CREATE UNIQUE INDEX IF NOT EXISTS audit_linked ON audit (position) WHERE position > 0`} {
		in.exec(statement)
	}
}

// The file of heads is exchanged: for another installation's, for one signed with another key, for one that was edited.
func TestAnExchangedFileOfHeadsIsCaught(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		in := install(t, db)
		in.write(20)
		other := install(t, sqldbtest.Open(t, sqldbtest.SQLiteURL(t), migrations))
		other.write(20)
		in.caught(20, "another key", other.witness...)
		other.key = in.key
		other.linker = other.program()
		other.clock.Advance(time.Minute) // the lease of the program before
		other.write(3)
		in.caught(23, "another installation", other.witness[1:]...)
		edited := in.witness[0]
		edited.Position = 19
		in.caught(19, "does not fit its signature", edited)
		forged := other.witness[0]
		forged.Key = publicOf(in.key)
		in.caught(20, "does not fit its signature", forged)
	})
}

// The first half of one installation's chain and the second half of another's.
func TestSplicedChainsAreCaught(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		in := install(t, db)
		in.write(20)
		other := install(t, sqldbtest.Open(t, sqldbtest.SQLiteURL(t), migrations))
		other.write(20)
		in.exec(`DELETE FROM audit WHERE position > 10`)
		err := other.db.View(t.Context(), func(tx *sqldb.Tx) error {
			rows, err := tx.Query(`SELECT at, id, thing, allowed, position, linked_at, alg, hash FROM audit WHERE position > 10`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var at, position, linked int64
				var id, thing, alg string
				var allowed bool
				var hash []byte
				if err := rows.Scan(&at, &id, &thing, &allowed, &position, &linked, &alg, &hash); err != nil {
					return err
				}
				in.exec(`INSERT INTO audit (at, id, thing, allowed, position, linked_at, alg, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, at, id, thing, allowed, position, linked, alg, hash)
			}
			return rows.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
		in.caught(11, "does not fit its hash", in.witness...)
	})
}

// change is a column of a table, and how a value of it is changed by one byte.
type change struct{ table, key, column, kind string }

var changes = []change{
	{"audit", "position", "at", "int"}, {"audit", "position", "id", "text"}, {"audit", "position", "thing", "text"}, {"audit", "position", "allowed", "bool"},
	{"audit", "position", "position", "int"}, {"audit", "position", "linked_at", "int"}, {"audit", "position", "alg", "text"}, {"audit", "position", "hash", "bytes"},
	{"audit_head", "number", "number", "int"}, {"audit_head", "number", "installation", "text"}, {"audit_head", "number", "position", "int"}, {"audit_head", "number", "alg", "text"},
	{"audit_head", "number", "hash", "text"}, {"audit_head", "number", "at", "int"}, {"audit_head", "number", "sign_alg", "text"}, {"audit_head", "number", "public_key", "text"},
	{"audit_head", "number", "signature", "text"},
	{"audit_chain", "one", "installation", "text"}, {"audit_chain", "one", "position", "int"}, {"audit_chain", "one", "hash", "bytes"}, {"audit_chain", "one", "linked_at", "int"},
}

func TestAnyByteChangedIsFound(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		in := install(t, db)
		in.write(9)
		in.write(9)
		rapid.Check(t, func(rt *rapid.T) {
			c := rapid.SampledFrom(changes).Draw(rt, "column")
			which := map[string]int{"audit": 18, "audit_head": 2, "audit_chain": 1}[c.table]
			row := rapid.IntRange(1, which).Draw(rt, "row")
			undo := in.flip(rt, c, row)
			found := in.check(in.witness...).Findings
			undo()
			if len(found) == 0 {
				rt.Fatalf("%s.%s of row %d was changed, and nothing found", c.table, c.column, row)
			}
		})
		in.whole(in.witness...)
	})
}

// flip changes one byte of one value, and gives what puts it back.
func (in *installation) flip(rt *rapid.T, c change, row int) (undo func()) {
	var old any
	err := in.db.View(in.t.Context(), func(tx *sqldb.Tx) error {
		return tx.QueryRow(fmt.Sprintf(`SELECT %s FROM %s WHERE %s = $1`, c.column, c.table, c.key), row).Scan(&old)
	})
	if err != nil {
		rt.Fatal(err)
	}
	changed := flipped(rt, c, old)
	where := fmt.Sprintf(`UPDATE %s SET %s = $1 WHERE %s = $2`, c.table, c.column, c.key)
	key, back := row, row
	if c.column == c.key {
		back = int(changed.(int64))
	}
	in.exec(where, changed, key)
	return func() { in.exec(where, old, back) }
}

func flipped(rt *rapid.T, c change, old any) any {
	switch c.kind {
	case "bool":
		if n, lite := old.(int64); lite {
			return n ^ int64(rapid.IntRange(1, 127).Draw(rt, "bits")) // SQLite holds a number: 2 is no TRUE either
		}
		return !old.(bool)
	case "int":
		// The lowest bytes of a position would be those of another row: unique keys refuse that by themselves.
		lowest := 0
		if c.column == c.key {
			lowest = 1
		}
		return old.(int64) ^ int64(rapid.IntRange(1, 127).Draw(rt, "bits"))<<(8*rapid.IntRange(lowest, 6).Draw(rt, "byte"))
	case "bytes":
		b := append([]byte(nil), old.([]byte)...)
		b[rapid.IntRange(0, len(b)-1).Draw(rt, "at")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
		return b
	default:
		b := []byte(old.(string))
		at := rapid.IntRange(0, len(b)-1).Draw(rt, "at")
		b[at] = rapid.Byte().Filter(func(n byte) bool { return n != b[at] && n >= ' ' && n <= '~' }).Draw(rt, "byte")
		return string(b)
	}
}

// errCut is a transaction that a crash cut off.
var errCut = errors.New("cut off")

// Writers write, two programs link and are cut off in between, and somebody verifies all the time.
func TestWritersCrashesAndVerifyingAtOnce(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		in := install(t, db)
		writers, rows := 4, 60
		if os.Getenv("TWOWEAVE_SLOW") == "1" {
			writers, rows = 8, 2000
		}
		var writing, linking sync.WaitGroup
		ctx, stop := context.WithCancel(t.Context())
		for w := range writers {
			writing.Go(func() {
				for i := range rows {
					err := db.Update(ctx, func(tx *sqldb.Tx) error {
						_, err := tx.Exec(`INSERT INTO audit (at, id, thing, allowed) VALUES ($1, $2, $3, TRUE)`, sqldb.Micros(in.clock.Now()), ident.Derive(fmt.Sprint(w), fmt.Sprint(i)), "case/1")
						if err == nil && i%7 == 6 {
							return errCut // and the command is not repeated: its row never was
						}
						return err
					})
					if err != nil && !errors.Is(err, errCut) {
						t.Error(err)
					}
				}
			})
		}
		for range 2 {
			linking.Go(func() { in.crashing(ctx) })
		}
		linking.Go(func() {
			for ctx.Err() == nil {
				if r, err := in.verify(); ctx.Err() == nil && (err != nil || len(r.Findings) > 0) {
					t.Errorf("while it is written: %v %v", r.Findings, err)
					return
				}
			}
		})
		writing.Wait()
		stop()
		linking.Wait()
		in.link()
		want := int64(writers * (rows - rows/7))
		if r := in.whole(); r.Checked != want || r.Loose != 0 {
			t.Errorf("%d rows fit, %d wait; want %d", r.Checked, r.Loose, want)
		}
	})
}

// crashing runs programs that are killed after each step or in the middle of one: the next is another program, which waits for no lease since time goes on.
func (in *installation) crashing(ctx context.Context) {
	for i := 0; ctx.Err() == nil; i++ {
		life, kill := context.WithCancel(ctx)
		if i%3 == 2 {
			go kill()
		}
		_, _ = in.program().Step(life) // that it was cut off is the point
		kill()
		in.clock.Advance(11 * time.Second)
	}
}
