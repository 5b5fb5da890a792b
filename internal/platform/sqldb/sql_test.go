package sqldb_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// texts reads the first column of query.
func texts(tx *sqldb.Tx, query string, args ...any) (all []string, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

func TestTextSortsByItsBytes(t *testing.T) {
	t.Parallel()
	word := rapid.OneOf(rapid.StringMatching(`[a-zA-Z _\-.0-9]{0,6}`), rapid.StringMatching(`[浦东新区张江镇éÉßžŽ𠮷]{0,4}`), rapid.StringMatching(`[aA东é]{0,3}`))
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		rapid.Check(t, func(r *rapid.T) {
			want := rapid.SliceOfNDistinct(word, 2, 30, rapid.ID[string]).Draw(r, "texts")
			var got []string
			err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
				for _, w := range want {
					if err := insert(w)(tx); err != nil {
						return err
					}
				}
				var err error
				if got, err = texts(tx, `SELECT id FROM item WHERE id >= $1 ORDER BY id`, ""); err != nil {
					return err
				}
				return errRefused // leave the table empty for the next check
			})
			slices.Sort(want)
			if !slices.Equal(got, want) {
				r.Fatalf("got %q, want %q (%v)", got, want, err)
			}
		})
	})
}

func TestValuesComeBackAsTheyWent(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		for i, want := range []int64{0, -1, math.MaxInt64, math.MinInt64, 1 << 53, 1<<53 + 1} {
			id := fmt.Sprint("n", i)
			if err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
				_, err := tx.Exec(`INSERT INTO item (id, n) VALUES ($1, $2)`, id, want)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if got := number(t, db, `SELECT n FROM item WHERE id = $1`, id); got != want {
				t.Errorf("BIGINT %d came back as %d", want, got)
			}
		}
		var body []byte
		var weight float64
		var present bool
		err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
			if err := tx.QueryRow(`INSERT INTO place (room, body) VALUES ('r', $1) RETURNING body`, []byte{0, 255, '\''}).Scan(&body); err != nil {
				return err
			}
			if err := tx.QueryRow(`INSERT INTO duty (person, team, present) VALUES ('p', 't', $1) RETURNING present`, true).Scan(&present); err != nil {
				return err
			}
			return tx.QueryRow(`INSERT INTO part (item, name, weight) VALUES ('n0', 'x', $1) RETURNING weight`, 0.1).Scan(&weight)
		})
		if err != nil || string(body) != "\x00\xff'" || !present || weight != 0.1 {
			t.Fatalf("body %q, present %v, weight %v, err %v", body, present, weight, err)
		}
	})
}

func TestTimesAreMicroseconds(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 7, 1, 8, 0, 0, 123456789, time.FixedZone("CST", 8*3600))
	if got := sqldb.FromMicros(sqldb.Micros(at)); !got.Equal(at.Truncate(time.Microsecond)) || got.Location() != time.UTC {
		t.Errorf("%v became %v", at, got)
	}
	if !sqldb.FromMicros(sqldb.Micros(time.Time{})).IsZero() {
		t.Error("the zero time must stay zero")
	}
}

// Pages by key: while others insert before, between and behind, every row that was there from the start comes once, and none twice.
func TestKeysetPagingMissesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	const old = 120
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		for i := range old {
			must(t, db, fmt.Sprintf(`INSERT INTO item (id, n) VALUES ('k%04d', 1)`, 2*i))
		}
		var got []string
		together(t, writers+1, func(w int) (err error) {
			if w == writers {
				got, err = page(t, db)
				return err
			}
			for i := range 8 {
				if err := db.Update(t.Context(), insert(fmt.Sprintf("k%04d-%d", (w*8+i)*2, w))); err != nil {
					return err
				}
			}
			return nil
		})
		if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Fatal("pages out of order, or a row twice")
		}
		seen := slices.DeleteFunc(got, func(id string) bool { return strings.Contains(id, "-") })
		if len(seen) != old {
			t.Fatalf("%d of the %d old rows seen", len(seen), old)
		}
	})
}

