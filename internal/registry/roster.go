package registry

import (
	"fmt"
	"slices"
	"time"

	"twoweave/internal/base/lang"
	"twoweave/internal/base/worktime"
)

// Roster is the duty roster (值班表): who is at which post when, who stands in, and who is called next.
type Roster struct {
	Persons   []Person `yaml:"persons" json:"persons"`
	Shifts    []Shift  `yaml:"shifts" json:"shifts"`
	Posts     []Post   `yaml:"posts" json:"posts"`
	Duties    []Duty   `yaml:"duties" json:"duties"`
	Deputies  []Deputy `yaml:"deputies" json:"deputies,omitempty"`
	Otherwise PostID   `yaml:"otherwise" json:"otherwise,omitempty"` // is called for a unit that has no post of its own
}

// PostID names a post: "dispatcher", "leader-310115005000". ShiftID names a shift: "day".
type (
	PostID  string
	ShiftID string
)

// Person is somebody who can be on duty. The id is that of the person's account, if there is one.
type Person struct {
	ID   PersonID  `yaml:"person" json:"id"`
	Name lang.Text `yaml:"name" json:"name"`
	Unit UnitID    `yaml:"unit" json:"unit,omitempty"` // empty: the centre
}

// Days says on which days a shift is kept.
type Days string

const (
	EveryDay Days = "every"   // also when empty
	Working  Days = "working" // days on which offices work, make-up Saturdays and Sundays included
	Off      Days = "off"     // weekends and holidays
)

// Shift is the template of a stretch of duty, by the clock in China. One that ends at or before its beginning ends on the next day.
type Shift struct {
	ID   ShiftID   `yaml:"shift" json:"id"`
	Name lang.Text `yaml:"name" json:"name"`
	From TimeOfDay `yaml:"from" json:"from"`
	To   TimeOfDay `yaml:"to" json:"to"`
	Days Days      `yaml:"days" json:"days,omitempty"`
}

// Post is a task that somebody must be at: the operator of the supervision centre, the dispatcher, a sub-centre's shift leader, a unit's
// person on call.
type Post struct {
	ID     PostID        `yaml:"post" json:"id"`
	Name   lang.Text     `yaml:"name" json:"name"`
	Unit   UnitID        `yaml:"unit" json:"unit,omitempty"` // empty: the centre. A unit's first post is the one that is called first
	Shifts []ShiftID     `yaml:"shifts" json:"shifts"`       // that must be kept
	Next   PostID        `yaml:"next" json:"next,omitempty"` // is called when nobody here answers
	Within time.Duration `yaml:"within" json:"within"`       // the time to answer a call; 0 = DefaultAnswer
}

// DefaultAnswer is how long a post has to answer a call when its entry says nothing.
const DefaultAnswer = 5 * time.Minute

// Answer is the post's time to answer a call.
func (p *Post) Answer() time.Duration {
	if p.Within > 0 {
		return p.Within
	}
	return DefaultAnswer
}

// Duty puts persons to a post's shift for a period.
type Duty struct {
	Post    PostID     `yaml:"post" json:"post"`
	Shift   ShiftID    `yaml:"shift" json:"shift"`
	Persons []PersonID `yaml:"persons" json:"persons"`
	From    Date       `yaml:"from" json:"from,omitzero"`   // zero: since ever
	Until   Date       `yaml:"until" json:"until,omitzero"` // the last day; zero: for good
	Turn    int        `yaml:"turn" json:"turn,omitempty"`  // the persons take turns, each so many days, counted from From; 0: all at once
}

// Deputy stands in for a person for a time, from From until just before Until.
type Deputy struct {
	For   PersonID  `yaml:"for" json:"for"`
	By    PersonID  `yaml:"by" json:"by"`
	Post  PostID    `yaml:"post" json:"post,omitempty"` // empty: wherever the person is on duty
	From  time.Time `yaml:"from" json:"from"`
	Until time.Time `yaml:"until" json:"until"`
	Why   string    `yaml:"why" json:"why,omitempty"`
}

// stands says whether the deputy stands in at a post at a moment.
func (d *Deputy) stands(post PostID, at time.Time) bool {
	return (d.Post == "" || d.Post == post) && !at.Before(d.From) && at.Before(d.Until)
}

