package rule

import (
	"math"
	"time"
)

// Type is the type of a variable or of a program's result. The zero Type is no type: that of a missing value.
type Type uint8

const (
	Bool Type = iota + 1
	Int       // 64 bits, signed
	Double
	String
	Timestamp // an instant in the years 1 to 9999, to the nanosecond
	Duration  // nanoseconds in 64 bits
)

// String is CEL's name of the type.
func (t Type) String() string {
	switch t {
	case Bool:
		return "bool"
	case Int:
		return "int"
	case Double:
		return "double"
	case String:
		return "string"
	case Timestamp:
		return "timestamp"
	case Duration:
		return "duration"
	}
	return "missing"
}

// Value is a scalar or missing; the zero Value is missing. Copying it copies no text.
type Value struct {
	text  string
	bits  int64 // bool 0 or 1, int, bits of a double, nanoseconds of a duration, Unix seconds of a timestamp
	nanos int32 // within the second of a timestamp
	kind  Type
}

// BoolValue, IntValue and so on make values of their type.
func BoolValue(b bool) Value {
	if b {
		return Value{bits: 1, kind: Bool}
	}
	return Value{kind: Bool}
}

func IntValue(i int64) Value              { return Value{bits: i, kind: Int} }
func DoubleValue(f float64) Value         { return Value{bits: int64(math.Float64bits(f)), kind: Double} }
func StringValue(s string) Value          { return Value{text: s, kind: String} }
func DurationValue(d time.Duration) Value { return Value{bits: int64(d), kind: Duration} }

// TimestampValue keeps the instant; the zone is dropped. Instants outside the years 1 to 9999 are missing, since CEL has none.
func TimestampValue(t time.Time) Value {
	v := Value{bits: t.Unix(), nanos: int32(t.Nanosecond()), kind: Timestamp}
	if v.bits < minUnix || v.bits > maxUnix {
		return Value{}
	}
	return v
}

// Seconds since 1970 of the first and the last second CEL's timestamps may have.
const (
	minUnix = -62135596800
	maxUnix = 253402300799
)

// Type is the value's type; 0 when it is missing.
func (v Value) Type() Type { return v.kind }

// Missing says that there is no value.
func (v Value) Missing() bool { return v.kind == 0 }

// Bool, Int, Double, Text, Time and Duration read a value of that type. Of another type they give an unspecified value: look at Type first.
func (v Value) Bool() bool              { return v.bits != 0 }
func (v Value) Int() int64              { return v.bits }
func (v Value) Double() float64         { return math.Float64frombits(uint64(v.bits)) }
func (v Value) Text() string            { return v.text }
func (v Value) Time() time.Time         { return time.Unix(v.bits, int64(v.nanos)).UTC() }
func (v Value) Duration() time.Duration { return time.Duration(v.bits) }

// Row holds the values of an environment's variables by slot. A slot that is missing, or beyond the end of Slots, is a missing variable; a value
// of another type than the variable's is the error WrongType. Strings in it are shared, not copied.
type Row struct{ Slots []Value }

// Clear makes all values missing.
func (r *Row) Clear() { clear(r.Slots) }

// Truth is the answer of a condition.
type Truth uint8

const (
	False Truth = iota
	True
	Unknown // a variable that decides is missing, or an error
)

// String is "false", "true" or "unknown".
func (t Truth) String() string { return [...]string{"false", "true", "unknown"}[min(t, Unknown)] }
