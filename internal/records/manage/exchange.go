package manage

import (
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/exchange"
	"twoweave/internal/platform/sqldb"
)

// A peer's lines are counted in its row: whoever appends one holds that row until the commit, so that places are committed in order and no reader skips one.
var exchangeTables = []sqldb.Migration{{Name: "manage-exchange-1", SQL: `
CREATE TABLE exchange_order (
	id          TEXT    NOT NULL PRIMARY KEY,
	version     BIGINT  NOT NULL,
	peer        TEXT    NOT NULL,
	direction   TEXT    NOT NULL,
	number      TEXT    NOT NULL,
	ref         TEXT    NOT NULL,
	content     TEXT    NOT NULL,
	report_id   TEXT    NOT NULL,
	unit        TEXT    NOT NULL,
	case_id     TEXT    NOT NULL,
	case_number TEXT    NOT NULL,
	state       TEXT    NOT NULL,
	word        TEXT    NOT NULL,
	told        BIGINT  NOT NULL,
	heard       BIGINT  NOT NULL,
	theirs      TEXT    NOT NULL,
	ended       BOOLEAN NOT NULL,
	note        TEXT    NOT NULL, -- JSON
	at          BIGINT  NOT NULL,
	updated_at  BIGINT  NOT NULL,
	UNIQUE (peer, direction, number)
);
CREATE INDEX exchange_order_by_case ON exchange_order (case_id, at, id) WHERE case_id <> '';
CREATE INDEX exchange_order_by_report ON exchange_order (report_id) WHERE report_id <> '';
CREATE INDEX exchange_order_by_peer ON exchange_order (peer, at, id);
CREATE INDEX exchange_order_by_time ON exchange_order (at, id);

CREATE TABLE exchange_message (
	id       TEXT   NOT NULL PRIMARY KEY,
	peer     TEXT   NOT NULL,
	name     TEXT   NOT NULL,
	type     TEXT   NOT NULL,
	order_id TEXT   NOT NULL,
	number   TEXT   NOT NULL,
	content  TEXT   NOT NULL,
	way      TEXT   NOT NULL,
	at       BIGINT NOT NULL,
	outcome  TEXT   NOT NULL,
	refused  BIGINT NOT NULL,
	answer   TEXT   NOT NULL -- JSON
);
CREATE INDEX exchange_message_by_peer ON exchange_message (peer, at, id);
CREATE INDEX exchange_message_by_order ON exchange_message (order_id, at, id);
CREATE INDEX exchange_message_refused ON exchange_message (peer, at, id) WHERE outcome IN ('refused', 'conflict');

CREATE TABLE exchange_line (
	peer     TEXT   NOT NULL,
	place    BIGINT NOT NULL,
	id       TEXT   NOT NULL UNIQUE,
	type     TEXT   NOT NULL,
	order_id TEXT   NOT NULL,
	at       BIGINT NOT NULL,
	data     TEXT   NOT NULL, -- JSON
	PRIMARY KEY (peer, place)
);

CREATE TABLE exchange_peer (
	peer       TEXT   NOT NULL PRIMARY KEY,
	lines      BIGINT NOT NULL DEFAULT 0,
	told_at    BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE exchange_door (
	peer       TEXT   NOT NULL PRIMARY KEY,
	turned     BIGINT NOT NULL DEFAULT 0,
	turned_at  BIGINT NOT NULL DEFAULT 0,
	turned_why TEXT   NOT NULL DEFAULT '',
	cursor_at  TEXT   NOT NULL DEFAULT '',
	pulled_at  BIGINT NOT NULL DEFAULT 0
);`}}

const (
	peerOrderColumns = `id, version, peer, direction, number, ref, content, report_id, unit, case_id, case_number, state, word, told, heard, theirs, ended, note, at, updated_at`
	messageColumns   = `id, peer, name, type, order_id, number, content, way, at, outcome, refused, answer`
	lineColumns      = `peer, place, id, type, order_id, at, data`
)

