package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/vault"
	"twoweave/internal/records/manage"
)

// rotateKey is the action of the audit rows about the master key. No row of the table decides it: it takes the key file and the database.
const rotateKey access.Action = "key.rotate"

func (c *Config) masterKey() string { return filepath.Join(c.folder(c.Keys, "keys"), "master.key") }

// Keys is the master key of a program, which may be running at the same time.
type Keys struct {
	vault.Rotation
	db *sqldb.DB
}

// OpenKeys opens them. It makes neither a key file nor a database.
func OpenKeys(ctx context.Context, config Config, progress func(done, of int64)) (*Keys, error) {
	const op = "app.OpenKeys"
	if _, err := os.Stat(config.masterKey()); err != nil {
		return nil, fault.New(fault.NotFound, op, "there is no key file %s", config.masterKey())
	}
	if path, lite := strings.CutPrefix(config.databaseURL(), "sqlite:"); lite {
		if _, err := os.Stat(path); err != nil {
			return nil, fault.New(fault.NotFound, op, "there is no database %s", path)
		}
	}
	v, err := vault.Open(config.masterKey(), clock.System{})
	if err != nil {
		return nil, err
	}
	db, err := sqldb.Open(ctx, config.databaseURL(), migrations())
	if err != nil {
		return nil, err
	}
	k := &Keys{Rotation: vault.Rotation{Vault: v, DB: db, Note: noteKey, Progress: progress}, db: db}
	if err := db.Update(ctx, v.Bind); err != nil {
		_ = db.Close() // the first error says more
		return nil, err
	}
	return k, nil
}

// Close closes the database.
func (k *Keys) Close() error { return k.db.Close() }

func noteKey(tx *sqldb.Tx, stage vault.Stage, id vault.MasterID) error {
	return manage.Store{}.AppendAudit(tx, access.Audit{At: clock.System{}.Now(), Actor: access.Program("keys").ID, Roles: string(access.System), Action: rotateKey,
		Thing: fmt.Sprintf("key/%d", id), Purpose: access.Operation, Decision: access.Decision{Allow: true, Rule: "command line", Reason: string(stage)}})
}
