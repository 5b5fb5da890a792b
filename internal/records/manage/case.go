package manage

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/sqldb"
)

var caseTables = []sqldb.Migration{{Name: "manage-case-1", SQL: `
CREATE TABLE cases (
	id              TEXT    NOT NULL PRIMARY KEY,
	number          TEXT    NOT NULL UNIQUE,
	version         BIGINT  NOT NULL,
	state           TEXT    NOT NULL,
	is_open         BOOLEAN NOT NULL,
	class           TEXT    NOT NULL,
	class_zh        TEXT    NOT NULL,
	class_en        TEXT    NOT NULL,
	handle_us       BIGINT  NOT NULL,
	reminder_us     BIGINT  NOT NULL,
	severity        TEXT    NOT NULL,
	title_zh        TEXT    NOT NULL,
	title_en        TEXT    NOT NULL,
	scenario        TEXT    NOT NULL,
	subject         TEXT    NOT NULL,
	episode         BIGINT  NOT NULL,
	area            TEXT    NOT NULL,
	unit            TEXT    NOT NULL,
	why_unit        TEXT    NOT NULL,
	handler         TEXT    NOT NULL,
	handler_name    TEXT    NOT NULL,
	hands           TEXT    NOT NULL, -- JSON list of ids
	verifier        TEXT    NOT NULL,
	opened_at       BIGINT  NOT NULL,
	dispatched_at   BIGINT  NOT NULL,
	due_at          BIGINT  NOT NULL,
	due_order       BIGINT  NOT NULL, -- due_at, or the end of time
	handled_at      BIGINT  NOT NULL,
	verified_at     BIGINT  NOT NULL,
	closed_at       BIGINT  NOT NULL,
	ended_at        BIGINT  NOT NULL,
	updated_at      BIGINT  NOT NULL,
	reminded        BOOLEAN NOT NULL,
	escalated       BOOLEAN NOT NULL,
	words           TEXT    NOT NULL, -- what a search looks through, in lower case
	UNIQUE (scenario, subject, episode)
);
CREATE INDEX cases_by_opening ON cases (opened_at, id);
CREATE INDEX cases_by_due ON cases (due_order, id);
CREATE INDEX cases_by_area ON cases (area, opened_at, id);
CREATE INDEX cases_by_unit ON cases (unit, opened_at, id);
CREATE INDEX cases_open_opening ON cases (opened_at, id) WHERE is_open;
CREATE INDEX cases_open_due ON cases (due_order, id) WHERE is_open;
CREATE INDEX cases_open_area ON cases (area, severity, due_order) WHERE is_open;
CREATE INDEX cases_open_scenario ON cases (scenario, due_order) WHERE is_open;
CREATE INDEX cases_open_state ON cases (state, opened_at, id) WHERE is_open;
CREATE INDEX cases_open_unit ON cases (unit, due_order, id) WHERE is_open;

CREATE TABLE case_fact (
	case_id TEXT   NOT NULL,
	version BIGINT NOT NULL,
	kind    TEXT   NOT NULL,
	at      BIGINT NOT NULL,
	actor   TEXT   NOT NULL,
	name    TEXT   NOT NULL,
	purpose TEXT   NOT NULL,
	rule    TEXT   NOT NULL,
	note    TEXT   NOT NULL,
	body    TEXT   NOT NULL,
	PRIMARY KEY (case_id, version)
);

CREATE TABLE case_number (
	day  TEXT   NOT NULL PRIMARY KEY,
	last BIGINT NOT NULL
);`}, {Name: "manage-case-2", SQL: `
ALTER TABLE cases ADD COLUMN filed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN limited BOOLEAN NOT NULL DEFAULT FALSE; -- its class has a limit
ALTER TABLE cases ADD COLUMN late BOOLEAN NOT NULL DEFAULT FALSE; -- it was handled after its limit
ALTER TABLE cases ADD COLUMN light BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE cases ADD COLUMN into_id TEXT NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN involved TEXT NOT NULL DEFAULT ''; -- units beside the one that leads: ",street-1,water,"
ALTER TABLE cases ADD COLUMN asked BOOLEAN NOT NULL DEFAULT FALSE; -- a suspension or extension awaits its answer
ALTER TABLE cases ADD COLUMN returns BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN reworks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN reopened BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN urged BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN extensions BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN rating BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN reports BIGINT NOT NULL DEFAULT 0; -- how many came to it
ALTER TABLE cases ADD COLUMN rest TEXT NOT NULL DEFAULT '{}'; -- JSON of what is not asked for
UPDATE cases SET limited = handle_us > 0, late = handle_us > 0 AND handled_at - dispatched_at > handle_us,
	rest = '{"limits":{"handle_ns":' || (handle_us * 1000) || ',"reminder_ns":' || (reminder_us * 1000) || '}}';
ALTER TABLE cases DROP COLUMN handle_us;
ALTER TABLE cases DROP COLUMN reminder_us;
CREATE INDEX cases_asked ON cases (opened_at, id) WHERE asked;
CREATE INDEX cases_into ON cases (into_id) WHERE into_id <> '';
ALTER TABLE case_fact ADD COLUMN late BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE case_fact ADD COLUMN unit TEXT NOT NULL DEFAULT ''; -- the case's, after the fact
CREATE INDEX case_fact_at ON case_fact (at);`}}

