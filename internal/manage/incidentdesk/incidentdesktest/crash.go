package incidentdesktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/incident"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

var errCrash = errors.New("the program died here")

// crashing is a store under which the program dies now and then with the last thing a command keeps, so that everything before it was written in vain.
type crashing struct {
	Records
	rng *rand.Rand
}

// AppendAudit fails now and then.
func (c crashing) AppendAudit(tx *sqldb.Tx, a ...access.Audit) error {
	if c.rng.IntN(5) == 0 {
		return errCrash
	}
	return c.Records.AppendAudit(tx, a...)
}

// Crashes gives random commands of random people to a few incidents while the program dies now and then and time passes. After each, what is kept is whole.
func Crashes(t *testing.T, s Suite, commands int) {
	t.Helper()
	sqldbtest.Each(t, withPlatform(s.Migrations), func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, s, db)
		rng := rand.New(rand.NewPCG(7, 1))
		d.build(t, crashing{s.Store, rng})
		var ids []incident.ID
		cases := []casework.ID{"c1", "c2", "c3", "c4", "c5"}
		for _, id := range cases {
			d.add(t, id, "a1", "drain", true, 0)
		}
		done, died := 0, 0
		for n := range commands {
			d.clock.Advance(time.Duration(rng.IntN(15)) * time.Minute)
			if rng.IntN(3) == 0 {
				if _, err := d.timers.RunDue(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			err := d.random(t, rng, n, &ids, cases)
			switch {
			case err == nil:
				done++
			case errors.Is(err, errCrash):
				died++
			}
			d.whole(t)
		}
		if t.Logf("%d commands on %d incidents: %d done, %d died with", commands, len(ids), done, died); done < commands/10 || died < commands/50 {
			t.Error("these are too few to show anything")
		}
	})
}

var kinds = slices.Concat(incident.Commands, incident.TaskCommands, []incident.CommandKind{incident.Give, incident.Acknowledge, incident.Finish, incident.Check, incident.Gather, incident.Write})

// busy have many roles each, so that mostly the incident itself keeps them apart.
var busy = func() []access.Actor {
	roles := []access.Role{access.Operator, access.Dispatcher, access.FieldWorker}
	return []access.Actor{{ID: "chief", Name: "Chief", Roles: roles, Unit: "street-1"}, {ID: "deputy", Name: "Deputy", Roles: roles, Unit: "street-1"}, admin, {ID: "wo", Name: "Wo", Roles: roles, Unit: "street-1"}, verifier}
}()

// random gives one incident a random command that its state may allow, or opens one.
func (d *Desk) random(t *testing.T, rng *rand.Rand, n int, ids *[]incident.ID, cases []casework.ID) error {
	who := busy[rng.IntN(len(busy))]
	if len(*ids) < 3 {
		v, err := d.Open(t.Context(), d.by(chief), opening("a1"))
		if err == nil {
			*ids = append(*ids, v.ID)
		}
		return err
	}
	id := (*ids)[rng.IntN(len(*ids))]
	i := d.load(t, id)
	cmd := incident.Command{Kind: kinds[rng.IntN(len(kinds))], Version: i.Version, Note: fmt.Sprint("why ", n), To: incident.Who{ID: "deputy"}, Open: i.Open(), Task: 1 + rng.IntN(len(i.Tasks)+1)}
	for range 20 {
		task, _ := i.Task(cmd.Task)
		possible := incident.WhyNot(i.State, cmd.Kind) == ""
		if incident.OnTask(cmd.Kind) {
			possible = incident.WhyNotTask(i.State, task.State, cmd.Kind) == ""
		}
		if seldom := cmd.Kind == incident.StandDown || cmd.Kind == incident.Close; possible && (!seldom || rng.IntN(4) == 0) {
			break
		}
		cmd.Kind, cmd.Task = kinds[rng.IntN(len(kinds))], 1+rng.IntN(len(i.Tasks)+1)
	}
	if rng.IntN(6) == 0 {
		cmd.Version = max(1, i.Version-int64(rng.IntN(3)))
	}
	for _, c := range cases {
		if rng.IntN(3) == 0 {
			cmd.Cases = append(cmd.Cases, c)
		}
	}
	cmd.Order, cmd.Within = &incident.Assignment{What: fmt.Sprint("task ", n), Unit: "street-1", Clock: incident.UrgentHours}, time.Duration(1+rng.IntN(60))*time.Minute
	cmd.Report = &incident.Report{Known: fmt.Sprint("known ", n)}
	if ends := cmd.Kind == incident.StandDown || cmd.Kind == incident.Close; ends && rng.IntN(2) == 0 {
		cmd.Open = nil
	}
	_, err := d.Do(t.Context(), d.by(who), id, cmd)
	if err != nil && fault.Message(err) == "" {
		t.Errorf("%s by %s: refused without a word", cmd.Kind, who.ID)
	}
	return err
}

