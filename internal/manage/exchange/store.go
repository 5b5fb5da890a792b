package exchange

import (
	"context"
	"encoding/json"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/matter"
	"twoweave/internal/platform/sqldb"
)

// Store is what the exchange keeps. Every method works in the caller's transaction. One thing that does not exist is a NotFound fault.
type Store interface {
	// KeepMessage keeps a message of a peer; when one with its ID is kept already, that one is the answer.
	KeepMessage(tx *sqldb.Tx, m Message) (kept Message, new bool, err error)
	// AnswerMessage notes what came of a message.
	AnswerMessage(tx *sqldb.Tx, m Message) error
	FindMessages(tx *sqldb.Tx, q MessageQuery) ([]Message, error)

	PeerOrder(tx *sqldb.Tx, id OrderID) (Order, error)
	// SavePeerOrder keeps an order over the version that was read, 0 for a new one. It is a Conflict when the kept version is another one.
	SavePeerOrder(tx *sqldb.Tx, o Order, from int64) error
	// OrdersOfCase are all orders about a case, the oldest first; OrdersOfReports those that came as one of the reports.
	OrdersOfCase(tx *sqldb.Tx, id casework.ID) ([]Order, error)
	OrdersOfReports(tx *sqldb.Tx, ids ...casework.ReportID) ([]Order, error)
	FindPeerOrders(tx *sqldb.Tx, q OrderQuery) ([]Order, error)

	// AppendFeed gives a line its place, after all lines of the peer that were ever committed, and keeps it.
	AppendFeed(tx *sqldb.Tx, l Line) error
	// Feed is the lines of a peer behind a place, in order.
	Feed(tx *sqldb.Tx, p PeerID, after int64, limit int) ([]Line, error)

	// Standing is how a peer does; a peer of which nothing is kept has the zero one.
	Standing(tx *sqldb.Tx, p PeerID) (Standing, error)
	// CountRefused notes that something of a peer was turned away at the door.
	CountRefused(tx *sqldb.Tx, p PeerID, at time.Time, why string) error
	// MovePull notes how far the peer's own messages were fetched, and when.
	MovePull(tx *sqldb.Tx, p PeerID, cursor string, at time.Time) error

	AppendAudit(tx *sqldb.Tx, all ...access.Audit) error
}

// Message is a message of a peer as it is kept.
type Message struct {
	ID      string // derived from peer and message
	Peer    PeerID
	Name    string // its own id
	Type    Type
	Order   OrderID
	Number  string // of the order
	Content string
	Way     Way
	At      time.Time
	Outcome Outcome
	Refused fault.Kind // with Answer, when Outcome is Refused
	Answer  []byte     // JSON: an Answer, or of a refusal its message
}

// Way is how a message came.
type Way string

const (
	Pushed Way = "pushed" // the peer sent it
	Pulled Way = "pulled" // we fetched it
)

// Outcome is what came of a message.
type Outcome string

const (
	Carried  Outcome = "carried"  // it was carried out
	Passed   Outcome = "passed"   // an answer older than one that was heard
	Refused  Outcome = "refused"  // by access or by the state of the case
	Conflict Outcome = "conflict" // another content under an id or a number that is known
)

// MessageQuery is messages, the latest first.
type MessageQuery struct {
	Peer    PeerID
	Refused bool // only those that were refused, or in conflict
	Order   OrderID
	Limit   int
}

// OrderQuery is one page of orders, the latest first.
type OrderQuery struct {
	Peer  PeerID
	Case  casework.ID
	After *Key
	Limit int
}

// Key is where a page ends.
type Key struct {
	At int64
	ID string
}

// Line is one line of a peer's feed.
type Line struct {
	Peer  PeerID
	Place int64 // from 1; given by the store
	ID    string
	Type  Type
	Order OrderID
	At    time.Time
	Data  json.RawMessage
}

// Standing is how a peer does.
type Standing struct {
	Heard     time.Time // when its last message came
	Told      time.Time // when the last line for it was written
	Lines     int64
	Messages  int64
	Refusals  int64 // messages that were refused, or in conflict
	Turned    int64 // what was turned away at the door: wrong signature, unreadable
	TurnedAt  time.Time
	TurnedWhy string
	Cursor    string // of its own messages
	PulledAt  time.Time
	Orders    int64
}

// Intake is an order of a peer as the case desk takes it.
type Intake struct {
	Name, Phone string
	Text        string
	Class       matter.ClassID
	Area        event.AreaCode
	Place       casework.Place
	Join        bool // to an open case of its class at its place, when there is one
}

// Prepared is an intake that was checked.
type Prepared struct {
	Report casework.ReportID
	// Take takes it in a transaction, as part of a case when one is named. The audit is that of a refusal.
	Take func(tx *sqldb.Tx, into casework.ID) (access.Audit, error)
}

// Cases is the case desk as the exchange uses it.
type Cases interface {
	// Prepare checks what is to be taken as a report, outside of a transaction. Prepared twice with one key it is the same report.
	Prepare(ctx context.Context, who access.Actor, key string, in Intake) (Prepared, error)
	// Do gives a case a command in the caller's transaction, as the case is now. The audit is that of a refusal.
	Do(tx *sqldb.Tx, id casework.ID, cmd casework.Command, who access.Actor) (access.Audit, error)
	Case(tx *sqldb.Tx, id casework.ID) (casework.Case, error)
	// Words are what reporters said about a case, the first first.
	Words(tx *sqldb.Tx, id casework.ID) ([]string, error)
	// Takers are who took the reports of a case: accounts and peers, each once.
	Takers(tx *sqldb.Tx, id casework.ID) ([]string, error)
	// Wake is called after a commit.
	Wake()
}