const caseColumns = `id, number, version, state, is_open, class, class_zh, class_en, severity, title_zh, title_en,
	scenario, subject, episode, area, unit, why_unit, handler, handler_name, hands, verifier, opened_at, filed_at, dispatched_at, due_at, due_order,
	handled_at, verified_at, closed_at, ended_at, updated_at, reminded, escalated, limited, late, light, into_id, involved, asked, returns, reworks,
	reopened, urged, extensions, rating, reports, rest`

// NextNumber counts the cases of a day.
func (Store) NextNumber(tx *sqldb.Tx, day string) (int64, error) {
	var n int64
	err := tx.QueryRow(`INSERT INTO case_number (day, last) VALUES ($1, 1)
		ON CONFLICT (day) DO UPDATE SET last = case_number.last + 1 RETURNING last`, day).Scan(&n)
	return n, fault.Wrap("records.NextNumber", err)
}

// Case is the case with the id.
func (Store) Case(tx *sqldb.Tx, id casework.ID) (casework.Case, error) {
	c, err := scanCase(tx.QueryRow(`SELECT `+caseColumns+` FROM cases WHERE id = $1`, string(id)))
	return c, missing("records.Case", err, "case", string(id))
}

// SaveCase keeps c and the facts behind it. from is the version that was read; another one in the database is a Conflict.
func (Store) SaveCase(tx *sqldb.Tx, c casework.Case, from int64, facts []casework.Fact) error {
	const op = "records.SaveCase"
	args, err := caseArgs(&c)
	if err != nil {
		return fault.Wrap(op, err)
	}
	query := insertCase
	if from > 0 {
		query, args = updateCase, append(args, from)
	}
	rows, err := tx.Exec(query, args...)
	if err != nil {
		return fault.Wrap(op, err)
	}
	if rows == 0 {
		return fault.New(fault.Conflict, op, "case %s was changed by somebody else at the same time", c.Number)
	}
	for i := range facts {
		if err := insertFact(tx, &facts[i], string(c.Unit)); err != nil {
			return fault.Wrap(op, err)
		}
	}
	return nil
}

// allCaseColumns is caseColumns and what is only written.
var (
	allCaseColumns = strings.Split(strings.Join(strings.Fields(caseColumns+", words, lon, lat, address_key"), ""), ",")
	insertCase     = `INSERT INTO cases (` + strings.Join(allCaseColumns, ", ") + `) VALUES (` + placeholders(1, len(allCaseColumns)) +
		`) ON CONFLICT (id) DO NOTHING`
	updateCase = fmt.Sprintf(`UPDATE cases SET (%s) = (%s) WHERE id = $1 AND version = $%d`,
		strings.Join(allCaseColumns[1:], ", "), placeholders(2, len(allCaseColumns)), len(allCaseColumns)+1)
)

