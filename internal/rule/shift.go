package rule

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Shift is src with one of its constants a little different; it still type-checks. A factor of 1 or more moves up, one below 1 down: a double is
// multiplied (15.0 by 1.1 is 16.5), an int moves by one, a timestamp by a second, a duration by one of the smallest unit it is written with.
// A bool is turned around, a text gets a ~ at its end, a time zone is another one, whatever the factor. At the end of a range the step goes the
// other way. The constant must be one of src's own.
func Shift(src string, c Constant, factor float64) string {
	if c.Offset < 0 || c.Length <= 0 || c.Offset+c.Length > len(src) {
		return src
	}
	return src[:c.Offset] + shifted(src[c.Offset:c.Offset+c.Length], c, factor >= 1, factor) + src[c.Offset+c.Length:]
}

func shifted(literal string, c Constant, up bool, factor float64) string {
	switch c.Kind {
	case BoolConstant:
		return strconv.FormatBool(!c.Value.Bool())
	case IntConstant:
		return strconv.FormatInt(step(c.Value.Int(), 1, up), 10)
	case DoubleConstant:
		return shiftedDouble(c.Value.Double(), factor)
	case TimestampConstant:
		return shiftedTime(c.Value, literal, up)
	case DurationConstant:
		if c.Value.kind != Duration {
			return altered(literal)
		}
		return strconv.Quote(time.Duration(step(c.Value.Int(), int64(smallestUnit(literal)), up)).String())
	case ZoneConstant:
		if c.Value.text == "UTC" {
			return `"Asia/Shanghai"`
		}
		return `"UTC"`
	}
	return altered(literal)
}

// step moves by one step, back where forth would overflow.
func step(v, by int64, up bool) int64 {
	if !up {
		by = -by
	}
	if moved, s := add(v, by); s == known {
		return moved
	}
	return v - by
}

func shiftedDouble(v, factor float64) string {
	moved := v * factor
	if v == 0 {
		moved = factor - 1
	}
	if rounded, err := strconv.ParseFloat(strconv.FormatFloat(moved, 'g', 12, 64), 64); err == nil && rounded != v {
		moved = rounded // 16.5, not 16.500000000000004
	}
	if math.IsInf(moved, 0) || math.IsNaN(moved) || moved == v {
		moved = v / 2
	}
	if moved == v {
		moved = v + 1
	}
	text := strconv.FormatFloat(moved, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}

func shiftedTime(v Value, literal string, up bool) string {
	if v.kind != Timestamp {
		return altered(literal)
	}
	by := second
	if !up {
		by = -by
	}
	moved, s := instantOf(v).plus(by)
	if s != known {
		moved, _ = instantOf(v).plus(-by)
	}
	return fmt.Sprintf("%q", moved.in(time.UTC).Format(time.RFC3339Nano))
}

// smallestUnit is the last unit that a duration is written with.
func smallestUnit(literal string) time.Duration {
	text := strings.Trim(literal, `rR"'`)
	for _, u := range []struct {
		suffix string
		unit   time.Duration
	}{{"ns", 1}, {"us", time.Microsecond}, {"µs", time.Microsecond}, {"μs", time.Microsecond}, {"ms", time.Millisecond}, {"s", time.Second},
		{"m", time.Minute}, {"h", time.Hour}} {
		if strings.HasSuffix(text, u.suffix) {
			return u.unit
		}
	}
	return time.Second
}

// altered puts a ~ before the closing quote.
func altered(literal string) string {
	quote := 1
	if strings.HasSuffix(literal, `"""`) || strings.HasSuffix(literal, `'''`) {
		if opening := strings.TrimLeft(literal, "rR"); strings.HasPrefix(opening, `"""`) || strings.HasPrefix(opening, `'''`) {
			quote = 3
		}
	}
	end := len(literal) - quote
	return literal[:end] + "~" + literal[end:]
}