// KeepMessage keeps a message of a peer that is new.
func (s Store) KeepMessage(tx *sqldb.Tx, m exchange.Message) (kept exchange.Message, new bool, err error) {
	const op = "records.KeepMessage"
	n, err := tx.Exec(`INSERT INTO exchange_message (`+messageColumns+`) VALUES (`+placeholders(1, 12)+`) ON CONFLICT (id) DO NOTHING`,
		m.ID, string(m.Peer), m.Name, string(m.Type), string(m.Order), m.Number, m.Content, string(m.Way), sqldb.Micros(m.At), string(m.Outcome), int64(m.Refused), string(m.Answer))
	if err != nil || n > 0 {
		return m, n > 0, fault.Wrap(op, err)
	}
	all, err := collect(tx, scanMessage, `SELECT `+messageColumns+` FROM exchange_message WHERE id = $1`, m.ID)
	if err != nil || len(all) == 0 {
		return kept, false, fault.Wrap(op, err)
	}
	return all[0], false, nil
}

// AnswerMessage notes what came of a message.
func (Store) AnswerMessage(tx *sqldb.Tx, m exchange.Message) error {
	_, err := tx.Exec(`UPDATE exchange_message SET outcome = $2, refused = $3, answer = $4 WHERE id = $1`, m.ID, string(m.Outcome), int64(m.Refused), string(m.Answer))
	return fault.Wrap("records.AnswerMessage", err)
}

func scanMessage(row *sql.Rows) (exchange.Message, error) {
	var m exchange.Message
	var at int64
	var answer string
	err := row.Scan(&m.ID, &m.Peer, &m.Name, &m.Type, &m.Order, &m.Number, &m.Content, &m.Way, &at, &m.Outcome, &m.Refused, &answer)
	m.At, m.Answer = sqldb.FromMicros(at), []byte(answer)
	return m, err
}

// FindMessages is messages of peers, the latest first.
func (Store) FindMessages(tx *sqldb.Tx, q exchange.MessageQuery) ([]exchange.Message, error) {
	w := &where{}
	if q.Peer != "" {
		w.add("peer = ?", string(q.Peer))
	}
	if q.Refused {
		w.add("outcome IN ('refused', 'conflict')")
	}
	if q.Order != "" {
		w.add("order_id = ?", string(q.Order))
	}
	all, err := collect(tx, scanMessage, `SELECT `+messageColumns+` FROM exchange_message`+w.String()+` ORDER BY at DESC, id DESC LIMIT `+w.arg(q.Limit), w.args...)
	return all, fault.Wrap("records.FindMessages", err)
}

// PeerOrder is the order with the id.
func (Store) PeerOrder(tx *sqldb.Tx, id exchange.OrderID) (exchange.Order, error) {
	o, err := scanPeerOrder(tx.QueryRow(`SELECT `+peerOrderColumns+` FROM exchange_order WHERE id = $1`, string(id)))
	return o, missing("records.PeerOrder", err, "order", string(id))
}

// SavePeerOrder keeps an order over the version that was read.
func (Store) SavePeerOrder(tx *sqldb.Tx, o exchange.Order, from int64) error {
	const op = "records.SavePeerOrder"
	note, err := json.Marshal(o.Note)
	if err != nil {
		return fault.Wrap(op, err)
	}
	args := []any{string(o.ID), o.Version, string(o.Peer), string(o.Direction), o.Number, o.Ref, o.Content, string(o.Report), string(o.Unit), string(o.Case), o.CaseNumber,
		string(o.State), o.Word, o.Told, o.Heard, o.Theirs, o.Ended, string(note), sqldb.Micros(o.At), sqldb.Micros(o.Updated)}
	query := `INSERT INTO exchange_order (` + peerOrderColumns + `) VALUES (` + placeholders(1, 20) + `) ON CONFLICT DO NOTHING`
	if from > 0 {
		query = `UPDATE exchange_order SET (` + peerOrderColumns + `) = (` + placeholders(1, 20) + `) WHERE id = $1 AND version = $21`
		args = append(args, from)
	}
	rows, err := tx.Exec(query, args...)
	if err == nil && rows == 0 {
		return fault.New(fault.Conflict, op, "order %s was changed by somebody else at the same time", o.Number)
	}
	return fault.Wrap(op, err)
}

