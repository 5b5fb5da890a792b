package vault_test

import (
	"path/filepath"
	"testing"

	"twoweave/internal/base/clock"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
	"twoweave/internal/platform/vault"
)

// BenchmarkSealAndOpen seals and opens one value within a transaction on SQLite: reading the key twice is part of it.
func BenchmarkSealAndOpen(b *testing.B) {
	db := sqldbtest.Open(b, sqldbtest.SQLiteURL(b), vault.Migrations)
	v, err := vault.Open(filepath.Join(b.TempDir(), "master.key"), clock.NewManual(noon))
	if err != nil {
		b.Fatal(err)
	}
	err = db.Update(b.Context(), func(tx *sqldb.Tx) error {
		p, err := v.Person(tx, "resident", plainPhone)
		if err != nil {
			return err
		}
		for b.Loop() {
			s, err := v.Seal(tx, p, "name", []byte(plainName))
			if err != nil {
				return err
			}
			if _, err := v.Open(tx, p, "name", s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
