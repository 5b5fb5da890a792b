package manage

import (
	"database/sql"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/platform/sqldb"
)

var exceptionTables = []sqldb.Migration{{Name: "manage-exception-1", SQL: `
CREATE TABLE event_exception (
	seq    BIGINT NOT NULL, -- position in the log; one position belongs to one partition
	n      BIGINT NOT NULL,
	part   BIGINT NOT NULL,
	kind   TEXT   NOT NULL,
	at     BIGINT NOT NULL,
	sender TEXT   NOT NULL,
	source TEXT   NOT NULL,
	event  TEXT   NOT NULL,
	type   TEXT   NOT NULL,
	reason TEXT   NOT NULL,
	data   BYTEA  NOT NULL, -- of a batch that cannot be read, its first bytes
	PRIMARY KEY (seq, n)
);
CREATE INDEX event_exception_by_kind ON event_exception (kind, seq, n);`}}

const exceptionColumns = `seq, n, part, kind, at, sender, source, event, type, reason, data`

// KeepException keeps an event that could not be evaluated. The same place in the log is kept once.
func (Store) KeepException(tx *sqldb.Tx, e casedesk.RawException) error {
	data := e.Data
	if data == nil {
		data = []byte{}
	}
	_, err := tx.Exec(`INSERT INTO event_exception (`+exceptionColumns+`) VALUES (`+placeholders(1, 11)+`) ON CONFLICT (seq, n) DO NOTHING`,
		int64(e.Seq), e.N, e.Part, e.Kind, sqldb.Micros(e.At), e.Sender, e.Source, e.Event, e.Type, e.Reason, data)
	return fault.Wrap("records.KeepException", err)
}

// FindExceptions is the latest exceptions in log order, the last first.
func (Store) FindExceptions(tx *sqldb.Tx, q casedesk.ExceptionQuery) ([]casedesk.RawException, error) {
	w := &where{}
	if q.Kind != "" {
		w.add("kind = ?", q.Kind)
	}
	found, err := collect(tx, scanException,
		`SELECT `+exceptionColumns+` FROM event_exception`+w.String()+` ORDER BY seq DESC, n DESC LIMIT `+w.arg(q.Limit), w.args...)
	return found, fault.Wrap("records.FindExceptions", err)
}

func scanException(row *sql.Rows) (casedesk.RawException, error) {
	var e casedesk.RawException
	var seq, at int64
	var data []byte
	err := row.Scan(&seq, &e.N, &e.Part, &e.Kind, &at, &e.Sender, &e.Source, &e.Event, &e.Type, &e.Reason, &data)
	e.Seq, e.At = uint64(seq), sqldb.FromMicros(at)
	e.Data = data
	return e, err
}
