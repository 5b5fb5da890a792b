package detect

import (
	"bytes"
	"encoding/json"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/order"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// Activate puts packs in force from the message's position on, in every partition. The other kinds of control messages are orders.
const Activate order.Kind = "activate"

// Activation is the body of an activate message.
type Activation struct {
	Kind       order.Kind      `json:"kind"`
	Activation string          `json:"activation"` // pack.Set.Activation
	Packs      []ActivatedPack `json:"packs"`
}

// ActivatedPack names one pack's content.
type ActivatedPack struct {
	Name    string    `json:"name"`
	Version int       `json:"version"`
	Hash    pack.Hash `json:"hash"`
}

// ActivationOf is the message that puts a set in force.
func ActivationOf(set *pack.Set) Activation {
	a := Activation{Kind: Activate, Activation: set.Activation}
	for _, p := range set.Packs {
		a.Packs = append(a.Packs, ActivatedPack{Name: p.Name, Version: p.Version, Hash: p.Hash()})
	}
	return a
}

// Encode is the message's body.
func (a Activation) Encode() []byte {
	b, _ := json.Marshal(a) // strings and numbers always marshal
	return b
}

// Control is a control message of the log: an Activation, or an order.
type Control struct {
	Activation *Activation
	Order      *order.Control
}

// DecodeControl reads a control message. It is strict: a kind or a field that this program does not know is an Invalid fault, since skipping what it does
// not understand would make its findings differ from those of a program that does.
func DecodeControl(body []byte) (Control, error) {
	var head struct {
		Kind order.Kind `json:"kind"`
	}
	if json.Unmarshal(body, &head) == nil && head.Kind.Known() {
		o, err := order.Decode(body)
		return Control{Order: &o}, fault.Wrap("detect.DecodeControl", err)
	}
	a, err := decodeActivation(body)
	return Control{Activation: &a}, err
}

func decodeActivation(body []byte) (Activation, error) {
	const op = "detect.DecodeControl"
	var a Activation
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return Activation{}, &fault.Error{Kind: fault.Invalid, Op: op, Msg: "a control message of the log cannot be read by this program", Err: err}
	}
	if a.Kind != Activate || a.Activation == "" || d.More() {
		return Activation{}, fault.New(fault.Invalid, op, "a control message of the log has the kind %q; this program knows %q and those of orders", a.Kind, Activate)
	}
	return a, nil
}

// Order applies an order at the position of its control message: from there on it is in force, or taken back.
func (p *Partition) Order(seq bus.Seq, c order.Control) Output {
	p.advance(seq, p.clock)
	p.orders.Apply(c)
	if c.Kind == order.TakeBack {
		p.wakeHushed()
	}
	return p.take()
}
