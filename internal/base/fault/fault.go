// Package fault is the one error type of the program.
//
// A fault says what went wrong in three layers that have different readers. Its Kind is for code: gateways map it to a status with
// one table, tests match on it. Its message is for the person who caused it and is always safe to show: it names what, where, and what is
// allowed, and never holds a secret or a stack. Its operation trail and the wrapped error are for the log.
//
// A message that people meet carries a Code as well, with what varies in it: catalogues say it in another language by that.
//
// Nothing in the program decides by comparing error texts.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind classifies a fault by what the caller can do about it.
type Kind uint8

const (
	Internal        Kind = iota // our mistake; the caller can only report it
	Invalid                     // the input is wrong; the caller corrects it
	NotFound                    // the named thing does not exist, or not for this caller
	Unauthenticated             // the caller has not said who they are
	Denied                      // the caller may not do this
	Conflict                    // the thing has changed, or already exists otherwise
	Exhausted                   // a limit is reached; the caller slows down
	Unavailable                 // a part is down; the caller tries again later
)

var kindNames = [...]string{"internal", "invalid", "not-found", "unauthenticated", "denied", "conflict", "exhausted", "unavailable"}

// String is the kind's stable name, as problem documents and metrics show it.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "internal"
}

// Code names a message for good, whatever its words: "incident.task-open". Params are what varies in it, in the order in which its words name them.
type Code string

// Coded is a code with what varies; the zero Coded is of a message that has none.
type Coded struct {
	Code   Code     `json:"code,omitempty" doc:"names the message for programs and catalogues"`
	Params []string `json:"params,omitempty" doc:"what varies in the message, in order"`
}

// Problem is one thing wrong with an input: where it is and what is allowed there.
type Problem struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Field   string `json:"field,omitempty"` // JSON Pointer or dotted path
	Message string `json:"message"`
	Coded
}

// Wrong is a problem of a field with a coded message.
func Wrong(field string, code Code, format string, args ...any) Problem {
	return Problem{Field: field, Message: fmt.Sprintf(format, args...), Coded: coded(code, args)}
}

func coded(code Code, args []any) Coded {
	c := Coded{Code: code}
	for _, a := range args {
		c.Params = append(c.Params, fmt.Sprint(a))
	}
	return c
}

// String puts the place first, as compilers do: "file:line:column: field: message".
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		b.WriteByte(':')
	}
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d:", p.Line)
		if p.Column > 0 {
			fmt.Fprintf(&b, "%d:", p.Column)
		}
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	if p.Field != "" {
		b.WriteString(p.Field)
		b.WriteString(": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Error is a fault. Build one with New, Wrap or Invalidly; read one with KindOf, Message and Problems.
type Error struct {
	Kind     Kind
	Op       string // "casedesk.Do"; wrapping builds a trail
	Msg      string // safe to show
	Coded           // of Msg
	Problems []Problem
	Err      error // the cause, for the log only
}

// Error is the text for the log: trail, message, problems, cause.
func (e *Error) Error() string {
	parts := make([]string, 0, 3+len(e.Problems))
	if e.Op != "" {
		parts = append(parts, e.Op)
	}
	if e.Msg != "" {
		parts = append(parts, e.Msg)
	}
	for _, p := range e.Problems {
		parts = append(parts, p.String())
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	if len(parts) == 0 {
		return e.Kind.String()
	}
	return strings.Join(parts, ": ")
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// New makes a fault with a message that is safe to show.
func New(kind Kind, op, format string, args ...any) *Error {
	return &Error{Kind: kind, Op: op, Msg: fmt.Sprintf(format, args...)}
}

// Say is New with a code for the message; its params are the args.
func Say(kind Kind, op string, code Code, format string, args ...any) *Error {
	return &Error{Kind: kind, Op: op, Msg: fmt.Sprintf(format, args...), Coded: coded(code, args)}
}

// Invalidly makes one Invalid fault of several problems, so that a user sees all of them at once.
func Invalidly(op string, problems ...Problem) *Error {
	return &Error{Kind: Invalid, Op: op, Msg: "the input has problems", Coded: Coded{Code: "input"}, Problems: problems}
}

// Wrap adds an operation to err's trail and keeps its kind. Wrap(op, nil) is nil.
func Wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: KindOf(err), Op: op, Err: err}
}

// KindOf is the kind of the outermost fault in err's chain; Internal for an error that is no fault.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is a fault of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// Message is the text of err that may be shown to whoever caused it: the first safe message in its chain, or a neutral sentence.
func Message(err error) string {
	for e, ok := errors.AsType[*Error](err); ok; e, ok = errors.AsType[*Error](e.Err) {
		if e.Msg != "" {
			return e.Msg
		}
	}
	return "the program could not do this; the log holds the reason"
}

// Said is the code of Message(err), with what varies in it.
func Said(err error) Coded {
	for e, ok := errors.AsType[*Error](err); ok; e, ok = errors.AsType[*Error](e.Err) {
		if e.Msg != "" {
			return e.Coded
		}
	}
	return Coded{}
}

// Problems collects every problem in err's chain, outermost first.
func Problems(err error) []Problem {
	var all []Problem
	for e, ok := errors.AsType[*Error](err); ok; e, ok = errors.AsType[*Error](e.Err) {
		all = append(all, e.Problems...)
	}
	return all
}
