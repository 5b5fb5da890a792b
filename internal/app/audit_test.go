package app

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/platform/chain"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/sqldb"
)

func TestAnAuditThatNobodyCanBeToldOfIsRefused(t *testing.T) {
	t.Parallel()
	mail := notify.Config{Email: notify.EmailConfig{Server: "smtp://mail.example:587", From: "a@b.example"}}
	for name, c := range map[string]struct {
		audit Audit
		n     notify.Config
		good  bool
	}{
		"nothing":         {Audit{}, notify.Config{}, true},
		"too often":       {Audit{Every: "1ms"}, notify.Config{}, false},
		"no time":         {Audit{Every: "often"}, notify.Config{}, false},
		"negative":        {Audit{Rows: -1}, notify.Config{}, false},
		"unknown webhook": {Audit{Witness: Witness{Webhook: "x"}}, notify.Config{}, false},
		"known webhook":   {Audit{Witness: Witness{Webhook: "x"}}, notify.Config{Webhooks: notify.Endpoints{{Name: "x"}}}, true},
		"no mail server":  {Audit{Witness: Witness{Email: "a@b.example"}}, notify.Config{}, false},
		"mail":            {Audit{Every: "5m", Rows: 7, Witness: Witness{Email: "a@b.example"}}, mail, true},
	} {
		if problems := c.audit.Check(c.n); (problems == nil) != c.good {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

// What is written on the audit is linked, its head signed at the stop, and sent to the witness by the next program; the witness's file verifies against the
// database, and against no other one.
func TestTheWitnessIsTold(t *testing.T) {
	t.Parallel()
	config := DefaultConfig()
	config.Listen, config.MQTT, config.Data = "127.0.0.1:0", "off", t.TempDir()
	closing, err := startWitness(&config, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	defer closing()
	runOnce(t, config, func(a *App) {
		err := a.database.Update(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(`INSERT INTO audit (at, id, actor, roles, action, thing, purpose, allowed, rule, reason) VALUES ($1, $2, 'anna', '', '', '', '', TRUE, '', '')`,
				sqldb.Micros(a.o.Clock.Now()), ident.New())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	heads := filepath.Join(config.Data, witnessFile)
	runOnce(t, config, func(*App) { waitFor(t, heads) })
	file, err := os.Open(heads)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	told, err := chain.ReadHeads(file)
	if err != nil {
		t.Fatal(err)
	}
	auditor, err := OpenAuditor(t.Context(), config, "")
	if err != nil {
		t.Fatal(err)
	}
	defer auditor.Close()
	r, err := auditor.Verify(t.Context(), told, nil)
	if err != nil || len(r.Findings) > 0 || r.Covered < 1 {
		t.Errorf("%+v %v", r, err)
	}
	told[0].Position++
	if r, err = auditor.Verify(t.Context(), told, nil); err != nil || len(r.Findings) == 0 {
		t.Errorf("an edited head was taken: %+v %v", r, err)
	}
	if _, err := OpenAuditor(t.Context(), Config{Data: t.TempDir(), Database: "sqlite:none.db"}, ""); !fault.Is(err, fault.NotFound) {
		t.Errorf("an auditor of no database: %v", err)
	}
}

// runOnce starts a program, does something and stops it.
func runOnce(t *testing.T, config Config, do func(*App)) {
	t.Helper()
	program, err := New(config, Options{Clock: clock.System{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(fault.Problems(err))
	}
	if err := program.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	do(program)
	if err := program.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// waitFor waits until something stands in a file.
func waitFor(t *testing.T, path string) {
	t.Helper()
	clk := clock.System{}
	for until := clk.Now().Add(30 * time.Second); ; {
		if info, err := os.Stat(path); err == nil && info.Size() > 0 {
			return
		}
		if clk.Now().After(until) {
			t.Fatal("the witness was told nothing")
		}
		if err := clk.Wait(t.Context(), clk.Now().Add(20*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
	}
}
