package rule

import (
	"strconv"
	"strings"
	"time"
)

// String is the value as CEL writes it: "19", "0.5", "true", "duration("90s")"; "missing" for none. Texts are quoted.
func (v Value) String() string {
	switch v.kind {
	case Bool:
		return strconv.FormatBool(v.Bool())
	case Int:
		return strconv.FormatInt(v.Int(), 10)
	case Double:
		return number(v.Double())
	case String:
		return strconv.Quote(v.text)
	case Timestamp:
		return `timestamp("` + v.Time().Format(time.RFC3339Nano) + `")`
	case Duration:
		return `duration("` + v.Duration().String() + `")`
	}
	return "missing"
}

// number writes a double so that it is read back as one.
func number(f float64) string {
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if strings.ContainsAny(s, ".eIN") {
		return s
	}
	return s + ".0"
}
