package vault_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/platform/vault"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(rotateEnv); url != "" {
		if err := rotateAsProgram(url, os.Getenv(rotateKey)); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := sqldbtest.Main(m)
	if err := goleak.Find(); code == 0 && err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		code = 1
	}
	os.Exit(code)
}

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, keyFile string) *vault.Vault {
	t.Helper()
	v, err := vault.Open(keyFile, clock.NewManual(noon))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func fresh(t *testing.T) *vault.Vault {
	return open(t, filepath.Join(t.TempDir(), "key", "master.key"))
}

// in runs fn in a transaction that must succeed.
func in(t *testing.T, db *sqldb.DB, fn func(tx *sqldb.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// world is a vault, a database and one person with a sealed name.
type world struct {
	t      *testing.T
	v      *vault.Vault
	db     *sqldb.DB
	person vault.PersonID
	name   vault.Sealed
}

const (
	plainPhone = "13800138000"
	plainName  = "王小明·Planted"
)

func newWorld(t *testing.T, db *sqldb.DB) *world {
	w := &world{t: t, v: fresh(t), db: db}
	w.person = w.meet(plainPhone)
	in(t, db, func(tx *sqldb.Tx) (err error) {
		w.name, err = w.v.Seal(tx, w.person, "name", []byte(plainName))
		return err
	})
	return w
}

func (w *world) meet(value string) (p vault.PersonID) {
	w.t.Helper()
	in(w.t, w.db, func(tx *sqldb.Tx) (err error) {
		p, err = w.v.Person(tx, "resident", value)
		return err
	})
	return p
}

func (w *world) open(p vault.PersonID, field string, s vault.Sealed) (plain []byte, err error) {
	viewErr := w.db.View(w.t.Context(), func(tx *sqldb.Tx) error {
		plain, err = w.v.Open(tx, p, field, s)
		return nil
	})
	if viewErr != nil {
		w.t.Fatal(viewErr)
	}
	return plain, err
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Parallel()
	sqldbtest.Each(t, vault.Migrations, func(t *testing.T, db *sqldb.DB) { fn(t, newWorld(t, db)) })
}

func TestSealedValueOpensForItsPersonAndFieldOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := w.meet("13900139000")
		if got, err := w.open(w.person, "name", w.name); err != nil || string(got) != plainName {
			t.Errorf("got %q, %v", got, err)
		}
		if strings.Contains(string(w.name), plainName) || !strings.HasPrefix(string(w.name), "tink1:") {
			t.Errorf("sealed as %s", w.name)
		}
		for what, c := range map[string]struct {
			person vault.PersonID
			field  string
			kind   fault.Kind
		}{
			"another field": {w.person, "phone", fault.Internal}, "another person": {other, "name", fault.Internal},
			"part of the person's id in the field": {w.person[:20], string(w.person[20:]) + "/name", fault.NotFound},
			"nobody":                               {"nobody", "name", fault.NotFound},
		} {
			if got, err := w.open(c.person, c.field, w.name); !fault.Is(err, c.kind) || got != nil {
				t.Errorf("%s: %q, %v", what, got, err)
			}
		}
	})
}

func TestChangedValueDoesNotOpen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		text := string(w.name)
		for i := range text {
			for _, c := range []byte{'A', 'b'} {
				changed := []byte(text)
				if changed[i] == c {
					continue
				}
				changed[i] = c
				if got, err := w.open(w.person, "name", vault.Sealed(changed)); !fault.Is(err, fault.Internal) {
					t.Fatalf("byte %d changed: %q, %v", i, got, err)
				}
			}
		}
		for _, s := range []string{"", "tink1:", "tink2:" + text[6:], text[:len(text)-4], text + "AAAA", "tink1:***"} {
			if got, err := w.open(w.person, "name", vault.Sealed(s)); !fault.Is(err, fault.Internal) {
				t.Errorf("%q: %q, %v", s, got, err)
			}
		}
	})
}

func TestForgottenPersonOpensNoMore(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 2 { // the second time changes nothing
			in(t, w.db, func(tx *sqldb.Tx) error { return w.v.Forget(tx, w.person) })
		}
		if got, err := w.open(w.person, "name", w.name); !fault.Is(err, fault.NotFound) || !vault.Forgotten(err) {
			t.Errorf("opened: %q, %v", got, err)
		}
		err := w.db.Update(t.Context(), func(tx *sqldb.Tx) error {
			_, err := w.v.Seal(tx, w.person, "name", []byte("x"))
			return err
		})
		if !vault.Forgotten(err) {
			t.Errorf("sealed: %v", err)
		}
		if again := w.meet(plainPhone); again == w.person {
			t.Error("the forgotten person came back under the old id")
		}
		if row := w.row(w.person); row != (remains{forgotten: sqldb.Micros(noon)}) {
			t.Errorf("the row holds %+v", row)
		}
	})
}

func TestForgettingNobodyIsNotFound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		err := w.db.Update(t.Context(), func(tx *sqldb.Tx) error { return w.v.Forget(tx, "nobody") })
		if !fault.Is(err, fault.NotFound) || vault.Forgotten(err) {
			t.Errorf("got %v", err)
		}
	})
}