func page(t *testing.T, db *sqldb.DB) (all []string, err error) {
	for last := ""; ; {
		var more []string
		err := db.View(t.Context(), func(tx *sqldb.Tx) (err error) {
			more, err = texts(tx, `SELECT id FROM item WHERE id > $1 ORDER BY id LIMIT 7`, last)
			return err
		})
		if err != nil || len(more) == 0 {
			return all, err
		}
		all, last = append(all, more...), more[len(more)-1]
	}
}

func TestPortableStatements(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		must(t, db,
			`INSERT INTO item (id, n) VALUES ('a', 1), ('b', 2)`,
			`INSERT INTO part (item, name, weight) VALUES ('a', 'x', 1.5), ('a', 'y', 2.5), ('b', 'z', 7)`)
		err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
			var n int64
			err := tx.QueryRow(`INSERT INTO item (id, n) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET n = item.n + excluded.n RETURNING n`, "a", 10).Scan(&n)
			if err != nil || n != 11 {
				return fmt.Errorf("ON CONFLICT … RETURNING gave %d, %v", n, err)
			}
			rows, err := tx.Exec(`INSERT INTO item (id, n) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, "b", 0)
			if err != nil || rows != 0 {
				return fmt.Errorf("DO NOTHING gave %d rows, %v", rows, err)
			}
			rows, err = tx.Exec(`UPDATE item SET n = p.parts FROM (SELECT item, COUNT(*) AS parts FROM part GROUP BY item) AS p WHERE p.item = item.id`)
			if err != nil || rows != 2 {
				return fmt.Errorf("UPDATE … FROM gave %d rows, %v", rows, err)
			}
			ranked, err := texts(tx, `SELECT item || name || ROW_NUMBER() OVER (PARTITION BY item ORDER BY weight DESC) FROM part ORDER BY item, name`)
			if err != nil || !slices.Equal(ranked, []string{"ax2", "ay1", "bz1"}) {
				return fmt.Errorf("window gave %q, %v", ranked, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestIdentityGrowsAndIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		next := func() (seq int64) {
			err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
				if err := tx.QueryRow(`INSERT INTO place (room) VALUES ('r') RETURNING seq`).Scan(&seq); err != nil {
					return err
				}
				_, err := tx.Exec(`DELETE FROM place`)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return seq
		}
		if a, b := next(), next(); a >= b {
			t.Fatalf("%d then %d", a, b)
		}
	})
}

func TestErrorsAreTold(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		must(t, db, `INSERT INTO item (id, n) VALUES ('a', 1)`)
		if err := db.Update(t.Context(), insert("a")); !sqldb.UniqueViolation(err) || sqldb.NotFound(err) {
			t.Errorf("duplicate: %v", err)
		}
		err := db.View(t.Context(), func(tx *sqldb.Tx) error {
			return tx.QueryRow(`SELECT n FROM item WHERE id = 'none'`).Scan(new(int64))
		})
		if !sqldb.NotFound(err) || sqldb.UniqueViolation(err) {
			t.Errorf("no row: %v", err)
		}
		err = db.Update(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(`INSERT INTO part (item, name, weight) VALUES ('none', 'x', 1)`)
			return err
		})
		if err == nil || sqldb.UniqueViolation(err) {
			t.Errorf("missing parent: %v", err)
		}
	})
}

// The engines would treat these differently, one of them silently.
func TestUnportableArgumentsAreRefused(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, tables, func(t *testing.T, db *sqldb.DB) {
		for name, c := range map[string]struct {
			arg  any
			kind fault.Kind
		}{"time": {time.Unix(0, 0), fault.Internal}, "nul": {"a\x00", fault.Invalid}, "not utf-8": {"\xff", fault.Invalid}} {
			err := db.Update(t.Context(), func(tx *sqldb.Tx) error {
				return tx.QueryRow(`INSERT INTO item (id, n) VALUES ($1, 0) RETURNING n`, c.arg).Scan(new(int64))
			})
			if e, is := err.(*fault.Error); !is || e.Kind != c.kind {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
