package rule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones must not depend on the machine: the same log gives the same answers everywhere

	"cel.dev/cel-go/common/ast"
)

// admitZones requires the time zones of a tree to be known now: text, and not the machine's own.
func (e *Env) admitZones(tree *ast.AST) error {
	var found []*Error
	ast.PreOrderVisit(tree.Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		if x.Kind() != ast.CallKind || !isZoned(x.AsCall()) {
			return
		}
		arg := x.AsCall().Args()[0]
		if _, err := zoneOf(arg); err != nil {
			found = append(found, at(tree.SourceInfo().GetStartLocation(arg.ID()), err.Error()))
		}
	}))
	return join(found)
}

// isZoned tells a call such as time.getHours("Asia/Shanghai").
func isZoned(c ast.CallExpr) bool {
	_, known := partOf(c.FunctionName())
	return known && c.IsMemberFunction() && len(c.Args()) == 1
}

// zoneOf reads a literal time zone: a name of the tz database or an offset such as "+08:00".
func zoneOf(e ast.Expr) (*time.Location, error) {
	if e.Kind() != ast.LiteralKind {
		return nil, fmt.Errorf("a time zone must be written out, such as \"Asia/Shanghai\" or \"+08:00\"")
	}
	name, _ := e.AsLiteral().Value().(string)
	zone, ok := offsetZone(name)
	if !ok && name != "Local" && !strings.Contains(name, ":") {
		loaded, err := time.LoadLocation(name)
		zone, ok = loaded, err == nil
	}
	if !ok {
		return nil, fmt.Errorf("%q is no time zone; allowed are names such as \"Asia/Shanghai\", and offsets such as \"+08:00\"", name)
	}
	return zone, nil
}

// offsetZone reads hours and minutes as CEL does: the sign may be missing.
func offsetZone(name string) (*time.Location, bool) {
	before, after, ok := strings.Cut(name, ":")
	if !ok {
		return nil, false
	}
	hours, err1 := strconv.Atoi(before)
	minutes, err2 := strconv.Atoi(after)
	if err1 != nil || err2 != nil || hours < -23 || hours > 23 || minutes < 0 || minutes > 59 {
		return nil, false
	}
	if name[0] == '-' {
		minutes = -minutes
	}
	return time.FixedZone("", (hours*60+minutes)*60), true
}

// part is what a call such as getHours takes of a timestamp or a duration.
type part uint8

const (
	partYear part = iota + 1
	partMonth
	partDayOfYear
	partDayOfMonth
	partDate
	partDayOfWeek
	partHours
	partMinutes
	partSeconds
	partMilliseconds
)

func partOf(function string) (part, bool) {
	switch function {
	case "getFullYear":
		return partYear, true
	case "getMonth":
		return partMonth, true
	case "getDayOfYear":
		return partDayOfYear, true
	case "getDayOfMonth":
		return partDayOfMonth, true
	case "getDate":
		return partDate, true
	case "getDayOfWeek":
		return partDayOfWeek, true
	case "getHours":
		return partHours, true
	case "getMinutes":
		return partMinutes, true
	case "getSeconds":
		return partSeconds, true
	case "getMilliseconds":
		return partMilliseconds, true
	}
	return 0, false
}

// ofTime counts as CEL does: months, days of the year and of the month from 0, getDate from 1, Sunday is 0.
func (p part) ofTime(t time.Time) int64 {
	switch p {
	case partYear:
		return int64(t.Year())
	case partMonth:
		return int64(t.Month()) - 1
	case partDayOfYear:
		return int64(t.YearDay()) - 1
	case partDayOfMonth:
		return int64(t.Day()) - 1
	case partDate:
		return int64(t.Day())
	case partDayOfWeek:
		return int64(t.Weekday())
	case partHours:
		return int64(t.Hour())
	case partMinutes:
		return int64(t.Minute())
	case partSeconds:
		return int64(t.Second())
	}
	return int64(t.Nanosecond() / 1e6)
}

// ofDuration is the whole duration in that unit.
func (p part) ofDuration(d time.Duration) int64 {
	switch p {
	case partHours:
		return int64(d.Hours())
	case partMinutes:
		return int64(d.Minutes())
	case partSeconds:
		return int64(d.Seconds())
	}
	return d.Milliseconds()
}