// remains is what may be left of a person.
type remains struct {
	key, lookup string
	forgotten   int64
}

func (w *world) row(p vault.PersonID) (r remains) {
	w.t.Helper()
	err := w.db.View(w.t.Context(), func(tx *sqldb.Tx) error {
		return tx.QueryRow(`SELECT COALESCE(wrapped_key, ''), COALESCE(lookup, ''), COALESCE(forgotten_at, 0) FROM person WHERE id = $1`,
			string(p)).Scan(&r.key, &r.lookup, &r.forgotten)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func TestKeysCannotBeExchangedBetweenPersons(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := w.meet("13900139000")
		in(t, w.db, func(tx *sqldb.Tx) error {
			_, err := tx.Exec(`UPDATE person SET wrapped_key = $1 WHERE id = $2`, w.row(w.person).key, string(other))
			return err
		})
		if got, err := w.open(other, "name", w.name); !fault.Is(err, fault.Internal) {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestPersonIsFoundByTheSameValueInAnotherWriting(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, writing := range []string{plainPhone, " 13800138000\t", "１３８００１３８０００", "　13800138０００　"} {
			if got := w.meet(writing); got != w.person {
				t.Errorf("%q is another person", writing)
			}
		}
		for _, otherValue := range []string{"13800138001", "1380013800", "138 00138000"} {
			if got := w.meet(otherValue); got == w.person {
				t.Errorf("%q is the same person", otherValue)
			}
		}
		in(t, w.db, func(tx *sqldb.Tx) error {
			if firm, err := w.v.Person(tx, "firm", plainPhone); err != nil || firm == w.person {
				t.Errorf("another kind: %s, %v", firm, err)
			}
			if p, err := w.v.Find(tx, "resident", plainPhone); err != nil || p != w.person {
				t.Errorf("find: %s, %v", p, err)
			}
			if _, err := w.v.Find(tx, "resident", "10086"); !fault.Is(err, fault.NotFound) {
				t.Errorf("find a stranger: %v", err)
			}
			if _, err := w.v.Person(tx, "resident", " 　"); !fault.Is(err, fault.Invalid) {
				t.Errorf("no value: %v", err)
			}
			return nil
		})
	})
}

func TestSixteenCallersMakeOnePerson(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		got := make([]vault.PersonID, 16)
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() {
				err := w.db.Update(t.Context(), func(tx *sqldb.Tx) (err error) {
					got[i], err = w.v.Person(tx, "resident", "310115199001011234")
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		var rows int
		in(t, w.db, func(tx *sqldb.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM person`).Scan(&rows) })
		for _, p := range got {
			if p != got[0] || p == "" {
				t.Fatalf("several persons: %v", got)
			}
		}
		if rows != 2 { // and the one of newWorld
			t.Errorf("%d rows", rows)
		}
	})
}

func TestAnotherMasterKeyIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		bind := func(v *vault.Vault) error { return w.db.Update(t.Context(), v.Bind) }
		if err := bind(w.v); err != nil {
			t.Fatal(err)
		}
		if err := bind(w.v); err != nil {
			t.Errorf("the same key again: %v", err)
		}
		if err := bind(fresh(t)); !fault.Is(err, fault.Conflict) {
			t.Errorf("another key: %v", err)
		}
		w.v = fresh(t)
		if got, err := w.open(w.person, "name", w.name); !fault.Is(err, fault.Internal) {
			t.Errorf("opened under another key: %q, %v", got, err)
		}
	})
}

func TestDatabaseFilesHoldNoPlainValue(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db := sqldbtest.Open(t, "sqlite:"+filepath.Join(folder, "records.db"), append(vault.Migrations,
		sqldb.Migration{Name: "note", SQL: `CREATE TABLE note (body TEXT NOT NULL)`}))
	w := newWorld(t, db)
	const marker = "a text that is meant to be found"
	in(t, db, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`INSERT INTO note (body) VALUES ($1), ($2)`, string(w.name), marker)
		return err
	})
	all := contents(t, folder)
	for _, planted := range []string{plainName, plainPhone, "Planted", "王小明"} {
		if bytes.Contains(all, []byte(planted)) {
			t.Errorf("the database files hold %q", planted)
		}
	}
	if !bytes.Contains(all, []byte(marker)) || !bytes.Contains(all, []byte(w.name)) {
		t.Error("the search would not have found anything")
	}
}

func contents(t *testing.T, folder string) (all []byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	return all
}

func TestAnyBytesSurviveSealing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.Open(t, sqldbtest.SQLiteURL(t), vault.Migrations))
	rapid.Check(t, func(rt *rapid.T) {
		plain := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(rt, "plain")
		field := rapid.String().Draw(rt, "field")
		in(t, w.db, func(tx *sqldb.Tx) error {
			s, err := w.v.Seal(tx, w.person, field, plain)
			if err != nil {
				return err
			}
			got, err := w.v.Open(tx, w.person, field, s)
			if !bytes.Equal(got, plain) {
				rt.Fatalf("%x became %x", plain, got)
			}
			return err
		})
	})
}