// whole checks everything that is kept against everything else: logs add up to incidents, timers are theirs, reports have no gaps, no case is in two live
// incidents, and what ended named its open tasks.
func (d *Desk) whole(t *testing.T) {
	t.Helper()
	d.view(t, func(tx *sqldb.Tx) error {
		held := map[casework.ID]incident.ID{}
		for _, id := range d.all(t, tx) {
			i, err := d.suite.Store.Incident(tx, id)
			if err != nil {
				return err
			}
			facts, err := d.suite.Store.IncidentFacts(tx, id)
			if err != nil {
				return err
			}
			folded, err := incident.Fold(facts)
			if err != nil || form(t, &folded) != form(t, &i) {
				t.Fatalf("the log adds up to\n%+v (%v), kept is\n%+v", folded, err, i)
			}
			d.alright(t, tx, &i, facts)
			for _, c := range i.Cases {
				if before, twice := held[c]; i.State != incident.Closed && twice {
					t.Fatalf("case %s is in %s and %s", c, before, id)
				} else if i.State != incident.Closed {
					held[c] = id
				}
			}
		}
		return d.holds(t, tx, held)
	})
}

// holds: every case of a live incident is its own in the records, too.
func (d *Desk) holds(t *testing.T, tx *sqldb.Tx, held map[casework.ID]incident.ID) error {
	t.Helper()
	var ids []casework.ID
	for c := range held {
		ids = append(ids, c)
	}
	kept, err := d.suite.Store.HoldersOf(tx, ids)
	if err == nil && !reflect.DeepEqual(kept, held) {
		t.Fatalf("incidents say that they hold %v, the records say %v", held, kept)
	}
	return err
}

func (d *Desk) alright(t *testing.T, tx *sqldb.Tx, i *incident.Incident, facts []incident.Fact) {
	t.Helper()
	for n, r := range i.Reports {
		if r.N != n+1 {
			t.Fatalf("report %d is number %d", n+1, r.N)
		}
	}
	for _, f := range facts {
		if f.At.IsZero() || f.By.ID == "" {
			t.Fatalf("nobody's fact: %+v", f)
		}
	}
	for _, n := range i.Open() {
		if i.State == incident.Closed && !slices.Contains(i.Left, n) {
			t.Fatalf("closed, and task %d was not named (%v)", n, i.Left)
		}
	}
	var due int64
	err := tx.QueryRow(`SELECT COALESCE(MAX(due), 0) FROM timer WHERE kind = 'incident.due' AND key = $1`, string(i.ID)).Scan(&due)
	if want := sqldb.Micros(i.Next()); err != nil || due != want {
		t.Fatalf("the timer is set to %d (%v), the next thing is due at %d", due, err, want)
	}
}

// all are the ids of all incidents.
func (d *Desk) all(t *testing.T, tx *sqldb.Tx) (ids []incident.ID) {
	t.Helper()
	rows, err := tx.Query(`SELECT id FROM incident ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id incident.ID
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return ids
}

// form is an incident as records keep it.
func form(t *testing.T, i *incident.Incident) string {
	t.Helper()
	body, err := json.Marshal(i)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