func placeholders(from, to int) string {
	names := make([]string, 0, to-from+1)
	for i := from; i <= to; i++ {
		names = append(names, fmt.Sprintf("$%d", i))
	}
	return strings.Join(names, ", ")
}

func caseArgs(c *casework.Case) ([]any, error) {
	hands, err := json.Marshal(c.Hands)
	if err != nil {
		return nil, err
	}
	rest, err := json.Marshal(restOf(c))
	if err != nil {
		return nil, err
	}
	var lon, lat *float64
	if p := c.Place.Point; p != nil {
		lon, lat = &p.Lon, &p.Lat
	}
	d := c.Detection
	return []any{
		string(c.ID), c.Number, c.Version, string(c.State), c.Open(), string(c.Class), c.ClassTitle.ZH, c.ClassTitle.EN,
		string(c.Severity), c.Title.ZH, c.Title.EN,
		string(d.Scenario), d.Subject, d.Episode, string(c.Area), string(c.Unit), c.WhyUnit, c.Handler, c.HandlerName, string(hands), c.Verifier,
		sqldb.Micros(c.OpenedAt), sqldb.Micros(c.FiledAt), sqldb.Micros(c.DispatchedAt), sqldb.Micros(c.DueAt), casedesk.DueOrder(c),
		sqldb.Micros(c.HandledAt), sqldb.Micros(c.VerifiedAt), sqldb.Micros(c.ClosedAt), sqldb.Micros(c.EndedAt), sqldb.Micros(c.UpdatedAt),
		c.Reminded, c.Escalated, c.Limited(), c.Late, c.Light, string(c.Into), involved(c.Parts), c.Asked != nil, c.Returns, c.Reworks,
		c.Reopened, c.Urged, c.Extensions, c.Rating, len(c.Reports), string(rest), words(c), lon, lat, casedesk.AddressKey(c.Place.Address),
	}, nil
}

// words is what a search looks through: lines, so that no match runs from one text into the next.
func words(c *casework.Case) string {
	return strings.ToLower(strings.Join([]string{c.Number, c.Detection.Subject, c.Title.ZH, c.Title.EN, c.Place.Address}, "\n"))
}

// scanner is a *sql.Row or *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

func scanCase(row scanner) (casework.Case, error) {
	var c casework.Case
	var opened, filed, dispatched, due, dueOrder, handled, verified, closed, ended, updated int64
	var isOpen, limited, asked bool
	var hands, units, keptRest string
	var reports int
	err := row.Scan(&c.ID, &c.Number, &c.Version, &c.State, &isOpen, &c.Class, &c.ClassTitle.ZH, &c.ClassTitle.EN,
		&c.Severity, &c.Title.ZH, &c.Title.EN, &c.Detection.Scenario, &c.Detection.Subject, &c.Detection.Episode, &c.Area, &c.Unit,
		&c.WhyUnit, &c.Handler, &c.HandlerName, &hands, &c.Verifier, &opened, &filed, &dispatched, &due, &dueOrder, &handled, &verified, &closed,
		&ended, &updated, &c.Reminded, &c.Escalated, &limited, &c.Late, &c.Light, &c.Into, &units, &asked, &c.Returns, &c.Reworks, &c.Reopened,
		&c.Urged, &c.Extensions, &c.Rating, &reports, &keptRest)
	if err != nil {
		return casework.Case{}, err
	}
	for at, micros := range map[*time.Time]int64{
		&c.OpenedAt: opened, &c.FiledAt: filed, &c.DispatchedAt: dispatched, &c.DueAt: due, &c.HandledAt: handled, &c.VerifiedAt: verified,
		&c.ClosedAt: closed, &c.EndedAt: ended, &c.UpdatedAt: updated,
	} {
		*at = sqldb.FromMicros(micros)
	}
	var r rest
	if err := json.Unmarshal([]byte(keptRest), &r); err != nil {
		return casework.Case{}, err
	}
	r.onto(&c)
	return c, json.Unmarshal([]byte(hands), &c.Hands)
}

