package chain_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/ident"
	"twoweave/internal/platform/chain"
	"twoweave/internal/platform/signing"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

func TestMain(m *testing.M) { os.Exit(sqldbtest.Main(m)) }

// table is an audit as small as one can be, with a column of each kind.
var table = chain.Table{Name: "audit", At: "at", ID: "id", Columns: []chain.Column{
	{Name: "at", Kind: chain.Int}, {Name: "id", Kind: chain.Text}, {Name: "thing", Kind: chain.Text}, {Name: "allowed", Kind: chain.Bool},
}}

var migrations = append([]sqldb.Migration{{Name: "test-1", SQL: `
CREATE TABLE audit (
	at        BIGINT  NOT NULL,
	id        TEXT    NOT NULL,
	thing     TEXT    NOT NULL,
	allowed   BOOLEAN NOT NULL,
	position  BIGINT  NOT NULL DEFAULT 0,
	linked_at BIGINT  NOT NULL DEFAULT 0,
	alg       TEXT    NOT NULL DEFAULT '',
	hash      BYTEA,
	PRIMARY KEY (at, id)
);
CREATE INDEX audit_loose ON audit (at, id) WHERE position = 0;
CREATE UNIQUE INDEX audit_linked ON audit (position) WHERE position > 0;`}}, chain.Migrations...)

// installation is one program's audit and its witness.
type installation struct {
	t       testing.TB
	db      *sqldb.DB
	clock   *clock.Manual
	key     signing.Signer
	linker  *chain.Linker
	witness []chain.Head
}

func install(t testing.TB, db *sqldb.DB) *installation {
	t.Helper()
	key, err := signing.OpenKey(filepath.Join(t.TempDir(), "audit.key"))
	if err != nil {
		t.Fatal(err)
	}
	in := &installation{t: t, db: db, key: key, clock: clock.NewManual(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC))}
	in.linker = in.program()
	if err := in.linker.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return in
}

// program is one more program on the installation's database.
func (in *installation) program() *chain.Linker {
	return chain.NewLinker(chain.Options{DB: in.db, Clock: in.clock, Log: slog.New(slog.DiscardHandler), Table: table, Suite: chain.Standard(), Hash: chain.SHA256,
		Signer: in.key, Every: time.Hour, Rows: 1 << 40, Tell: func(_ *sqldb.Tx, h chain.Head) error { in.witness = append(in.witness, h); return nil }})
}

// write adds n rows, links them and signs a head.
func (in *installation) write(n int) {
	in.t.Helper()
	for i := range n {
		in.clock.Advance(time.Second)
		in.exec(`INSERT INTO audit (at, id, thing, allowed) VALUES ($1, $2, $3, $4)`, sqldb.Micros(in.clock.Now()), ident.New(), fmt.Sprintf("case/%d", i), i%3 > 0)
	}
	in.link()
	if err := in.linker.Head(in.t.Context()); err != nil {
		in.t.Fatal(err)
	}
}

func (in *installation) link() {
	in.t.Helper()
	for n := 1; n > 0; {
		var err error
		if n, err = in.linker.Step(in.t.Context()); err != nil {
			in.t.Fatal(err)
		}
	}
}

// exec runs statements in one transaction.
func (in *installation) exec(statement string, args ...any) {
	in.t.Helper()
	err := in.db.Update(in.t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(statement, args...)
		return err
	})
	if err != nil {
		in.t.Fatalf("%s: %v", statement, err)
	}
}

func (in *installation) check(against ...chain.Head) chain.Report {
	in.t.Helper()
	r, err := in.verify(against...)
	if err != nil {
		in.t.Fatal(err)
	}
	return r
}

func (in *installation) verify(against ...chain.Head) (chain.Report, error) {
	return chain.Check{DB: in.db, Table: table, Suite: chain.Standard(), Trusted: publicOf(in.key), Against: against, Late: time.Minute}.Run(in.t.Context())
}

func (in *installation) whole(against ...chain.Head) chain.Report {
	in.t.Helper()
	r := in.check(against...)
	if len(r.Findings) > 0 {
		in.t.Fatalf("an untouched chain is said to be tampered with: %v", r.Findings)
	}
	return r
}

