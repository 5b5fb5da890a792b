package detect

// Outcome is what became of one event. Every event in the log has exactly one.
type Outcome string

const (
	Evaluated Outcome = "evaluated" // the rules of its type saw it
	Duplicate Outcome = "duplicate" // its key was seen within the type's horizon, with the same body
	Conflict  Outcome = "conflict"  // its key was seen within the type's horizon, with another body; kept as an Exception
	Late      Outcome = "late"      // further behind log time than its type allows
	Capped    Outcome = "capped"    // beyond what the type allows one sender in a minute; neither evaluated nor remembered
	Dead      Outcome = "dead"      // cannot be decoded, has an unknown type, or every rule failed on it; kept as an Exception
)

// Accounting is what a partition has done with the log since its beginning. Events is the sum of the six outcomes.
type Accounting struct {
	Events    int64 `json:"events"`
	Evaluated int64 `json:"evaluated"`
	Duplicate int64 `json:"duplicate"`
	Conflict  int64 `json:"conflict"`
	Late      int64 `json:"late"`
	Dead      int64 `json:"dead"`
	Capped    int64 `json:"capped"`

	Unreadable int64 `json:"unreadable"`  // of Dead: batches that could not be decoded; each counts as one event
	Clamped    int64 `json:"clamped"`     // events whose time was too far ahead
	RuleErrors int64 `json:"rule_errors"` // scenarios and indicators that failed on an event
	AfterEnd   int64 `json:"after_end"`   // late evidence of an episode that had ended
	Overflow   int64 `json:"overflow"`    // times a scenario did not take up a subject, or a cluster a key, because the partition holds its most
	Forgotten  int64 `json:"forgotten"`   // keys forgotten before their horizon because the partition holds its most
	Detections int64 `json:"detections"`  // episodes started
	Copies     int64 `json:"copies"`      // keyed copies evaluated; they are no events of their own
	CopiesLost int64 `json:"copies_lost"` // keyed copies that were late, capped, dead or in conflict; duplicates count nowhere
	NewCapped  int64 `json:"new_capped"`  // times a scenario did not take up a subject because too many were new in that minute
	Dropped    int64 `json:"dropped"`     // reports that a cluster forgot early because it holds its most
	Silenced   int64 `json:"silenced"`    // times an episode did not start because of a silence
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
	case Capped:
		a.Capped++
	}
}

func (a *Accounting) copied(o Outcome) {
	switch o {
	case Evaluated:
		a.Copies++
	case Duplicate:
	default:
		a.CopiesLost++
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
		&a.Unreadable, &a.Clamped, &a.RuleErrors, &a.AfterEnd, &a.Overflow, &a.Forgotten, &a.Detections,
		&a.Capped, &a.Copies, &a.CopiesLost, &a.NewCapped, &a.Silenced, &a.Dropped}
}