// rest is what of a case is kept together, because nobody asks for cases by it.
type rest struct {
	Limits   casework.Limits         `json:"limits,omitzero"`
	Place    casework.Place          `json:"place,omitzero"`
	Parts    []casework.Contribution `json:"parts,omitempty"`
	Reports  []casework.Attached     `json:"reports,omitempty"`
	Phase    int                     `json:"phase,omitempty"`
	RemindAt int64                   `json:"remind_at,omitempty"`
	Left     time.Duration           `json:"left_ns,omitempty"`
	WakeAt   int64                   `json:"wake_at,omitempty"`
	Asked    *casework.Asked         `json:"asked,omitempty"`

	Opener     string `json:"opener,omitempty"`
	Dispatcher string `json:"dispatcher,omitempty"`
	AcceptedAt int64  `json:"accepted_at,omitempty"`
	VisitAt    int64  `json:"visit_at,omitempty"`
}

func restOf(c *casework.Case) rest {
	return rest{
		Limits: c.Limits, Place: c.Place, Parts: c.Parts, Reports: c.Reports, Phase: c.Phase, RemindAt: sqldb.Micros(c.RemindAt), Left: c.Left,
		WakeAt: sqldb.Micros(c.WakeAt), Asked: c.Asked, Opener: c.Opener, Dispatcher: c.Dispatcher, AcceptedAt: sqldb.Micros(c.AcceptedAt), VisitAt: sqldb.Micros(c.VisitAt),
	}
}

func (r *rest) onto(c *casework.Case) {
	c.Limits, c.Place, c.Parts, c.Reports, c.Phase, c.Left, c.Asked = r.Limits, r.Place, r.Parts, r.Reports, r.Phase, r.Left, r.Asked
	c.Opener, c.Dispatcher, c.AcceptedAt, c.VisitAt = r.Opener, r.Dispatcher, sqldb.FromMicros(r.AcceptedAt), sqldb.FromMicros(r.VisitAt)
	c.RemindAt, c.WakeAt = sqldb.FromMicros(r.RemindAt), sqldb.FromMicros(r.WakeAt)
}

// involved is a list that a search by one unit finds: each between commas.
func involved(parts []casework.Contribution) string {
	if len(parts) == 0 {
		return ""
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("," + string(p.Unit))
	}
	return b.String() + ","
}

func insertFact(tx *sqldb.Tx, f *casework.Fact, unit string) error {
	body, err := json.Marshal(f.Body)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO case_fact (case_id, version, kind, at, actor, name, purpose, rule, note, body, late, unit)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		string(f.Case), f.Version, string(f.Kind), sqldb.Micros(f.At), f.Actor, f.Name, string(f.Purpose), f.Rule, f.Note, string(body), f.Body.Late, unit)
	return err
}

// Facts is the history of a case.
func (Store) Facts(tx *sqldb.Tx, id casework.ID) ([]casework.Fact, error) {
	facts, err := collect(tx, scanFact, `SELECT case_id, version, kind, at, actor, name, purpose, rule, note, body
		FROM case_fact WHERE case_id = $1 ORDER BY version`, string(id))
	return facts, fault.Wrap("records.Facts", err)
}

func scanFact(row *sql.Rows) (casework.Fact, error) {
	var f casework.Fact
	var at int64
	var purpose, body string
	err := row.Scan(&f.Case, &f.Version, &f.Kind, &at, &f.Actor, &f.Name, &purpose, &f.Rule, &f.Note, &body)
	if err != nil {
		return casework.Fact{}, err
	}
	f.At, f.Purpose = sqldb.FromMicros(at), access.Purpose(purpose)
	return f, json.Unmarshal([]byte(body), &f.Body)
}
