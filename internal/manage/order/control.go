package order

import (
	"bytes"
	"encoding/json"

	"twoweave/internal/base/fault"
)

// Kind says what a control message of the log orders.
type Kind string

const (
	PutState   Kind = "state"   // put a State in force, or replace the one with its id
	PutSilence Kind = "silence" // likewise a Silence
	TakeBack   Kind = "end"     // take back the order with the id
)

// Control is the body of a control message that holds an order. It takes effect from its position in the log, in every partition.
type Control struct {
	Kind    Kind     `json:"kind"`
	State   *State   `json:"state,omitempty"`
	Silence *Silence `json:"silence,omitempty"`
	ID      string   `json:"id,omitempty"` // of the order that is taken back
}

// Encode is the message's body.
func (c Control) Encode() []byte {
	b, _ := json.Marshal(c) // texts and times always marshal
	return b
}

// Known says whether a kind is one of this package's.
func (k Kind) Known() bool { return k == PutState || k == PutSilence || k == TakeBack }

// Decode reads a control message of a known kind. It is strict: what this program does not understand is an Invalid fault, since passing over it would
// make its findings differ from those of a program that does.
func Decode(body []byte) (Control, error) {
	const op = "order.Decode"
	var c Control
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Control{}, &fault.Error{Kind: fault.Invalid, Op: op, Msg: "an order of the log cannot be read by this program", Err: err}
	}
	whole := map[Kind]bool{
		PutState:   c.State != nil && c.State.ID != "" && c.State.Level.Rank() >= 0,
		PutSilence: c.Silence != nil && c.Silence.ID != "",
		TakeBack:   c.ID != "",
	}
	if !whole[c.Kind] {
		return Control{}, fault.New(fault.Invalid, op, "an order of the log, of the kind %q, is not whole", c.Kind)
	}
	return c, nil
}

// Apply changes the table as a control message says.
func (t *Table) Apply(c Control) {
	switch c.Kind {
	case PutState:
		t.Put(*c.State)
	case PutSilence:
		t.Hush(*c.Silence)
	case TakeBack:
		t.End(c.ID)
	}
}