// roster is an indexed Roster.
type roster struct {
	persons map[PersonID]*Person
	shifts  map[ShiftID]*Shift
	posts   map[PostID]*Post
	duties  map[PostID][]*Duty
	first   map[UnitID]*Post // that is called first
}

// Post is the post with the id.
func (d *Directory) Post(id PostID) (Post, bool) {
	if p := d.watch.posts[id]; p != nil {
		return *p, true
	}
	return Post{}, false
}

// Person is the person with the id.
func (d *Directory) Person(id PersonID) (Person, bool) {
	if p := d.watch.persons[id]; p != nil {
		return *p, true
	}
	return Person{}, false
}

func (d *Directory) personName(id PersonID) lang.Text {
	if p := d.watch.persons[id]; p != nil && p.Name.Complete() {
		return p.Name
	}
	return same(string(id))
}

func (d *Directory) indexRoster(wrong *wrongs) {
	r := &d.Roster
	d.watch = roster{persons: map[PersonID]*Person{}, shifts: map[ShiftID]*Shift{}, posts: map[PostID]*Post{}, duties: map[PostID][]*Duty{}, first: map[UnitID]*Post{}}
	w := &d.watch
	for i := range r.Persons {
		unique(wrong, InPersons, i, "person", w.persons, r.Persons[i].ID, &r.Persons[i])
	}
	for i := range r.Shifts {
		unique(wrong, InShifts, i, "shift", w.shifts, r.Shifts[i].ID, &r.Shifts[i])
	}
	for i := range r.Posts {
		p := &r.Posts[i]
		unique(wrong, InPosts, i, "post", w.posts, p.ID, p)
		if w.first[p.Unit] == nil {
			w.first[p.Unit] = p
		}
	}
	for i := range r.Duties {
		w.duties[r.Duties[i].Post] = append(w.duties[r.Duties[i].Post], &r.Duties[i])
	}
	d.checkRoster(wrong)
}

func unique[K ~string, V any](wrong *wrongs, part Part, i int, field string, all map[K]*V, id K, v *V) {
	if all[id] != nil {
		wrong.add(part, i, field, "%s %s is there twice", field, id)
	}
	all[id] = v
}

func (d *Directory) checkRoster(wrong *wrongs) {
	r, w := &d.Roster, &d.watch
	for i, p := range r.Persons {
		if p.Unit != "" && d.units[p.Unit] == nil {
			wrong.add(InPersons, i, "unit", "person %s names unit %s, which does not exist", p.ID, p.Unit)
		}
	}
	for i, g := range d.Grids {
		for _, id := range g.Workers {
			if w.persons[id] == nil {
				wrong.add(InGrids, i, "workers", "grid %s names person %s, whom no roster has", g.ID, id)
			}
		}
	}
	for i := range r.Shifts {
		if s := &r.Shifts[i]; !slices.Contains([]Days{"", EveryDay, Working, Off}, s.Days) {
			wrong.add(InShifts, i, "days", "shift %s is kept on %q; allowed are every, working and off", s.ID, s.Days)
		}
	}
	for i := range r.Posts {
		d.checkPost(i, &r.Posts[i], wrong)
	}
	for i := range r.Duties {
		d.checkDuty(i, &r.Duties[i], wrong)
	}
	for i := range r.Deputies {
		for _, problem := range d.CheckDeputy(&r.Deputies[i]) {
			wrong.add(InDeputies, i, problem.Field, "%s", problem.Text)
		}
	}
	if r.Otherwise != "" && w.posts[r.Otherwise] == nil {
		wrong.add(InRoster, 0, "otherwise", "otherwise names post %s, which does not exist", r.Otherwise)
	}
}

func (d *Directory) checkPost(i int, p *Post, wrong *wrongs) {
	if p.Unit != "" && d.units[p.Unit] == nil {
		wrong.add(InPosts, i, "unit", "post %s names unit %s, which does not exist", p.ID, p.Unit)
	}
	for _, s := range p.Shifts {
		if d.watch.shifts[s] == nil {
			wrong.add(InPosts, i, "shifts", "post %s names shift %s, which does not exist", p.ID, s)
		}
	}
	if p.Within < 0 {
		wrong.add(InPosts, i, "within", "the time to answer a call is not below 0")
	}
	if p.Next != "" && d.watch.posts[p.Next] == nil {
		wrong.add(InPosts, i, "next", "post %s names post %s, which does not exist", p.ID, p.Next)
	}
	if len(d.chain(p)) > len(d.Roster.Posts) {
		wrong.add(InPosts, i, "next", "from post %s the calls go round in a circle and never end", p.ID)
	}
}

