package command_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

var tables = []sqldb.Migration{{Name: "command-test-1", SQL: `
CREATE TABLE counter (n BIGINT NOT NULL);
CREATE TABLE trail (allowed BOOLEAN NOT NULL, reason TEXT NOT NULL);
CREATE TABLE answer (id TEXT NOT NULL PRIMARY KEY, expires_at BIGINT NOT NULL, content TEXT NOT NULL, refused BIGINT NOT NULL, message TEXT NOT NULL, body TEXT NOT NULL);
INSERT INTO counter VALUES (0);`}}

// store is the least that keeps answers and audit facts.
type store struct{}

func (store) Reserve(tx *sqldb.Tx, key string, now, expires time.Time) (a command.Answer, taken bool, err error) {
	n, err := tx.Exec(`INSERT INTO answer VALUES ($1, $2, '', 0, '', '') ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at
		WHERE answer.expires_at <= $3`, key, sqldb.Micros(expires), sqldb.Micros(now))
	if err != nil || n > 0 {
		return a, false, err
	}
	var body string
	err = tx.QueryRow(`SELECT content, refused, message, body FROM answer WHERE id = $1`, key).Scan(&a.Content, &a.Refused, &a.Message, &body)
	a.Body = []byte(body)
	return a, true, err
}

func (store) KeepAnswer(tx *sqldb.Tx, key string, a command.Answer) error {
	_, err := tx.Exec(`UPDATE answer SET content = $2, refused = $3, message = $4, body = $5 WHERE id = $1`, key, a.Content, int64(a.Refused), a.Message, string(a.Body))
	return err
}

func (store) AppendAudit(tx *sqldb.Tx, all ...access.Audit) error {
	for _, a := range all {
		if _, err := tx.Exec(`INSERT INTO trail VALUES ($1, $2)`, a.Decision.Allow, a.Decision.Reason); err != nil {
			return err
		}
	}
	return nil
}

// counted is what the test's command gives.
type counted struct{ N int64 }

// bench is a counter that commands add to, up to most.
type bench struct {
	command.Runner
	clock *clock.Manual
	most  int64
}

func each(t *testing.T, fn func(t *testing.T, b *bench)) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		clk := clock.NewManual(time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC))
		fn(t, &bench{Runner: command.Runner{DB: db, Store: store{}, Clock: clk, Space: "bench"}, clock: clk, most: 100})
	})
}

func (b *bench) add(t *testing.T, r command.Request, n int64) (counted, error) {
	return command.Do(t.Context(), b.Runner, r, command.Content("add", n), func(tx *sqldb.Tx, now time.Time) (command.Decided[counted], error) {
		var is int64
		if err := tx.QueryRow(`SELECT n FROM counter`).Scan(&is); err != nil {
			return command.Decided[counted]{}, err
		}
		if n == 0 {
			return command.Decided[counted]{}, fault.New(fault.NotFound, "", "there is no such thing")
		}
		audit := access.Audit{At: now, Actor: r.Actor.ID, Decision: access.Decision{Allow: true}}
		if is+n > b.most {
			return command.Decided[counted]{Audit: audit}, &command.Stale[counted]{Current: counted{is}, Err: fault.New(fault.Conflict, "", "too many")}
		}
		if n < 0 {
			return command.Decided[counted]{Audit: audit}, fault.Invalidly("", fault.Problem{Field: "n", Message: "at least 1"})
		}
		return command.Decided[counted]{Audit: audit, Keep: func() (counted, error) {
			_, err := tx.Exec(`UPDATE counter SET n = $1`, is+n)
			return counted{is + n}, errors.Join(err, store{}.AppendAudit(tx, audit))
		}}, nil
	})
}

func (b *bench) sum(t *testing.T, query string) (n int64) {
	t.Helper()
	if err := b.DB.View(t.Context(), func(tx *sqldb.Tx) error { return tx.QueryRow(query).Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

func by(actor, route, key string) command.Request {
	return command.Request{Actor: access.Actor{ID: actor}, Route: route, IdempotencyKey: key}
}

func TestARepeatedCommandHasOneEffect(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for range 3 {
			if got, err := b.add(t, by("li", "r", "k"), 2); err != nil || got.N != 2 {
				t.Fatalf("%v, %v", got, err)
			}
		}
		if n, trail := b.sum(t, `SELECT n FROM counter`), b.sum(t, `SELECT COUNT(*) FROM trail`); n != 2 || trail != 1 {
			t.Errorf("counter %d, trail %d", n, trail)
		}
		if _, err := b.add(t, by("li", "r", "k"), 3); !fault.Is(err, fault.Conflict) {
			t.Errorf("the key with another content: %v", err)
		}
		for i, other := range []command.Request{by("wu", "r", "k"), by("li", "s", "k"), by("li", "r", "l")} {
			if got, err := b.add(t, other, 2); err != nil || got.N != int64(4+2*i) {
				t.Errorf("%+v: %v, %v", other, got, err)
			}
		}
		b.clock.Advance(command.KeepAnswers)
		if got, err := b.add(t, by("li", "r", "k"), 3); err != nil || got.N != 11 {
			t.Errorf("after the key expired: %v, %v", got, err)
		}
	})
}

func TestARefusalIsRepeatedWhole(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for range 2 {
			if _, err := b.add(t, by("li", "r", "low"), -1); !fault.Is(err, fault.Invalid) || len(fault.Problems(err)) != 1 || fault.Problems(err)[0].Field != "n" {
				t.Fatalf("%v", err)
			}
			_, err := b.add(t, by("li", "r", "high"), 101)
			if stale, is := errors.AsType[*command.Stale[counted]](err); !is || stale.Current.N != 0 || !fault.Is(err, fault.Conflict) {
				t.Fatalf("%v", err)
			}
			b.most = 200 // it would be possible now, but the first answer stands
		}
		if n, trail := b.sum(t, `SELECT n FROM counter`), b.sum(t, `SELECT COUNT(*) FROM trail WHERE NOT allowed AND reason <> ''`); n != 0 || trail != 2 {
			t.Errorf("counter %d, refusals on record %d", n, trail)
		}
	})
}

func TestWhatWasNotAskedIsNotKept(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for _, key := range []string{"", string(make([]byte, command.MaxKey+1))} {
			if _, err := b.add(t, by("li", "r", key), 1); !fault.Is(err, fault.Invalid) {
				t.Errorf("a key of %d bytes: %v", len(key), err)
			}
		}
		if _, err := b.add(t, by("li", "r", "k"), 0); !fault.Is(err, fault.NotFound) {
			t.Errorf("%v", err)
		}
		if n := b.sum(t, `SELECT COUNT(*) FROM answer`); n != 0 {
			t.Errorf("%d answers", n)
		}
	})
}

func TestOneKeySentAtOnce(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				n := int64(7)
				if i%2 == 1 {
					n = 101 // refused by all alike
				}
				got, err := b.add(t, by("li", "r", []string{"good", "bad"}[i%2]), n)
				if i%2 == 0 && (err != nil || got.N != 7) || i%2 == 1 && !fault.Is(err, fault.Conflict) {
					t.Errorf("%d: %v, %v", i, got, err)
				}
			})
		}
		all.Wait()
		if n := b.sum(t, `SELECT n FROM counter`); n != 7 {
			t.Errorf("counter %d", n)
		}
	})
}
