package indicator

import (
	"time"

	"twoweave/internal/base/fault"
)

// MaxWindow bounds a window: its minutes are kept as panes, one each.
const MaxWindow = 64 * time.Minute

// Check says what is wrong with an indicator by itself, apart from its rule's text, which Compile checks; the fields of the problems are
// those of its YAML form.
func Check(i *Indicator) []fault.Problem {
	var problems []fault.Problem
	must := func(ok bool, field, message string) {
		if !ok {
			problems = append(problems, fault.Problem{Field: field, Message: message})
		}
	}
	must(i.ID != "", "indicator", "the indicator needs a name")
	must(i.Title.Complete(), "title", "both languages are needed: zh and en")
	must(i.Unit.Complete(), "unit", "both languages are needed: zh and en")
	must(i.On != "", "on", "the event type is missing")
	must(i.Window >= time.Minute && i.Window <= MaxWindow && i.Window%time.Minute == 0,
		"window", "the window is whole minutes, from 1m to 64m")
	must(ordered(i.Bands), "bands", "attention is above 0 and alarm above attention")
	must(ordered(i.City), "city", "attention is above 0 and alarm above attention")
	return problems
}

func ordered(b Bands) bool { return b.Attention > 0 && b.Alarm > b.Attention }