// caught sees that verification finds something, at a position (-1: anywhere), and says it in words that hold some.
func (in *installation) caught(position int64, words string, against ...chain.Head) {
	in.t.Helper()
	r := in.check(against...)
	if len(r.Findings) == 0 {
		in.t.Fatalf("nothing was found; %d rows of %d fit", r.Checked, r.Position)
	}
	f := r.Findings[0]
	if position >= 0 && f.Position != position || !strings.Contains(f.What, words) {
		in.t.Errorf("found %q, want position %d and %q", f, position, words)
	}
}

func TestAnUntouchedChainIsWhole(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		in := install(t, db)
		in.write(7)
		in.write(5)
		r := in.whole(in.witness...)
		if r.Checked != 12 || r.Covered != 12 || r.Heads != 2 || r.Against != 2 || r.Loose != 0 {
			t.Errorf("%+v", r)
		}
		in.exec(`INSERT INTO audit (at, id, thing, allowed) VALUES (1, 'x', 'y', TRUE)`)
		if r := in.whole(); r.Loose != 1 {
			t.Errorf("a row that waits for its link is not known as such: %+v", r)
		}
		in.link()
		if r := in.whole(); r.Loose != 0 || r.Late != 1 {
			t.Errorf("a row linked long after its time is not told: %+v", r)
		}
	})
}

func TestHeadsComeByTimeAndByNumber(t *testing.T) {
	t.Parallel()
	db := sqldbtest.Open(t, sqldbtest.SQLiteURL(t), migrations)
	in := install(t, db)
	in.write(1)
	in.exec(`INSERT INTO audit (at, id, thing, allowed) VALUES ($1, 'x', 'y', TRUE)`, sqldb.Micros(in.clock.Now()))
	in.link()
	if len(in.witness) != 1 {
		t.Fatalf("%d heads before the hour is over", len(in.witness))
	}
	in.clock.Advance(time.Hour)
	in.link()
	if len(in.witness) != 2 || in.witness[1].Position != 2 {
		t.Errorf("after an hour: %+v", in.witness)
	}
	in.clock.Advance(time.Hour)
	in.link()
	if len(in.witness) != 2 {
		t.Errorf("a head without a new row: %+v", in.witness)
	}
}

func TestHeadsAreReadAsTheyCame(t *testing.T) {
	t.Parallel()
	in := install(t, sqldbtest.Open(t, sqldbtest.SQLiteURL(t), migrations))
	in.write(3)
	in.write(2)
	bare, err := json.Marshal(in.witness[0])
	if err != nil {
		t.Fatal(err)
	}
	event, err := json.Marshal(map[string]any{"specversion": "1.0", "type": chain.HeadType, "data": in.witness[1]})
	if err != nil {
		t.Fatal(err)
	}
	heads, err := chain.ReadHeads(bytes.NewReader(fmt.Appendf(nil, "%s\n\n%s\n", bare, event)))
	if err != nil || len(heads) != 2 {
		t.Fatal(heads, err)
	}
	in.whole(heads...)
	for _, wrong := range []string{"", "no json", `{"format":"other"}`} {
		if _, err := chain.ReadHeads(strings.NewReader(wrong)); err == nil {
			t.Errorf("%q was read as heads", wrong)
		}
	}
}

// A program that was killed keeps its lease for a while; the next one waits for that, unless it knows that the other is dead.
func TestALeaseBindsUntilItEndsOrIsTakenOver(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, migrations, func(t *testing.T, db *sqldb.DB) {
		in := install(t, db)
		in.write(2)
		one := func(l *chain.Linker) int {
			in.exec(`INSERT INTO audit (at, id, thing, allowed) VALUES ($1, $2, 'y', TRUE)`, sqldb.Micros(in.clock.Now()), ident.New())
			n, err := l.Step(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		next := in.program()
		if n := one(next); n != 0 {
			t.Errorf("%d rows linked under another program's lease", n)
		}
		if err := next.TakeOver(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := one(next); n != 2 {
			t.Errorf("%d rows linked after taking over, want 2", n)
		}
		if n := one(in.linker); n != 0 {
			t.Errorf("the program before linked %d rows under the lease of the next", n)
		}
		in.clock.Advance(time.Minute)
		if n := one(in.linker); n != 2 {
			t.Errorf("%d rows linked after the lease, want 2", n)
		}
		in.whole(in.witness...)
	})
}
