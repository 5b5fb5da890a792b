package app

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/chain"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/signing"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/records/manage"
)

// Audit is the setting audit: how often the end of the audit's chain is signed, and who is told as its witness.
type Audit struct {
	Every   string  `yaml:"every"`  // a head when the last one is older; empty: 10m
	Rows    int64   `yaml:"rows"`   // or after so many rows; 0: 1000
	Looks   int     `yaml:"looks"`  // an account that looks at so many persons' data is flagged; 0: 30
	Within  string  `yaml:"within"` // in so short a time; empty: 10m
	Witness Witness `yaml:"witness"`
}

// Witness is who keeps the heads outside this installation; either, both or none.
type Witness struct {
	Webhook string `yaml:"webhook"` // name of one of notify's webhook receivers
	Email   string `yaml:"email"`   // address
}

const (
	headEvery = 10 * time.Minute
	headRows  = 1000
	lateAfter = time.Minute // rows linked later than this are counted
)

// every is how old a head may become; Check has read it.
func (a Audit) every() time.Duration {
	d, err := time.ParseDuration(a.Every)
	if err != nil {
		return headEvery
	}
	return d
}

func (a Audit) rows() int64 {
	if a.Rows == 0 {
		return headRows
	}
	return a.Rows
}

// Check says what is wrong; a witness must be one that notify can reach.
func (a Audit) Check(n notify.Config) (problems []fault.Problem) {
	add := func(field, format string, args ...any) {
		problems = append(problems, fault.Problem{Field: "audit." + field, Message: fmt.Sprintf(format, args...)})
	}
	if d, err := time.ParseDuration(a.Every); a.Every != "" && (err != nil || d < time.Second) {
		add("every", "is %q; it must be a time of at least 1s, such as 10m", a.Every)
	}
	if d, err := time.ParseDuration(a.Within); a.Within != "" && (err != nil || d < time.Minute) {
		add("within", "is %q; it must be a time of at least 1m, such as 10m", a.Within)
	}
	if a.Looks < 0 {
		add("looks", "is %d; it must be 1 or more", a.Looks)
	}
	if a.Rows < 0 {
		add("rows", "is %d; it must be 1 or more", a.Rows)
	}
	if w := a.Witness.Webhook; w != "" {
		if _, err := n.Webhooks.Endpoint(context.Background(), w); err != nil {
			add("witness.webhook", "is %q, which is none of notify.webhooks", w)
		}
	}
	if w := a.Witness.Email; w != "" && (!strings.Contains(w, "@") || n.Email == (notify.EmailConfig{})) {
		add("witness.email", "needs a mail address, and notify.email to send by")
	}
	return problems
}

func (c *Config) auditKey() string { return filepath.Join(c.folder(c.Keys, "keys"), "audit.key") }

// buildAudit makes the linker of the audit's chain.
func (a *App) buildAudit(ctx context.Context) error {
	signer, err := signing.OpenKey(a.config.auditKey())
	if err != nil {
		return err
	}
	a.audit = chain.NewLinker(chain.Options{DB: a.database, Clock: a.o.Clock, Log: a.o.Log.With("part", "audit"), Table: manage.AuditTable(), Suite: chain.Standard(),
		Hash: chain.SHA256, Signer: signer, Every: a.config.Audit.every(), Rows: a.config.Audit.rows(), Tell: a.config.Audit.Witness.tell})
	return a.audit.Start(ctx)
}

// tell queues a head for the witness, in the transaction that keeps it.
func (w Witness) tell(tx *sqldb.Tx, h chain.Head) error {
	line, err := json.Marshal(h)
	if err != nil {
		return fault.Wrap("app.tell", err)
	}
	about := fmt.Sprintf("%s/%d", h.Installation, h.Number)
	id := fmt.Sprintf("audit-head-%s-%d", h.Installation, h.Number)
	var all []notify.Message
	if w.Webhook != "" {
		all = append(all, notify.Message{ID: notify.ID(id), Channel: notify.Webhook, To: w.Webhook, Type: chain.HeadType, Data: line, About: about, At: h.At})
	}
	if w.Email != "" {
		all = append(all, notify.Message{ID: notify.ID(id + "-mail"), Channel: notify.Email, To: w.Email, About: about, At: h.At,
			Subject: lang.Text{ZH: fmt.Sprintf("审计链首 %d", h.Number), EN: fmt.Sprintf("Audit head %d", h.Number)},
			Body: lang.Text{ZH: "请妥善保存下面这一行，核对审计记录时使用：\n\n" + string(line) + "\n",
				EN: "Please keep the following line; it is needed to verify the audit:\n\n" + string(line) + "\n"}})
	}
	return notify.Put(tx, all...)
}

// Auditor reads the audit's chain of a program that may be running.
type Auditor struct {
	db      *sqldb.DB
	trusted string
}

// OpenAuditor opens it. The installation's key is read where the program keeps it; where it is not, key is the public key in base64, or empty.
func OpenAuditor(ctx context.Context, config Config, key string) (*Auditor, error) {
	if key == "" {
		signer, err := signing.ReadKey(config.auditKey())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err == nil {
			key = base64.StdEncoding.EncodeToString(signer.Public())
		}
	}
	if path, lite := strings.CutPrefix(config.databaseURL(), "sqlite:"); lite {
		if _, err := os.Stat(path); err != nil {
			return nil, fault.New(fault.NotFound, "app.OpenAuditor", "there is no database %s", path)
		}
	}
	db, err := sqldb.Open(ctx, config.databaseURL(), migrations())
	if err != nil {
		return nil, err
	}
	return &Auditor{db: db, trusted: key}, nil
}

// Close closes the database.
func (a *Auditor) Close() error { return a.db.Close() }

// Trusted is the public key that heads must be signed with; empty: unknown here.
func (a *Auditor) Trusted() string { return a.trusted }

// Verify checks the chain, and the witness's heads against it.
func (a *Auditor) Verify(ctx context.Context, against []chain.Head, progress func(done, of int64)) (chain.Report, error) {
	return chain.Check{DB: a.db, Table: manage.AuditTable(), Suite: chain.Standard(), Trusted: a.trusted, Against: against, Progress: progress, Late: lateAfter}.Run(ctx)
}

// Heads are the heads that the database keeps.
func (a *Auditor) Heads(ctx context.Context) (all []chain.Head, err error) {
	err = a.db.View(ctx, func(tx *sqldb.Tx) error {
		all, err = chain.Heads(tx, 0)
		return err
	})
	return all, err
}

// auditLag is how the chain stands, for the metrics.
func (a *App) auditLag(ctx context.Context) (position, loose int64, oldest, head time.Duration, err error) {
	lag, err := a.audit.Lag(ctx)
	since := func(t time.Time) time.Duration {
		if t.IsZero() {
			return 0
		}
		return a.o.Clock.Now().Sub(t)
	}
	return lag.Position, lag.Loose, since(lag.Eldest), since(lag.Head.At), err
}
