package rule

import (
	"strconv"
	"strings"
	"time"
)

// text compiles a node of type string.
func text(x *expr) stringFn {
	switch x.op {
	case opConst:
		return fixed(x.value.text)
	case opVar:
		slot := x.slot
		return func(r *Row) (string, state) {
			v, s := r.read(slot, String)
			if s != known {
				return "", s
			}
			return v.text, known
		}
	case opIf:
		return choice(condition(x.args[0]), text(x.args[1]), text(x.args[2]))
	case opJoin:
		return joined(x.args)
	case opConvert:
		return toText(x.args[0])
	}
	return nil
}

// maxOnStack is how many parts are joined without a second allocation.
const maxOnStack = 8

// joined allocates once, for the result.
func joined(args []*expr) stringFn {
	parts := make([]stringFn, len(args))
	for i, a := range args {
		if parts[i] = text(a); parts[i] == nil {
			return nil
		}
	}
	return func(r *Row) (string, state) {
		var space [maxOnStack]string
		words := space[:0]
		for _, part := range parts {
			word, s := part(r)
			if s != known {
				return "", s
			}
			words = append(words, word)
		}
		return strings.Join(words, ""), known
	}
}

func toText(from *expr) stringFn {
	switch from.kind {
	case Bool:
		return mapped(bit(condition(from)), func(i int64) (string, state) { return strconv.FormatBool(i == 1), known })
	case Int:
		return mapped(whole(from), func(i int64) (string, state) { return strconv.FormatInt(i, 10), known })
	case Double:
		return mapped(double(from), func(f float64) (string, state) { return doubleText(f), known })
	case Duration:
		return mapped(whole(from), func(d int64) (string, state) { return durationText(time.Duration(d)), known })
	}
	return nil
}
