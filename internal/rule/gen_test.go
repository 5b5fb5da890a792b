package rule

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

// testEnv has three variables of each type, so that generated rules often meet the same one twice.
func testEnv(t testing.TB) *Env {
	t.Helper()
	var vars []Var
	for kind := Bool; kind <= Duration; kind++ {
		for _, suffix := range []string{"", "_b"} {
			vars = append(vars, Var{"data." + kind.String() + "_a" + suffix, kind})
		}
		vars = append(vars, Var{kind.String() + "_top", kind})
	}
	env, err := NewEnv(vars)
	if err != nil {
		t.Fatal(err)
	}
	return env
}

// picker chooses; rapid shrinks what it chose, math/rand is fast.
type picker interface{ IntN(n int) int }

func oneOf[T any](p picker, list ...T) T { return list[p.IntN(len(list))] }

// writer writes random well-typed rules.
type writer struct{ picker }

func (w writer) variable(kind Type) string {
	return oneOf(w.picker, "data."+kind.String()+"_a", "data."+kind.String()+"_a_b", kind.String()+"_top")
}

func (w writer) pair(kind Type, depth int) (string, string) {
	return w.expr(kind, depth-1), w.expr(kind, depth-1)
}

func (w writer) expr(kind Type, depth int) string {
	if depth <= 0 || w.IntN(8) == 0 {
		if w.IntN(2) == 0 {
			return w.variable(kind)
		}
		return w.literal(kind)
	}
	if w.IntN(10) == 0 {
		a, b := w.pair(kind, depth)
		return fmt.Sprintf("(%s ? %s : %s)", w.expr(Bool, depth-1), a, b)
	}
	switch kind {
	case Bool:
		return w.condition(depth)
	case Int:
		return w.whole(depth)
	case Double:
		return w.double(depth)
	case String:
		return w.text(depth)
	case Timestamp:
		return w.moment(depth)
	}
	return w.span(depth)
}

func (w writer) condition(depth int) string {
	kind := Type(1 + w.IntN(int(Duration)))
	a, b := w.pair(kind, depth)
	switch w.IntN(10) {
	case 0, 1:
		c, d := w.pair(Bool, depth)
		return fmt.Sprintf("(%s %s %s)", c, oneOf(w.picker, "&&", "||"), d)
	case 2:
		c, d := w.pair(Bool, depth)
		return fmt.Sprintf("(%s %s %s %[2]s %[4]s)", c, oneOf(w.picker, "&&", "||"), d, w.expr(Bool, depth-1))
	case 3:
		return "!" + w.expr(Bool, depth-1)
	case 4:
		return fmt.Sprintf("(%s %s %s)", a, oneOf(w.picker, "==", "!="), b)
	case 5, 6:
		return fmt.Sprintf("(%s %s %s)", a, oneOf(w.picker, "<", "<=", ">", ">="), b)
	case 7:
		mixed := []string{w.expr(Int, depth-1), w.expr(Double, depth-1)}
		first := w.IntN(2)
		return fmt.Sprintf("(%s %s %s)", mixed[first], oneOf(w.picker, "<", "<=", ">", ">="), mixed[1-first])
	case 8:
		items := make([]string, 1+w.IntN(12))
		for i := range items {
			items[i] = w.literal(kind)
		}
		return fmt.Sprintf("(%s in [%s])", a, strings.Join(items, ", "))
	}
	return w.asking(depth)
}

func (w writer) asking(depth int) string {
	a, b := w.pair(String, depth)
	switch w.IntN(4) {
	case 0:
		return "has(" + w.variable(Type(1+w.IntN(int(Duration)))) + ")"
	case 1:
		return fmt.Sprintf("%s.matches(%s)", a, oneOf(w.picker, `"^a"`, `"水.*"`, `"[0-9]+$"`, `""`, `"(?i)B"`))
	case 2:
		return fmt.Sprintf("bool(%s)", a)
	}
	return fmt.Sprintf("%s.%s(%s)", a, oneOf(w.picker, "startsWith", "endsWith", "contains"), b)
}

func (w writer) whole(depth int) string {
	a, b := w.pair(Int, depth)
	switch w.IntN(9) {
	case 0:
		return fmt.Sprintf("size(%s)", w.expr(String, depth-1))
	case 1:
		return w.expr(String, depth-1) + ".size()"
	case 2:
		return fmt.Sprintf("int(%s)", w.expr(oneOf(w.picker, Int, Double, String, Timestamp, Duration), depth-1))
	case 3:
		return fmt.Sprintf("-(%s)", a)
	case 4:
		return w.expr(Duration, depth-1) + oneOf(w.picker, ".getHours()", ".getMinutes()", ".getSeconds()", ".getMilliseconds()")
	case 5:
		call := oneOf(w.picker, "getFullYear", "getMonth", "getDayOfYear", "getDayOfMonth", "getDate", "getDayOfWeek", "getHours", "getMinutes",
			"getSeconds", "getMilliseconds")
		zone := oneOf(w.picker, "", `"Asia/Shanghai"`, `"+08:00"`, `"-03:30"`, `"05:45"`, `"America/New_York"`, `""`, `"-00:30"`)
		return fmt.Sprintf("%s.%s(%s)", w.expr(Timestamp, depth-1), call, zone)
	}
	return fmt.Sprintf("(%s %s %s)", a, oneOf(w.picker, "+", "-", "*", "/", "%"), b)
}

