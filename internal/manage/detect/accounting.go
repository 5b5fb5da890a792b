package detect

// Outcome is what became of one event. Every event in the log has exactly one.
type Outcome string

const (
	Evaluated Outcome = "evaluated" // the rules of its type saw it
	Duplicate Outcome = "duplicate" // its key was seen within the type's horizon, with the same body
	Conflict  Outcome = "conflict"  // its key was seen within the type's horizon, with another body; kept as an Exception
	Late      Outcome = "late"      // further behind log time than its type allows
	Dead      Outcome = "dead"      // cannot be decoded, has an unknown type, or every rule failed on it; kept as an Exception
)

// Accounting is what a partition has done with the log since its beginning. Events is the sum of the five outcomes.
type Accounting struct {
	Events    int64 `json:"events"`
	Evaluated int64 `json:"evaluated"`
	Duplicate int64 `json:"duplicate"`
	Conflict  int64 `json:"conflict"`
	Late      int64 `json:"late"`
	Dead      int64 `json:"dead"`

	Unreadable int64 `json:"unreadable"`  // of Dead: batches that could not be decoded; each counts as one event
	Clamped    int64 `json:"clamped"`     // events whose time was too far ahead
	RuleErrors int64 `json:"rule_errors"` // scenarios and indicators that failed on an event
	AfterEnd   int64 `json:"after_end"`   // late evidence of an episode that had ended
	Overflow   int64 `json:"overflow"`    // times a scenario did not take up a subject because the partition holds its most
	Forgotten  int64 `json:"forgotten"`   // keys forgotten before their horizon because the partition holds its most
	Detections int64 `json:"detections"`  // episodes started
}

func (a *Accounting) count(o Outcome) {
	a.Events++
	switch o {
	case Evaluated:
		a.Evaluated++
	case Duplicate:
		a.Duplicate++
	case Conflict:
		a.Conflict++
	case Late:
		a.Late++
	case Dead:
		a.Dead++
	}
}

// Plus is the sum of two accounts.
func (a Accounting) Plus(b Accounting) Accounting {
	fields := a.fields()
	for i, v := range b.fields() {
		*fields[i] += *v
	}
	return a
}

// fields are all figures, in the order of the snapshot. New ones are added at the end.
func (a *Accounting) fields() []*int64 {
	return []*int64{&a.Events, &a.Evaluated, &a.Duplicate, &a.Conflict, &a.Late, &a.Dead,
		&a.Unreadable, &a.Clamped, &a.RuleErrors, &a.AfterEnd, &a.Overflow, &a.Forgotten, &a.Detections}
}
