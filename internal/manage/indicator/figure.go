package indicator

// Figure is what is counted of cases. Which cases stand behind a figure is casedesk's to say; here is how their readings become a value.
type Figure string

const (
	Open        Figure = "open"         // cases that still need somebody
	Critical    Figure = "critical"     // open and critical
	Overdue     Figure = "overdue"      // open, and their limit has passed
	Unfiled     Figure = "unfiled"      // accepted and nothing done yet
	Unassigned  Figure = "unassigned"   // filed and not dispatched
	InHand      Figure = "in-hand"      // dispatched or being handled
	Unverified  Figure = "unverified"   // handled and waiting for verification
	OldestHours Figure = "oldest-hours" // the age of the oldest open case
	OpenedToday Figure = "opened-today" // since midnight in the city
	ClosedToday Figure = "closed-today"
	OnTime      Figure = "on-time"      // percent of those that were closed in the last 24 hours, with a limit, and handled within it
	SettleHours Figure = "settle-hours" // from acceptance to closing, the mean of those closed in the last 24 hours
)

// Figures are all there are.
var Figures = []Figure{Open, Critical, Overdue, Unfiled, Unassigned, InHand, Unverified, OldestHours, OpenedToday, ClosedToday, OnTime, SettleHours}

// measure is what the readings of a figure's cases are made into.
func (f Figure) measure() Measure {
	switch f {
	case OldestHours:
		return Most
	case OnTime, SettleHours:
		return Average
	}
	return Count
}

// Adds says that the city's value is the sum of its areas'.
func (f Figure) Adds() bool { return f.measure() == Count }
