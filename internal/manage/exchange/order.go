package exchange

import (
	"time"

	"twoweave/internal/base/ident"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casework"
	"twoweave/internal/registry"
)

// OrderID identifies an order between a peer and us.
type OrderID string

// Direction says whose order it is.
type Direction string

const (
	In  Direction = "in"  // the peer's, for us
	Out Direction = "out" // ours, for the peer
)

// Order is one matter between a peer and us. Treat it as a value.
type Order struct {
	ID         OrderID
	Version    int64
	Peer       PeerID
	Direction  Direction
	Number     string // given by whose order it is
	Ref        string // of Out: the peer's own number for it, once it has said so
	Content    string // of In: digest of what was ordered
	Report     casework.ReportID
	Unit       registry.UnitID // of Out: whose work it is
	Case       casework.ID
	CaseNumber string
	State      casework.State // of the case
	Word       string         // what the peer was told last
	Told       int64          // how many messages the peer was sent about it
	Heard      int64          // the highest number of the peer's answers about it
	Theirs     string         // what the peer said last: withdrawn, received, started, done, returned
	Ended      bool           // nothing more is told
	Note       lang.Text      // what had to be assumed when it was taken
	At         time.Time
	Updated    time.Time
}

// orderOf is the id of an order that a peer made.
func orderOf(p PeerID, number string) OrderID {
	return OrderID(ident.Derive("exchange", string(p), string(In), number))
}

// ours is the id of an order that we made.
func ours(p PeerID, number string) OrderID {
	return OrderID(ident.Derive("exchange", string(p), string(Out), number))
}

// with are the states of a case that is with the unit it was dispatched to.
var with = []casework.State{casework.Dispatched, casework.Handling, casework.Suspended, casework.Handled, casework.Verified}
