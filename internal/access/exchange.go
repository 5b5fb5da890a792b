package access

// Peer is another system with which work orders are exchanged. What it may do to cases follows from a second role that it is given, and its unit.
const Peer Role = "peer"

// What is done with the orders of other systems.
const (
	SendOrder    Action = "exchange.send" // a work order, or a word about one; and reading the own ones
	ReadExchange Action = "exchange.read" // how each peer does, and its orders
)

// Exchange is the purpose of what travels between systems.
const Exchange Purpose = "exchange"

var exchange = []Purpose{Exchange}

// exchanges are the rows of the work-order exchange. Which orders are a peer's own, the exchange knows; these say who may be asked at all.
var exchanges = []row{
	{Peer, SendOrder, exchange, nil},

	{Operator, ReadExchange, exchange, nil},
	{Dispatcher, ReadExchange, exchange, nil},
	{Admin, ReadExchange, exchange, nil},
}