// chain is a post and those that are called after it. A chain in a circle is cut off when it is longer than there are posts.
func (d *Directory) chain(p *Post) []*Post {
	var all []*Post
	for ; p != nil && len(all) <= len(d.Roster.Posts); p = d.watch.posts[p.Next] {
		all = append(all, p)
	}
	return all
}

func (d *Directory) checkDuty(i int, u *Duty, wrong *wrongs) {
	p := d.watch.posts[u.Post]
	switch {
	case p == nil:
		wrong.add(InDuties, i, "post", "the duty names post %q, which does not exist", u.Post)
	case !slices.Contains(p.Shifts, u.Shift):
		wrong.add(InDuties, i, "shift", "the duty names shift %q, which post %s does not keep", u.Shift, u.Post)
	}
	if len(u.Persons) == 0 {
		wrong.add(InDuties, i, "persons", "the duty names nobody")
	}
	for _, id := range u.Persons {
		if d.watch.persons[id] == nil {
			wrong.add(InDuties, i, "persons", "the duty names person %s, who does not exist", id)
		}
	}
	if u.Turn < 0 || u.Turn > 366 || u.Turn > 0 && u.From == 0 {
		wrong.add(InDuties, i, "turn", "a turn is 1 to 366 days, counted from the day in from")
	}
	if u.Until != 0 && u.Until < u.From {
		wrong.add(InDuties, i, "until", "the duty ends before it begins")
	}
}

// CheckDeputy says what is wrong with a deputy, whether from a pack or from a screen.
func (d *Directory) CheckDeputy(p *Deputy) []Wrong {
	var wrong wrongs
	for field, id := range map[string]PersonID{"for": p.For, "by": p.By} {
		if d.watch.persons[id] == nil {
			wrong.add(InDeputies, 0, field, "%q is not in the roster", id)
		}
	}
	slices.SortFunc(wrong, func(a, b Wrong) int { return len(b.Field) - len(a.Field) })
	if p.For == p.By {
		wrong.add(InDeputies, 0, "by", "nobody stands in for himself or herself")
	}
	if p.Post != "" && d.watch.posts[p.Post] == nil {
		wrong.add(InDeputies, 0, "post", "post %s does not exist", p.Post)
	}
	if !p.From.Before(p.Until) {
		wrong.add(InDeputies, 0, "until", "the end must be after the beginning")
	}
	return wrong
}

// China is the time by which shifts are kept: China has had one zone and no summer time since 1991.
func China() *time.Location { return time.FixedZone("+08:00", 8*60*60) }

// Date is a day in China as content writes it, 2026-10-01; zero is no day.
type Date worktime.Date

// DateOf is the day of a moment.
func DateOf(t time.Time) Date { return Date(worktime.DateOf(t)) }

// Start is the day's first moment.
func (d Date) Start() time.Time { return worktime.Date(d).Start() }

// String is the day as text; nothing for no day.
func (d Date) String() string {
	if d == 0 {
		return ""
	}
	return d.Start().Format(time.DateOnly)
}

// MarshalText writes the day.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a day.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = 0
		return nil
	}
	t, err := time.ParseInLocation(time.DateOnly, string(text), China())
	if err != nil {
		return fmt.Errorf("%q is not a day; write it as 2026-10-01", text)
	}
	*d = DateOf(t)
	return nil
}

// TimeOfDay is minutes after midnight; as text 08:30, and 24:00 is the day's end.
type TimeOfDay int

// String is the time as text.
func (t TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", int(t)/60, int(t)%60) }

// MarshalText writes the time.
func (t TimeOfDay) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads a time.
func (t *TimeOfDay) UnmarshalText(text []byte) error {
	if string(text) == "24:00" {
		*t = 24 * 60
		return nil
	}
	got, err := time.Parse("15:04", string(text))
	if err != nil {
		return fmt.Errorf("%q is not a time of day; write it as 08:30", text)
	}
	*t = TimeOfDay(got.Hour()*60 + got.Minute())
	return nil
}
