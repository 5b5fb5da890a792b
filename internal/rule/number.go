package rule

import (
	"math"
	"time"
	"unicode/utf8"
)

// whole compiles a node of type int or duration.
func whole(x *expr) intFn {
	switch x.op {
	case opConst:
		return fixed(x.value.bits)
	case opVar:
		slot, kind := x.slot, x.kind
		return func(r *Row) (int64, state) {
			v, s := r.read(slot, kind)
			if s != known {
				return 0, s
			}
			return v.bits, known
		}
	case opIf:
		return choice(condition(x.args[0]), whole(x.args[1]), whole(x.args[2]))
	case opSub:
		if x.args[0].kind == Timestamp {
			return paired(moment(x.args[0]), moment(x.args[1]), instant.since)
		}
		return paired(whole(x.args[0]), whole(x.args[1]), subtract)
	case opAdd:
		return paired(whole(x.args[0]), whole(x.args[1]), add)
	case opMul:
		return paired(whole(x.args[0]), whole(x.args[1]), multiply)
	case opDiv:
		return paired(whole(x.args[0]), whole(x.args[1]), divide)
	case opMod:
		return paired(whole(x.args[0]), whole(x.args[1]), modulo)
	case opNegate:
		return mapped(whole(x.args[0]), negate)
	case opSize:
		return mapped(text(x.args[0]), func(s string) (int64, state) { return int64(utf8.RuneCountInString(s)), known })
	case opPart:
		return partFn(x)
	case opConvert:
		return toWhole(x.kind, x.args[0])
	}
	return nil
}

// partFn is getHours and its like.
func partFn(x *expr) intFn {
	p := x.part
	if x.args[0].kind == Duration {
		return mapped(whole(x.args[0]), func(d int64) (int64, state) { return p.ofDuration(time.Duration(d)), known })
	}
	zone := x.zone
	if zone == nil {
		zone = time.UTC
	}
	return mapped(moment(x.args[0]), func(t instant) (int64, state) { return p.ofTime(t.in(zone)), known })
}

// toWhole is int() and duration().
func toWhole(kind Type, from *expr) intFn {
	switch from.kind {
	case String:
		return mapped(text(from), func(s string) (int64, state) {
			v, st := parse(s, kind)
			return v.bits, st
		})
	case Double:
		return mapped(double(from), truncate)
	case Timestamp:
		return mapped(moment(from), func(t instant) (int64, state) { return t.seconds, known })
	case Duration:
		return whole(from)
	}
	return nil
}

func add(x, y int64) (int64, state) {
	if sum := x + y; (sum > x) == (y > 0) {
		return sum, known
	}
	return 0, fails(IntOverflow)
}

func subtract(x, y int64) (int64, state) {
	if difference := x - y; (difference < x) == (y > 0) {
		return difference, known
	}
	return 0, fails(IntOverflow)
}

func multiply(x, y int64) (int64, state) {
	if x == 0 || y == 0 {
		return 0, known
	}
	product := x * y
	if product/y != x || x == -1 && y == math.MinInt64 || y == -1 && x == math.MinInt64 {
		return 0, fails(IntOverflow)
	}
	return product, known
}

func divide(x, y int64) (int64, state) {
	switch {
	case y == 0:
		return 0, fails(DivideByZero)
	case x == math.MinInt64 && y == -1:
		return 0, fails(IntOverflow)
	}
	return x / y, known
}

func modulo(x, y int64) (int64, state) {
	switch {
	case y == 0:
		return 0, fails(ModulusByZero)
	case x == math.MinInt64 && y == -1:
		return 0, fails(IntOverflow)
	}
	return x % y, known
}

func negate(x int64) (int64, state) {
	if x == math.MinInt64 {
		return 0, fails(IntOverflow)
	}
	return -x, known
}

// truncate is int(double); as in cel-go the two ends of the range are outside it.
func truncate(f float64) (int64, state) {
	if f > math.MinInt64 && f < math.MaxInt64 {
		return int64(f), known
	}
	return 0, fails(IntOverflow)
}

// double compiles a node of type double.
func double(x *expr) doubleFn {
	switch x.op {
	case opConst:
		return fixed(x.value.Double())
	case opVar:
		slot := x.slot
		return func(r *Row) (float64, state) {
			v, s := r.read(slot, Double)
			if s != known {
				return 0, s
			}
			return v.Double(), known
		}
	case opIf:
		return choice(condition(x.args[0]), double(x.args[1]), double(x.args[2]))
	case opAdd:
		return paired(double(x.args[0]), double(x.args[1]), func(a, b float64) (float64, state) { return a + b, known })
	case opSub:
		return paired(double(x.args[0]), double(x.args[1]), func(a, b float64) (float64, state) { return a - b, known })
	case opMul:
		return paired(double(x.args[0]), double(x.args[1]), func(a, b float64) (float64, state) { return a * b, known })
	case opDiv:
		return paired(double(x.args[0]), double(x.args[1]), func(a, b float64) (float64, state) { return a / b, known })
	case opNegate:
		return mapped(double(x.args[0]), func(a float64) (float64, state) { return -a, known })
	case opConvert:
		return toDouble(x.args[0])
	}
	return nil
}

func toDouble(from *expr) doubleFn {
	switch from.kind {
	case Int:
		return mapped(whole(from), func(i int64) (float64, state) { return float64(i), known })
	case String:
		return mapped(text(from), func(s string) (float64, state) {
			v, st := parse(s, Double)
			return v.Double(), st
		})
	}
	return nil
}