func scanPeerOrder(row scanner) (exchange.Order, error) {
	var o exchange.Order
	var at, updated int64
	var note string
	err := row.Scan(&o.ID, &o.Version, &o.Peer, &o.Direction, &o.Number, &o.Ref, &o.Content, &o.Report, &o.Unit, &o.Case, &o.CaseNumber, &o.State, &o.Word, &o.Told, &o.Heard,
		&o.Theirs, &o.Ended, &note, &at, &updated)
	if err != nil {
		return o, err
	}
	o.At, o.Updated = sqldb.FromMicros(at), sqldb.FromMicros(updated)
	return o, json.Unmarshal([]byte(note), &o.Note)
}

func findPeerOrders(tx *sqldb.Tx, rest string, args ...any) ([]exchange.Order, error) {
	return collect(tx, func(r *sql.Rows) (exchange.Order, error) { return scanPeerOrder(r) }, `SELECT `+peerOrderColumns+` FROM exchange_order `+rest, args...)
}

// OrdersOfCase are all orders about a case, the oldest first.
func (Store) OrdersOfCase(tx *sqldb.Tx, id casework.ID) ([]exchange.Order, error) {
	all, err := findPeerOrders(tx, `WHERE case_id <> '' AND case_id = $1 ORDER BY at, id`, string(id))
	return all, fault.Wrap("records.OrdersOfCase", err)
}

// OrdersOfReports are the orders that came as one of the reports.
func (Store) OrdersOfReports(tx *sqldb.Tx, ids ...casework.ReportID) (all []exchange.Order, err error) {
	const some = 500 // arguments at a time
	for len(ids) > 0 && err == nil {
		w := &where{}
		names := make([]string, 0, some)
		for _, id := range ids[:min(some, len(ids))] {
			names = append(names, w.arg(string(id)))
		}
		ids = ids[len(names):]
		var found []exchange.Order
		found, err = findPeerOrders(tx, `WHERE report_id <> '' AND report_id IN (`+strings.Join(names, ", ")+`) ORDER BY at, id`, w.args...)
		all = append(all, found...)
	}
	return all, fault.Wrap("records.OrdersOfReports", err)
}

// FindPeerOrders is one page of orders, the latest first.
func (Store) FindPeerOrders(tx *sqldb.Tx, q exchange.OrderQuery) ([]exchange.Order, error) {
	w := &where{}
	if q.Peer != "" {
		w.add("peer = ?", string(q.Peer))
	}
	if q.Case != "" {
		w.add("case_id <> '' AND case_id = ?", string(q.Case))
	}
	if q.After != nil {
		w.add("(at, id) < (?, ?)", q.After.At, q.After.ID)
	}
	all, err := findPeerOrders(tx, w.String()+` ORDER BY at DESC, id DESC LIMIT `+w.arg(q.Limit), w.args...)
	return all, fault.Wrap("records.FindPeerOrders", err)
}

// AppendFeed gives a line the next place of its peer.
func (Store) AppendFeed(tx *sqldb.Tx, l exchange.Line) error {
	const op = "records.AppendFeed"
	err := tx.QueryRow(`INSERT INTO exchange_peer (peer, lines, told_at) VALUES ($1, 1, $2)
		ON CONFLICT (peer) DO UPDATE SET lines = exchange_peer.lines + 1, told_at = excluded.told_at RETURNING lines`, string(l.Peer), sqldb.Micros(l.At)).Scan(&l.Place)
	if err == nil {
		_, err = tx.Exec(`INSERT INTO exchange_line (`+lineColumns+`) VALUES (`+placeholders(1, 7)+`)`,
			string(l.Peer), l.Place, l.ID, string(l.Type), string(l.Order), sqldb.Micros(l.At), string(l.Data))
	}
	return fault.Wrap(op, err)
}

