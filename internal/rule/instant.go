package rule

import (
	"cmp"
	"time"
)

// instant is a timestamp: Unix seconds and nanoseconds within the second.
type instant struct {
	seconds int64
	nanos   int32
}

func instantOf(v Value) instant { return instant{v.bits, v.nanos} }

func (t instant) value() Value { return Value{bits: t.seconds, nanos: t.nanos, kind: Timestamp} }

func (t instant) in(zone *time.Location) time.Time {
	return time.Unix(t.seconds, int64(t.nanos)).In(zone)
}

func (t instant) compare(u instant) int {
	if t.seconds != u.seconds {
		return cmp.Compare(t.seconds, u.seconds)
	}
	return cmp.Compare(t.nanos, u.nanos)
}

const second = int64(time.Second)

// since is t - u.
func (t instant) since(u instant) (int64, state) {
	scaled, s := multiply(t.seconds-u.seconds, second)
	if s != known {
		return 0, s
	}
	return add(scaled, int64(t.nanos)-int64(u.nanos))
}

// plus is t + d.
func (t instant) plus(d int64) (instant, state) {
	seconds, nanos := t.seconds+d/second, int64(t.nanos)+d%second
	switch {
	case nanos < 0:
		seconds, nanos = seconds-1, nanos+second
	case nanos >= second:
		seconds, nanos = seconds+1, nanos-second
	}
	if seconds < minUnix || seconds > maxUnix {
		return instant{}, fails(TimestampOverflow)
	}
	return instant{seconds, int32(nanos)}, known
}

// minus is t - d; as in cel-go the smallest duration has no opposite.
func (t instant) minus(d int64) (instant, state) {
	opposite, s := negate(d)
	if s != known {
		return instant{}, s
	}
	return t.plus(opposite)
}

// moment compiles a node of type timestamp.
func moment(x *expr) instantFn {
	switch x.op {
	case opConst:
		return fixed(instantOf(x.value))
	case opVar:
		slot := x.slot
		return func(r *Row) (instant, state) {
			v, s := r.read(slot, Timestamp)
			if s != known {
				return instant{}, s
			}
			return instantOf(*v), known
		}
	case opIf:
		return choice(condition(x.args[0]), moment(x.args[1]), moment(x.args[2]))
	case opAdd:
		if x.args[0].kind == Duration {
			return paired(whole(x.args[0]), moment(x.args[1]), func(d int64, t instant) (instant, state) { return t.plus(d) })
		}
		return paired(moment(x.args[0]), whole(x.args[1]), instant.plus)
	case opSub:
		return paired(moment(x.args[0]), whole(x.args[1]), instant.minus)
	case opConvert:
		return toMoment(x.args[0])
	}
	return nil
}

func toMoment(from *expr) instantFn {
	switch from.kind {
	case Int:
		return mapped(whole(from), func(i int64) (instant, state) {
			if i < minUnix || i > maxUnix {
				return instant{}, fails(TimestampOverflow)
			}
			return instant{seconds: i}, known
		})
	case String:
		return mapped(text(from), func(s string) (instant, state) {
			v, st := parse(s, Timestamp)
			return instantOf(v), st
		})
	}
	return nil
}
