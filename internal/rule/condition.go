package rule

import "strings"

// condition compiles a node of type bool.
func condition(x *expr) truthFn {
	switch x.op {
	case opConst:
		t := tri(x.value.bits)
		return func(*Row) tri { return t }
	case opVar:
		return flag(x.slot)
	case opHas:
		slot := x.slot
		return func(r *Row) tri { return truth(r.has(slot)) }
	case opNot:
		return not(condition(x.args[0]))
	case opAnd:
		return junction(x.args, isFalse)
	case opOr:
		return junction(x.args, isTrue)
	case opIf:
		return either(condition(x.args[0]), condition(x.args[1]), condition(x.args[2]))
	case opCompare:
		return compared(x)
	case opIn:
		return contained(x)
	case opPrefix:
		return tested(text(x.args[0]), text(x.args[1]), strings.HasPrefix)
	case opSuffix:
		return tested(text(x.args[0]), text(x.args[1]), strings.HasSuffix)
	case opContains:
		return tested(text(x.args[0]), text(x.args[1]), strings.Contains)
	case opMatches:
		return holding(text(x.args[0]), x.pattern.MatchString)
	case opConvert:
		return parsed(text(x.args[0]))
	}
	return nil
}

func flag(slot int) truthFn {
	return func(r *Row) tri {
		v, s := r.read(slot, Bool)
		if s != known {
			return s.tri()
		}
		return tri(v.bits)
	}
}

func not(a truthFn) truthFn {
	if a == nil {
		return nil
	}
	return func(r *Row) tri {
		t := a(r)
		if t <= isTrue {
			t ^= 1
		}
		return t
	}
}

// junction is && with decides = isFalse, || with decides = isTrue: a part that decides ends it; otherwise an unknown goes before an error, and
// the first error before later ones.
func junction(args []*expr, decides tri) truthFn {
	parts := make([]truthFn, len(args))
	for i, a := range args {
		if parts[i] = condition(a); parts[i] == nil {
			return nil
		}
	}
	if len(parts) == 2 {
		return junction2(parts[0], parts[1], decides)
	}
	return func(r *Row) tri {
		sum := decides ^ 1
		for _, part := range parts {
			t := part(r)
			if t == decides {
				return decides
			}
			sum = undecided(sum, t)
		}
		return sum
	}
}

func junction2(a, b truthFn, decides tri) truthFn {
	return func(r *Row) tri {
		s := a(r)
		if s == decides {
			return s
		}
		t := b(r)
		if t == decides {
			return t
		}
		return undecided(s, t)
	}
}

// undecided joins two truths of which none decides.
func undecided(sum, t tri) tri {
	if t <= isTrue || sum == isUnknown {
		return sum
	}
	if sum <= isTrue || t == isUnknown {
		return t
	}
	return sum
}

func either(c, a, b truthFn) truthFn {
	if c == nil || a == nil || b == nil {
		return nil
	}
	return func(r *Row) tri {
		switch t := c(r); t {
		case isTrue:
			return a(r)
		case isFalse:
			return b(r)
		default:
			return t
		}
	}
}

// tested asks something of two strings.
func tested(a, b stringFn, f func(a, b string) bool) truthFn {
	if a == nil || b == nil {
		return nil
	}
	return func(r *Row) tri {
		x, s := a(r)
		y, t := b(r)
		if s|t != known {
			return first(s, t).tri()
		}
		return truth(f(x, y))
	}
}

// holding asks something of one value.
func holding[T any](a func(*Row) (T, state), f func(T) bool) truthFn {
	if a == nil {
		return nil
	}
	return func(r *Row) tri {
		x, s := a(r)
		if s != known {
			return s.tri()
		}
		return truth(f(x))
	}
}

// parsed is bool(string).
func parsed(a stringFn) truthFn {
	if a == nil {
		return nil
	}
	return func(r *Row) tri {
		x, s := a(r)
		if s != known {
			return s.tri()
		}
		v, s := parse(x, Bool)
		if s != known {
			return s.tri()
		}
		return tri(v.bits)
	}
}
