package vault_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/platform/vault"
)

func TestMasterKeySurvivesARestart(t *testing.T) {
	t.Parallel()
	db := sqldbtest.Open(t, sqldbtest.SQLiteURL(t), vault.Migrations)
	file := filepath.Join(t.TempDir(), "deep", "master.key")
	meet := func() (p vault.PersonID) {
		v := open(t, file)
		in(t, db, func(tx *sqldb.Tx) (err error) {
			p, err = v.Person(tx, "resident", plainPhone)
			return err
		})
		return p
	}
	if first, second := meet(), meet(); first != second {
		t.Errorf("%s became %s", first, second)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestTwoStartsAgreeOnOneMasterKey(t *testing.T) {
	t.Parallel()
	db := sqldbtest.Open(t, sqldbtest.SQLiteURL(t), vault.Migrations)
	file := filepath.Join(t.TempDir(), "master.key")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			v, err := vault.Open(file, clock.NewManual(noon))
			if err == nil {
				err = db.Update(t.Context(), v.Bind)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestBadKeyFilesAreRefused(t *testing.T) {
	t.Parallel()
	good := filepath.Join(t.TempDir(), "master.key")
	open(t, good)
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"readable by others": {string(text), 0o640}, "empty": {"", 0o600}, "no JSON": {"key", 0o600}, "cut off": {string(text[:100]), 0o600},
		"another format": {`{"format":"twoweave master key 2"}`, 0o600}, "no keys": {`{"format":"twoweave master key 1"}`, 0o600},
	} {
		file := filepath.Join(t.TempDir(), "master.key")
		if err := os.WriteFile(file, []byte(c.text), c.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, c.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := vault.Open(file, clock.NewManual(noon)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
