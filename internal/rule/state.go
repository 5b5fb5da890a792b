package rule

// state says how an evaluation went: known, unknown, or the EvalError of the same number.
type state uint8

const (
	known   state = 0
	unknown state = 1
)

func (s state) err() error {
	if s <= unknown {
		return nil
	}
	return EvalError(s)
}

// fails makes a state of an error.
func fails(e EvalError) state { return state(e) }

// first is CEL's answer of a strict operation over two parts of which at least one is not known: what the first such part says.
func first(a, b state) state {
	if a != known {
		return a
	}
	return b
}

// worst is the same for == and !=, where an error goes before an unknown.
func worst(a, b state) state {
	if a <= unknown && b > unknown {
		return b
	}
	return first(a, b)
}

// tri is a truth or what is there instead: 0 false, 1 true, and above that a state plus one.
type tri uint8

const (
	isFalse   tri = 0
	isTrue    tri = 1
	isUnknown tri = 2 // above it are errors
)

func (s state) tri() tri { return tri(s) + 1 }

// state is known for false and true.
func (t tri) state() state {
	if t <= isTrue {
		return known
	}
	return state(t - 1)
}

func truth(b bool) tri {
	if b {
		return isTrue
	}
	return isFalse
}

// read finds a slot's value; nil with unknown when it is missing.
func (r *Row) read(slot int, want Type) (*Value, state) {
	if uint(slot) >= uint(len(r.Slots)) {
		return nil, unknown
	}
	v := &r.Slots[slot]
	if v.kind == want {
		return v, known
	}
	return nil, v.mismatch()
}

// mismatch is why a value is not of the type wanted.
func (v *Value) mismatch() state {
	if v.kind == 0 {
		return unknown
	}
	return fails(WrongType)
}

func (r *Row) has(slot int) bool { return uint(slot) < uint(len(r.Slots)) && r.Slots[slot].kind != 0 }
