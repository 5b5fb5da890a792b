package manage

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/orderdesk"
	"twoweave/internal/platform/sqldb"
)

var orderTables = []sqldb.Migration{{Name: "manage-order-1", SQL: `
CREATE TABLE city_order (
	id           TEXT    NOT NULL PRIMARY KEY,
	version      BIGINT  NOT NULL,
	kind         TEXT    NOT NULL,
	level        TEXT    NOT NULL,
	area         TEXT    NOT NULL,
	scenarios    TEXT    NOT NULL, -- JSON list
	subjects     TEXT    NOT NULL, -- JSON list
	from_at      BIGINT  NOT NULL,
	until_at     BIGINT  NOT NULL,
	ground       TEXT    NOT NULL,
	why          TEXT    NOT NULL,
	status       TEXT    NOT NULL,
	origin       TEXT    NOT NULL,
	detection    TEXT    NOT NULL,
	by_id        TEXT    NOT NULL,
	by_name      TEXT    NOT NULL,
	at           BIGINT  NOT NULL,
	second_id    TEXT    NOT NULL,
	second_name  TEXT    NOT NULL,
	second_at    BIGINT  NOT NULL,
	ended_by     TEXT    NOT NULL,
	ended_name   TEXT    NOT NULL,
	ended_at     BIGINT  NOT NULL,
	end_why      TEXT    NOT NULL,
	position     BIGINT  NOT NULL DEFAULT 0, -- in the log; written by whoever places it
	end_position BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX city_order_by_time ON city_order (at, id);
CREATE INDEX city_order_live ON city_order (at, id) WHERE status IN ('proposed', 'ordered');
CREATE INDEX city_order_unplaced ON city_order (id) WHERE status IN ('ordered', 'ended') AND (position = 0 OR end_position = 0);`}}

const (
	orderData    = `id, version, kind, level, area, scenarios, subjects, from_at, until_at, ground, why, status, origin, detection, by_id, by_name, at, second_id, second_name, second_at, ended_by, ended_name, ended_at, end_why`
	orderColumns = orderData + `, position, end_position`
	orderFields  = 24 // of orderData
)

var (
	insertOrder = `INSERT INTO city_order (` + orderData + `) VALUES (` + placeholders(1, orderFields) + `) ON CONFLICT (id) DO NOTHING`
	updateOrder = fmt.Sprintf(`UPDATE city_order SET (%s) = (%s) WHERE id = $1 AND version = $%d`,
		strings.TrimPrefix(orderData, "id, "), placeholders(2, orderFields), orderFields+1)
)

// Order is the order with the id.
func (Store) Order(tx *sqldb.Tx, id order.ID) (order.Order, error) {
	o, err := scanOrder(tx.QueryRow(`SELECT `+orderColumns+` FROM city_order WHERE id = $1`, string(id)))
	return o, missing("records.Order", err, "order", string(id))
}

// SaveOrder keeps o over the version that was read; kept is false when the database has another one.
func (Store) SaveOrder(tx *sqldb.Tx, o order.Order, from int64) (kept bool, err error) {
	const op = "records.SaveOrder"
	args, err := orderArgs(&o)
	if err != nil {
		return false, fault.Wrap(op, err)
	}
	query := insertOrder
	if from > 0 {
		query, args = updateOrder, append(args, from)
	}
	rows, err := tx.Exec(query, args...)
	return rows > 0, fault.Wrap(op, err)
}

// PlaceOrder keeps a position of the log, unless there is one already.
func (s Store) PlaceOrder(tx *sqldb.Tx, id order.ID, end bool, position uint64) (order.Order, error) {
	column := "position"
	if end {
		column = "end_position"
	}
	_, err := tx.Exec(`UPDATE city_order SET `+column+` = $2 WHERE id = $1 AND `+column+` = 0`, string(id), int64(position))
	if err != nil {
		return order.Order{}, fault.Wrap("records.PlaceOrder", err)
	}
	return s.Order(tx, id)
}

// LiveOrders are those to which something can still happen, the oldest first.
func (Store) LiveOrders(tx *sqldb.Tx) ([]order.Order, error) {
	found, err := collect(tx, func(r *sql.Rows) (order.Order, error) { return scanOrder(r) },
		`SELECT `+orderColumns+` FROM city_order WHERE status IN ('proposed', 'ordered') ORDER BY at, id`)
	return found, fault.Wrap("records.LiveOrders", err)
}

// UnplacedOrders counts what the log does not hold yet. What has run out before it was placed no longer matters.
func (Store) UnplacedOrders(tx *sqldb.Tx) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM city_order WHERE status IN ('ordered', 'ended') AND (position = 0 OR end_position = 0)
		AND (position = 0 OR status = 'ended')`).Scan(&n)
	return n, fault.Wrap("records.UnplacedOrders", err)
}

// FindOrders is one page of orders, the newest first.
func (Store) FindOrders(tx *sqldb.Tx, q orderdesk.Query) ([]order.Order, error) {
	w := &where{}
	if q.Status != "" {
		w.add("status = ?", string(q.Status))
	}
	if q.Kind != "" {
		w.add("kind = ?", string(q.Kind))
	}
	if q.After != nil {
		w.add("(at, id) < (?, ?)", q.After.At, string(q.After.ID))
	}
	found, err := collect(tx, func(r *sql.Rows) (order.Order, error) { return scanOrder(r) },
		`SELECT `+orderColumns+` FROM city_order`+w.String()+` ORDER BY at DESC, id DESC LIMIT `+w.arg(q.Limit), w.args...)
	return found, fault.Wrap("records.FindOrders", err)
}

func orderArgs(o *order.Order) ([]any, error) {
	scenarios, err := json.Marshal(o.Scenarios)
	if err != nil {
		return nil, err
	}
	subjects, err := json.Marshal(o.Subjects)
	if err != nil {
		return nil, err
	}
	return []any{
		string(o.ID), o.Version, string(o.Kind), string(o.Level), string(o.Area), string(scenarios), string(subjects), sqldb.Micros(o.From), sqldb.Micros(o.Until),
		string(o.Ground), o.Why, string(o.Status), string(o.Origin), o.Detection, o.By.ID, o.By.Name, sqldb.Micros(o.At),
		o.Second.ID, o.Second.Name, sqldb.Micros(o.SecondAt), o.EndedBy.ID, o.EndedBy.Name, sqldb.Micros(o.EndedAt), o.EndWhy,
	}, nil
}

func scanOrder(row scanner) (order.Order, error) {
	var o order.Order
	var from, until, at, second, ended, position, endPosition int64
	var scenarios, subjects string
	err := row.Scan(&o.ID, &o.Version, &o.Kind, &o.Level, &o.Area, &scenarios, &subjects, &from, &until, &o.Ground, &o.Why, &o.Status, &o.Origin, &o.Detection,
		&o.By.ID, &o.By.Name, &at, &o.Second.ID, &o.Second.Name, &second, &o.EndedBy.ID, &o.EndedBy.Name, &ended, &o.EndWhy, &position, &endPosition)
	if err != nil {
		return order.Order{}, err
	}
	o.From, o.Until, o.At, o.SecondAt, o.EndedAt = sqldb.FromMicros(from), sqldb.FromMicros(until), sqldb.FromMicros(at), sqldb.FromMicros(second), sqldb.FromMicros(ended)
	o.Position, o.EndPosition = uint64(position), uint64(endPosition)
	if err := json.Unmarshal([]byte(scenarios), &o.Scenarios); err != nil {
		return order.Order{}, err
	}
	return o, json.Unmarshal([]byte(subjects), &o.Subjects)
}