func (w writer) double(depth int) string {
	a, b := w.pair(Double, depth)
	switch w.IntN(6) {
	case 0:
		return fmt.Sprintf("double(%s)", w.expr(oneOf(w.picker, Int, Double, String), depth-1))
	case 1:
		return fmt.Sprintf("-(%s)", a)
	}
	return fmt.Sprintf("(%s %s %s)", a, oneOf(w.picker, "+", "-", "*", "/"), b)
}

func (w writer) text(depth int) string {
	a, b := w.pair(String, depth)
	switch w.IntN(4) {
	case 0:
		return fmt.Sprintf("string(%s)", w.expr(oneOf(w.picker, Bool, Int, Double, String, Duration), depth-1))
	case 1:
		return fmt.Sprintf("(%s + %s + %s)", a, b, w.expr(String, depth-1))
	}
	return fmt.Sprintf("(%s + %s)", a, b)
}

func (w writer) moment(depth int) string {
	t, d := w.expr(Timestamp, depth-1), w.expr(Duration, depth-1)
	switch w.IntN(5) {
	case 0:
		return fmt.Sprintf("timestamp(%s)", w.expr(oneOf(w.picker, Int, Timestamp), depth-1))
	case 1:
		return fmt.Sprintf("timestamp(%s + %s)", w.variable(String), w.literal(String))
	case 2:
		return fmt.Sprintf("(%s + %s)", d, t)
	}
	return fmt.Sprintf("(%s %s %s)", t, oneOf(w.picker, "+", "-"), d)
}

func (w writer) span(depth int) string {
	a, b := w.pair(Duration, depth)
	switch w.IntN(4) {
	case 0:
		t, u := w.pair(Timestamp, depth)
		return fmt.Sprintf("(%s - %s)", t, u)
	case 1:
		return fmt.Sprintf("duration(%s + %s)", w.variable(String), w.literal(String))
	}
	return fmt.Sprintf("(%s %s %s)", a, oneOf(w.picker, "+", "-"), b)
}

func (w writer) literal(kind Type) string {
	v := someValue(w.picker, kind)
	switch kind {
	case Bool:
		return strconv.FormatBool(v.Bool())
	case Int:
		return strconv.FormatInt(v.Int(), 10)
	case Double:
		return doubleLiteral(v.Double())
	case String:
		return strconv.Quote(v.Text())
	case Timestamp:
		return fmt.Sprintf("timestamp(%q)", v.Time().In(time.FixedZone("", 8*3600)).AddDate(0, 0, 2).Format(time.RFC3339Nano))
	}
	return fmt.Sprintf("duration(\"%dns\")", v.Int())
}

func doubleLiteral(f float64) string {
	switch {
	case math.IsNaN(f):
		return `double("NaN")`
	case math.IsInf(f, 0):
		return fmt.Sprintf("double(%q)", strconv.FormatFloat(f, 'g', -1, 64))
	}
	return strconv.FormatFloat(f, 'e', -1, 64)
}

// someValue prefers the values at which things go wrong, and small ones that meet each other.
func someValue(p picker, kind Type) Value {
	switch kind {
	case Bool:
		return BoolValue(p.IntN(2) == 1)
	case Int:
		return IntValue(oneOf[int64](p, 0, 1, 2, -1, 7, 15, 1<<53, 1<<53+1, -1<<53, math.MaxInt64, math.MinInt64, math.MinInt64+1, math.MaxInt64-1, 3037000500, 1e9))
	case Double:
		return DoubleValue(oneOf[float64](p, 0, 1, 2, -1, 15, 14.9, 1.5, 0.1, math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), math.MaxFloat64, 1<<53, 1<<63,
			-(1 << 63), 9007199254740993, 1e9))
	case String:
		return StringValue(oneOf(p, "", "a", "ab", "b", "水", "水位过高", "滨江大道", "15", "1.5", "true", "5m", "-1", "2025-06-01T08:00:00Z", "2025-06-01T08:00:00+08:00", "é", "a水"))
	case Timestamp:
		return TimestampValue(oneOf(p, time.Unix(0, 0), time.Unix(1748736000, 0), time.Unix(1748736000, 500), time.Unix(-1, 999999999), time.Unix(minUnix+1000000, 0),
			time.Unix(maxUnix-1000000, 999999999), time.Unix(1709164800, 1)))
	}
	return DurationValue(oneOf[time.Duration](p, 0, 1, time.Second, -time.Second, 5*time.Minute, 36*time.Hour+1500*time.Millisecond, math.MaxInt64, math.MinInt64, -1))
}

// fill gives the row random values; one in five is missing.
func fill(p picker, env *Env, row *Row) {
	for slot, v := range env.vars {
		row.Slots[slot] = Value{}
		if p.IntN(5) > 0 {
			row.Slots[slot] = someValue(p, v.Type)
		}
	}
}

func seeded(seed uint64) picker { return rand.New(rand.NewPCG(seed, 7)) }
