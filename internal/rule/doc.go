// Package rule turns a condition written in CEL, the Common Expression Language, into something that can be asked of each event.
//
// A rule is text such as
//
//	data.level_cm >= 15.0 && !(area in ["310115004000", "310115016000"])
//
// An [Env] holds the variables that rules may name, each with a type and a slot. [Env.Compile] parses and type-checks a text with cel-go, so the
// language is CEL and not a dialect, lowers it to a small typed tree (ir.go) and builds closures over slots from that (closure.go). Outside the
// lowered subset cel-go's own evaluation is used; [Program.Compiled] says which. Both give the same answers: cel-go is the oracle of the tests.
//
// # What a rule sees
//
// Variables have dotted names; "data.level_cm" is one variable, not a field of one. Their types are bool, int, double, string, timestamp and
// duration. Numbers of different type can be ordered (data.level_cm >= 15) but not compared for equality or calculated with: CEL has no silent
// conversion, int() and double() are explicit.
//
// A variable may be missing. What needs it is then unknown, as in CEL's partial evaluation: "false && missing" is false, "missing || true" is
// true, everything else over it is unknown. has(data.x) says whether it is there. Overflow, division by zero and failed conversions
// are errors; && and || absorb an error as they absorb an unknown, and where both meet the answer is unknown, no error.
//
// # What it promises
//
//   - The same row gives the same answer: no clock, no environment, no local time zone. Zones come from the tz data compiled into the program.
//   - Time and memory are bounded: the text, its depth and its number of parts are limited, patterns are RE2, cel-go's evaluation has a cost limit.
//   - Programs and environments never change and may be shared between goroutines. A [Row] belongs to one goroutine at a time.
//   - Evaluation of scalars allocates nothing. Joining strings and converting to string do.
//   - No input text makes it panic.
//
// It never reads an event: callers fill rows. It knows nothing of schemas.
package rule
