package detect

import (
	"bytes"
	"encoding/json"

	"twoweave/internal/base/fault"
	"twoweave/internal/reform/pack"
)

// ControlKind says what a control message does.
type ControlKind string

// Activate puts packs in force from the message's position on, in every partition.
const Activate ControlKind = "activate"

// Activation is the body of an activate message.
type Activation struct {
	Kind       ControlKind     `json:"kind"`
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

// DecodeControl reads a control message. It is strict: a kind or a field that this program does not know is an Invalid fault, since skipping what it does
// not understand would make its findings differ from those of a program that does.
func DecodeControl(body []byte) (Activation, error) {
	const op = "detect.DecodeControl"
	var a Activation
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return Activation{}, &fault.Error{Kind: fault.Invalid, Op: op, Msg: "a control message of the log cannot be read by this program", Err: err}
	}
	if a.Kind != Activate || a.Activation == "" || d.More() {
		return Activation{}, fault.New(fault.Invalid, op, "a control message of the log has the kind %q; this program knows %q", a.Kind, Activate)
	}
	return a, nil
}
