package rule

// The typed tree becomes one closure per node, built for the type of its result. Closures for numbers, strings and times return a value and a
// state; those for bools return a tri, which is both. None allocates, but for joining and writing strings.
type (
	truthFn   func(*Row) tri
	intFn     func(*Row) (int64, state) // also durations
	doubleFn  func(*Row) (float64, state)
	stringFn  func(*Row) (string, state)
	instantFn func(*Row) (instant, state)
	scalarFn  func(*Row) (Value, state)
)

// compile gives the program its closures; false when the rule is outside the subset.
func (p *Program) compile() bool {
	x := p.checked.lower()
	if x == nil {
		return false
	}
	if x.kind == Bool {
		p.condition = condition(x)
		return p.condition != nil
	}
	p.scalar = scalar(x)
	return p.scalar != nil
}

// scalar boxes the result of a rule that is no condition.
func scalar(x *expr) scalarFn {
	switch x.kind {
	case Int, Duration:
		kind := x.kind
		return boxed(whole(x), func(i int64) Value { return Value{bits: i, kind: kind} })
	case Double:
		return boxed(double(x), DoubleValue)
	case String:
		return boxed(text(x), StringValue)
	case Timestamp:
		return boxed(moment(x), instant.value)
	}
	return nil
}

func boxed[T any](f func(*Row) (T, state), box func(T) Value) scalarFn {
	if f == nil {
		return nil
	}
	return func(r *Row) (Value, state) {
		v, s := f(r)
		if s != known {
			return Value{}, s
		}
		return box(v), known
	}
}

// choice is c ? a : b.
func choice[T any](c truthFn, a, b func(*Row) (T, state)) func(*Row) (T, state) {
	if c == nil || a == nil || b == nil {
		return nil
	}
	return func(r *Row) (T, state) {
		switch t := c(r); t {
		case isTrue:
			return a(r)
		case isFalse:
			return b(r)
		default:
			var none T
			return none, t.state()
		}
	}
}

// fixed is a constant.
func fixed[T any](v T) func(*Row) (T, state) {
	return func(*Row) (T, state) { return v, known }
}

// mapped applies f to a known value; f may fail.
func mapped[A, B any](a func(*Row) (A, state), f func(A) (B, state)) func(*Row) (B, state) {
	if a == nil {
		return nil
	}
	return func(r *Row) (B, state) {
		x, s := a(r)
		if s != known {
			var none B
			return none, s
		}
		return f(x)
	}
}

// paired applies f to two known values; f may fail.
func paired[A, B, C any](a func(*Row) (A, state), b func(*Row) (B, state), f func(A, B) (C, state)) func(*Row) (C, state) {
	if a == nil || b == nil {
		return nil
	}
	return func(r *Row) (C, state) {
		x, s := a(r)
		y, t := b(r)
		if s|t != known {
			var none C
			return none, first(s, t)
		}
		return f(x, y)
	}
}
