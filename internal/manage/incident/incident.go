package incident

import (
	"slices"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/order"
	"twoweave/internal/registry"
)

// ID names an incident.
type ID string

// Who is a person as the log keeps one.
type Who struct {
	ID   registry.PersonID `json:"id"`
	Name string            `json:"name"`
}

// Kind is what sort of emergency it is: the four of the Emergency Response Law (突发事件应对法, article 2), or the safeguarding of a planned occasion.
type Kind string

const (
	Disaster Kind = "disaster" // 自然灾害: flood, storm, heat, earthquake
	Accident Kind = "accident" // 事故灾难: fire, traffic, a burst main, a gas leak
	Health   Kind = "health"   // 公共卫生
	Security Kind = "security" // 社会安全
	Occasion Kind = "occasion" // 活动保障: a marathon, a fair
)

// Kinds are all kinds.
var Kinds = []Kind{Disaster, Accident, Health, Security, Occasion}

// Incident is where an emergency stands: Fold of its facts. The zero Incident is one that does not exist yet.
type Incident struct {
	ID        ID               `json:"id"`
	Number    string           `json:"number"`
	Version   int64            `json:"version"`
	State     State            `json:"state"`
	Title     string           `json:"title"`
	Kind      Kind             `json:"kind"`
	Level     order.Level      `json:"level"` // the city state of its areas when it was opened
	Areas     []event.AreaCode `json:"areas"` // none: the whole city
	Place     string           `json:"place"`
	Commander Who              `json:"commander"`
	Offered   *Who             `json:"offered"` // to whom command is offered
	OpenedAt  time.Time        `json:"opened_at"`
	OpenedBy  Who              `json:"opened_by"`
	EndedAt   time.Time        `json:"ended_at"` // when it was stood down
	ClosedAt  time.Time        `json:"closed_at"`
	Cases     []casework.ID    `json:"cases"` // in the order in which they were gathered
	Tasks     []Task           `json:"tasks"` // task n is Tasks[n-1]
	Reports   []Report         `json:"reports"`
	Round     int              `json:"round,omitempty"` // how often it was reopened
	Left      []int            `json:"left"`            // the tasks named as open when it was stood down or closed last
	ReportDue time.Time        `json:"report_due"`      // of the next situation report; zero: none was announced
	Late      bool             `json:"late"`            // the next situation report is, and the commander was reminded
	Touched   Touch            `json:"touched"`         // by the last command that was not about a task's doing
	UpdatedAt time.Time        `json:"updated_at"`
}

// Touch is a change as a person who is late for it hears of it.
type Touch struct {
	Version int64     `json:"version"`
	What    FactKind  `json:"what"`
	By      Who       `json:"by"`
	At      time.Time `json:"at"`
}

// Task is something ordered to a unit or a person.
type Task struct {
	N int `json:"n"` // within the incident, from 1
	Assignment
	State     TaskState `json:"state"`
	GivenBy   Who       `json:"given_by"`
	GivenAt   time.Time `json:"given_at"`
	TakenBy   Who       `json:"taken_by"` // who acknowledged it
	TakenAt   time.Time `json:"taken_at"`
	EndedBy   Who       `json:"ended_by"` // who said that it is done, or not possible
	EndedAt   time.Time `json:"ended_at"`
	Outcome   string    `json:"outcome"` // in that person's words
	CheckedBy Who       `json:"checked_by"`
	CheckedAt time.Time `json:"checked_at"`
	Resources []string  `json:"resources"`
	Reminded  time.Time `json:"reminded"` // when the persons concerned were told that it is late
	Escalated time.Time `json:"escalated"`
	Touched   Touch     `json:"touched"`
}

// Assignment is what is ordered, to whom, and until when.
type Assignment struct {
	What   string          `json:"what"`
	Unit   registry.UnitID `json:"unit"`   // or
	Person Who             `json:"person"` // somebody in particular
	Clock  Clock           `json:"clock"`
	Due    time.Time       `json:"due"`
}

// Clock says how a task's due time was meant.
type Clock string

const (
	UrgentHours Clock = "urgent-hour" // so long from now, day and night (紧急工作时)
	ByTime      Clock = "by-time"     // until a time of day
)

// Report is one situation report. It is never changed; a later one corrects it.
type Report struct {
	N        int       `json:"n"` // from 1, without gaps
	Known    string    `json:"known"`
	Done     string    `json:"done"`
	Expected string    `json:"expected"`
	NextDue  time.Time `json:"next_due"` // zero: no further one is announced
	Corrects int       `json:"corrects"` // the number of an earlier one; 0: none
	By       Who       `json:"by"`
	At       time.Time `json:"at"`
}

// Task is the task with a number; false when there is none.
func (i *Incident) Task(n int) (Task, bool) {
	if n < 1 || n > len(i.Tasks) {
		return Task{}, false
	}
	return i.Tasks[n-1], true
}

// Open are the numbers of the tasks that nobody has checked or withdrawn.
func (i *Incident) Open() []int {
	var all []int
	for _, t := range i.Tasks {
		if t.State.Open() {
			all = append(all, t.N)
		}
	}
	return all
}

// Thing is the incident as access sees it.
func (i *Incident) Thing() access.Thing {
	thing := access.Thing{Kind: "incident", ID: string(i.ID)}
	for _, t := range i.Tasks {
		if t.Unit != "" && !slices.Contains(thing.Units, string(t.Unit)) {
			thing.Units = append(thing.Units, string(t.Unit))
		}
	}
	return thing
}

// ThingOf is one of its tasks as access sees it.
func (i *Incident) ThingOf(t *Task) access.Thing {
	return access.Thing{Kind: "incident", ID: string(i.ID), Unit: string(t.Unit), Handler: string(t.Person.ID)}
}

// Overdue says whether a task should have been done by now.
func (t *Task) Overdue(now time.Time) bool {
	return (t.State == Given || t.State == Acknowledged) && !now.Before(t.Due)
}
