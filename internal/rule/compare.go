package rule

import (
	"cmp"
	"slices"
)

// compared compiles a comparison. One of a variable with a literal, which most rules are made of, is a single closure.
func compared(x *expr) truthFn {
	a, b := x.args[0], x.args[1]
	if a.op == opVar && b.op == opConst && a.kind == b.kind {
		if f := threshold(a.slot, b.value, x.mask); f != nil {
			return f
		}
	}
	switch {
	case a.kind == Double || b.kind == Double:
		return comparedDoubles(numeric(a), numeric(b), x.mask)
	case a.kind != b.kind:
		return nil
	}
	switch a.kind {
	case Int, Duration:
		return comparedBy(whole(a), whole(b), x.mask, cmp.Compare[int64])
	case String:
		return comparedBy(text(a), text(b), x.mask, cmp.Compare[string])
	case Timestamp:
		return comparedBy(moment(a), moment(b), x.mask, instant.compare)
	case Bool:
		return comparedBy(bit(condition(a)), bit(condition(b)), x.mask, cmp.Compare[int64])
	}
	return nil
}

// outcome is the order that -1, 0 or 1 stands for.
func outcome(sign int) order { return 1 << (sign + 1) }

// missed is the answer of a comparison of which a part is not known.
func missed(a, b state, mask order) tri {
	if mask.equality() {
		return worst(a, b).tri()
	}
	return first(a, b).tri()
}

func comparedBy[T any](a, b func(*Row) (T, state), mask order, compare func(a, b T) int) truthFn {
	if a == nil || b == nil {
		return nil
	}
	return func(r *Row) tri {
		x, s := a(r)
		y, t := b(r)
		if s|t != known {
			return missed(s, t, mask)
		}
		return truth(mask&outcome(compare(x, y)) != 0)
	}
}

// bit reads a bool as 0 or 1: CEL orders false before true.
func bit(a truthFn) intFn {
	if a == nil {
		return nil
	}
	return func(r *Row) (int64, state) {
		t := a(r)
		return int64(t), t.state()
	}
}

func comparedDoubles(a, b doubleFn, mask order) truthFn {
	if a == nil || b == nil {
		return nil
	}
	return func(r *Row) tri {
		x, s := a(r)
		y, t := b(r)
		if s|t != known {
			return missed(s, t, mask)
		}
		return doubles(x, y, mask)
	}
}

func doubles(x, y float64, mask order) tri {
	switch {
	case x < y:
		return truth(mask&less != 0)
	case x > y:
		return truth(mask&greater != 0)
	case x == y:
		return truth(mask&equal != 0)
	}
	return truth(mask == isNotEqual) // NaN is unequal to everything and in no order
}

// numeric reads an int as a double beside one. That orders as cel-go does, which looks at the size first where an int rounds up to 2^63.
func numeric(x *expr) doubleFn {
	if x.kind == Int {
		return toDouble(x)
	}
	return double(x)
}

// threshold compares a variable with a literal; nil for types that are compared rarely.
func threshold(slot int, limit Value, mask order) truthFn {
	switch limit.kind {
	case Double:
		return doubleThreshold(slot, limit.Double(), mask)
	case Int, Duration:
		return wholeThreshold(slot, limit.kind, limit.bits, mask)
	case String:
		if mask.equality() {
			return stringEquality(slot, limit.text, mask == isEqual)
		}
	}
	return nil
}

func doubleThreshold(slot int, limit float64, mask order) truthFn {
	return func(r *Row) tri {
		v, s := r.read(slot, Double)
		if s != known {
			return s.tri()
		}
		return doubles(v.Double(), limit, mask)
	}
}

func wholeThreshold(slot int, kind Type, limit int64, mask order) truthFn {
	return func(r *Row) tri {
		v, s := r.read(slot, kind)
		if s != known {
			return s.tri()
		}
		return truth(mask&outcome(cmp.Compare(v.bits, limit)) != 0)
	}
}

func stringEquality(slot int, want string, same bool) truthFn {
	return func(r *Row) tri {
		v, s := r.read(slot, String)
		if s != known {
			return s.tri()
		}
		return truth((v.text == want) == same)
	}
}

// contained compiles "in" over literals.
func contained(x *expr) truthFn {
	a := x.args[0]
	switch a.kind {
	case Int, Duration:
		return holding(whole(a), among(x.set, func(v Value) int64 { return v.bits }))
	case String:
		return holding(text(a), among(x.set, func(v Value) string { return v.text }))
	case Double:
		set := values(x.set, Value.Double)
		return holding(double(a), func(f float64) bool { return slices.Contains(set, f) }) // NaN is in no list
	case Timestamp:
		return holding(moment(a), among(x.set, instantOf))
	case Bool:
		return holding(bit(condition(a)), among(x.set, func(v Value) int64 { return v.bits }))
	}
	return nil
}

func values[T any](set []Value, of func(Value) T) []T {
	list := make([]T, len(set))
	for i, v := range set {
		list[i] = of(v)
	}
	return list
}

// maxLinear is the length up to which looking at each item is faster than hashing.
const maxLinear = 8

func among[T comparable](set []Value, of func(Value) T) func(T) bool {
	list := values(set, of)
	if len(list) <= maxLinear {
		return func(x T) bool { return slices.Contains(list, x) }
	}
	table := make(map[T]struct{}, len(list))
	for _, v := range list {
		table[v] = struct{}{}
	}
	return func(x T) bool { _, ok := table[x]; return ok }
}
