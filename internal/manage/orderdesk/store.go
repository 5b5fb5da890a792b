package orderdesk

import (
	"twoweave/internal/manage/order"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
)

// Store is what the desk keeps. Every method works in the caller's transaction.
type Store interface {
	// Order is an order with its version, for SaveOrder; a NotFound fault when there is none.
	Order(tx *sqldb.Tx, id order.ID) (order.Order, error)
	// SaveOrder keeps an order over the version `from` that was read (0 = it is new). It does not touch the positions. kept is false when the
	// kept version is another one, or when a new order is there already.
	SaveOrder(tx *sqldb.Tx, o order.Order, from int64) (kept bool, err error)
	// PlaceOrder keeps where the log holds an order or, with end, its end, and returns the order with it. The first position of each stays.
	PlaceOrder(tx *sqldb.Tx, id order.ID, end bool, position uint64) (order.Order, error)
	// LiveOrders are those proposed or ordered, the oldest first.
	LiveOrders(tx *sqldb.Tx) ([]order.Order, error)
	// UnplacedOrders counts orders and ends that wait for their position in the log.
	UnplacedOrders(tx *sqldb.Tx) (int, error)
	// FindOrders is one page of a query, the newest first.
	FindOrders(tx *sqldb.Tx, q Query) ([]order.Order, error)

	command.Store // audit facts, and answers under idempotency keys
}

// Query is one page of the orders that fit the fields that are set.
type Query struct {
	Status order.Status
	Kind   order.Kind
	After  *Key
	Limit  int
}

// Key is where a page ends.
type Key struct {
	At int64 // when the last one was given, in microseconds
	ID order.ID
}