// Feed is the lines of a peer behind a place.
func (Store) Feed(tx *sqldb.Tx, p exchange.PeerID, after int64, limit int) ([]exchange.Line, error) {
	all, err := collect(tx, func(row *sql.Rows) (exchange.Line, error) {
		var l exchange.Line
		var at int64
		var data string
		err := row.Scan(&l.Peer, &l.Place, &l.ID, &l.Type, &l.Order, &at, &data)
		l.At, l.Data = sqldb.FromMicros(at), json.RawMessage(data)
		return l, err
	}, `SELECT `+lineColumns+` FROM exchange_line WHERE peer = $1 AND place > $2 ORDER BY place LIMIT $3`, string(p), after, limit)
	return all, fault.Wrap("records.Feed", err)
}

// Standing is how a peer does.
func (Store) Standing(tx *sqldb.Tx, p exchange.PeerID) (s exchange.Standing, err error) {
	var heard, told, turned, pulled int64
	err = tx.QueryRow(`SELECT
		COALESCE((SELECT MAX(at) FROM exchange_message WHERE peer = $1), 0), (SELECT COUNT(*) FROM exchange_message WHERE peer = $1),
		(SELECT COUNT(*) FROM exchange_message WHERE peer = $1 AND outcome IN ('refused', 'conflict')),
		(SELECT COUNT(*) FROM exchange_order WHERE peer = $1),
		COALESCE((SELECT lines FROM exchange_peer WHERE peer = $1), 0), COALESCE((SELECT told_at FROM exchange_peer WHERE peer = $1), 0)`, string(p)).
		Scan(&heard, &s.Messages, &s.Refusals, &s.Orders, &s.Lines, &told)
	if err != nil {
		return s, fault.Wrap("records.Standing", err)
	}
	err = tx.QueryRow(`SELECT turned, turned_at, turned_why, cursor_at, pulled_at FROM exchange_door WHERE peer = $1`, string(p)).
		Scan(&s.Turned, &turned, &s.TurnedWhy, &s.Cursor, &pulled)
	if sqldb.NotFound(err) {
		err = nil
	}
	s.Heard, s.Told, s.TurnedAt, s.PulledAt = sqldb.FromMicros(heard), sqldb.FromMicros(told), sqldb.FromMicros(turned), sqldb.FromMicros(pulled)
	return s, fault.Wrap("records.Standing", err)
}

// CountRefused notes that something of a peer was turned away.
func (Store) CountRefused(tx *sqldb.Tx, p exchange.PeerID, at time.Time, why string) error {
	_, err := tx.Exec(`INSERT INTO exchange_door (peer, turned, turned_at, turned_why) VALUES ($1, 1, $2, $3)
		ON CONFLICT (peer) DO UPDATE SET turned = exchange_door.turned + 1, turned_at = excluded.turned_at, turned_why = excluded.turned_why`,
		string(p), sqldb.Micros(at), why)
	return fault.Wrap("records.CountRefused", err)
}

// MovePull notes how far a peer's own messages were fetched.
func (Store) MovePull(tx *sqldb.Tx, p exchange.PeerID, cursor string, at time.Time) error {
	_, err := tx.Exec(`INSERT INTO exchange_door (peer, cursor_at, pulled_at) VALUES ($1, $2, $3)
		ON CONFLICT (peer) DO UPDATE SET cursor_at = excluded.cursor_at, pulled_at = excluded.pulled_at`, string(p), cursor, sqldb.Micros(at))
	return fault.Wrap("records.MovePull", err)
}
