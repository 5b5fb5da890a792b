package rule

import (
	"regexp"
	"time"
)

// opcode is what a node of the typed tree does.
type opcode uint8

const (
	opConst    opcode = iota + 1 // value
	opVar                        // slot
	opHas                        // slot has a value
	opNot                        // bool
	opAnd                        // two or more bools; nested ands are one node
	opOr                         // likewise
	opIf                         // bool, then, else
	opCompare                    // mask; two of one type, or int with double
	opIn                         // one scalar; set
	opAdd                        // also timestamp + duration and the reverse: the order decides which part's error is told
	opSub                        // also timestamp - duration, timestamp - timestamp
	opMul                        //
	opDiv                        //
	opMod                        //
	opNegate                     //
	opJoin                       // two or more strings
	opSize                       // characters of a string
	opPrefix                     // string, string
	opSuffix                     //
	opContains                   //
	opMatches                    // string; pattern
	opPart                       // timestamp in zone, or duration; part
	opConvert                    // from the type of its one argument to its own
)

// order is a set of outcomes of a comparison. An operator is the set of those that make it true.
type order uint8

const (
	less order = 1 << iota
	equal
	greater
)

const (
	isLess         = less
	isLessEqual    = less | equal
	isGreater      = greater
	isGreaterEqual = greater | equal
	isEqual        = equal
	isNotEqual     = less | greater
)

// equality tells == and != from the others: they report errors before unknowns.
func (o order) equality() bool { return o == isEqual || o == isNotEqual }

// expr is a node of the typed tree that rules are lowered to: what closures are made from, and column kernels can be. It holds no names and no
// positions; types are settled, constants evaluated, patterns and zones loaded. It never changes.
type expr struct {
	op      opcode
	kind    Type // of the result
	args    []*expr
	slot    int
	value   Value
	mask    order
	set     []Value // of the type of the argument
	pattern *regexp.Regexp
	part    part
	zone    *time.Location // nil: UTC
}

func constant(v Value) *expr { return &expr{op: opConst, kind: v.kind, value: v} }
