package incident_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/incident"
	"twoweave/internal/manage/order"
)

// want is the command post as its head would write it down, apart from the program's own tables: command, roles, incident's states, task's states ("-": about
// none) → what changes: "=" nothing, a state of the incident, or task:STATE. What is not here must be refused.
const want = `
open         dispatcher,admin                 none               -                  running
offer        dispatcher,admin                 running,stood-down -                  =
accept       dispatcher,admin                 running,stood-down -                  =
decline      dispatcher,admin                 running,stood-down -                  =
gather       dispatcher,admin                 running            -                  =
release      dispatcher,admin                 running,stood-down -                  =
report       operator,dispatcher,admin        running,stood-down -                  =
report-late  system                           running            -                  =
stand-down   dispatcher,admin                 running            -                  stood-down
close        dispatcher,admin                 stood-down         -                  closed
reopen       dispatcher,admin                 stood-down,closed  -                  running
give         dispatcher,admin                 running            -                  task:given
acknowledge  fieldworker                      running,stood-down given              task:acknowledged
supply       fieldworker,dispatcher,admin     running,stood-down given,acknowledged =
done         fieldworker                      running,stood-down given,acknowledged task:done
impossible   fieldworker                      running,stood-down given,acknowledged task:impossible
check        dispatcher,admin                 running,stood-down done,impossible    task:checked
withdraw     dispatcher,admin                 running,stood-down given,acknowledged task:withdrawn
remind       system                           running            given,acknowledged =
escalate     system                           running            given,acknowledged =
`

var all = append(append(slices.Clone(incident.Commands), incident.TaskCommands...), incident.OpenIt, incident.ReportLate, incident.Remind, incident.Escalate)

func wanted() map[[4]string]string {
	m := map[[4]string]string{}
	for line := range strings.Lines(strings.TrimSpace(want)) {
		f := strings.Fields(line)
		for role := range strings.SplitSeq(f[1], ",") {
			for state := range strings.SplitSeq(f[2], ",") {
				for task := range strings.SplitSeq(f[3], ",") {
					m[[4]string{f[0], role, state, task}] = f[4]
				}
			}
		}
	}
	return m
}

// Every command × role × state of the incident × state of its task is tried; access and the tables together give exactly what is written above.
func TestExhaustiveWalk(t *testing.T) {
	t.Parallel()
	want, tried, allowed := wanted(), 0, 0
	for _, state := range append([]incident.State{incident.None}, incident.States...) {
		for _, task := range append([]incident.TaskState{incident.NoTask}, incident.TaskStates...) {
			if state == incident.None && task != incident.NoTask {
				continue
			}
			for _, kind := range all {
				for _, role := range append(access.Roles, access.System) {
					tried++
					if walk(t, state, task, kind, role, want) {
						allowed++
					}
				}
			}
		}
	}
	if tried != (1+3*7)*20*8 || allowed == 0 {
		t.Errorf("tried %d combinations, %d of them allowed", tried, allowed)
	}
}

func walk(t *testing.T, state incident.State, task incident.TaskState, kind incident.CommandKind, role access.Role, want map[[4]string]string) bool {
	t.Helper()
	i := standing(t, state, task, kind)
	about, name := "-", string(state)
	if incident.OnTask(kind) {
		about = string(task)
	}
	if state == incident.None {
		name = "none"
	}
	actor := access.Actor{ID: "walker", Name: "Walker", Roles: []access.Role{role}, Unit: "street-1"}
	f, err := as(i, command(&i, kind), actor, noon.Add(48*time.Hour))
	change, ok := want[[4]string{string(kind), string(role), name, about}]
	switch {
	case ok != (err == nil):
		t.Errorf("%s × %s × %s × task %q: %v, want %q", kind, role, name, task, err, change)
	case err != nil && (!fault.Is(err, fault.Denied) && !fault.Is(err, fault.Invalid) || fault.Message(err) == ""):
		t.Errorf("%s × %s × %s × task %q: refused as %v (%q)", kind, role, name, task, fault.KindOf(err), fault.Message(err))
	case err == nil:
		checkChange(t, &i, f, change)
	}
	return err == nil
}

func checkChange(t *testing.T, before *incident.Incident, f incident.Fact, change string) {
	t.Helper()
	after := incident.Apply(*before, f)
	state, taskState := before.State, incident.NoTask
	if was, known := before.Task(f.Body.Task); known {
		taskState = was.State
	}
	if to, of := strings.CutPrefix(change, "task:"); of {
		taskState = incident.TaskState(to)
	} else if change != "=" {
		state = incident.State(change)
	}
	is, _ := after.Task(f.Body.Task)
	if after.State != state || f.Body.Task > 0 && is.State != taskState || after.Version != before.Version+1 {
		t.Errorf("%s of a %s incident gave %s with a task that is %q (version %d), want %s", f.Kind, before.State, after.State, is.State, after.Version, change)
	}
}

var (
	noon  = time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)
	chief = access.Actor{ID: "chief", Name: "Chief", Roles: []access.Role{access.Dispatcher}}
	field = access.Actor{ID: "field", Name: "Field", Roles: []access.Role{access.FieldWorker}, Unit: "street-1"}
	clock = access.Program("incident")
)

// as decides a command the way the desk does: access first.
func as(i incident.Incident, cmd incident.Command, actor access.Actor, now time.Time) (incident.Fact, error) {
	action, _ := incident.ActionOf(cmd.Kind)
	thing := i.Thing()
	if t, known := i.Task(cmd.Task); known && incident.OnTask(cmd.Kind) {
		thing = i.ThingOf(&t)
	}
	decision := access.Decide(access.Request{Actor: actor, Action: action, Thing: thing, Purpose: access.Commanding})
	return incident.Decide(i, cmd, incident.Context{Now: now, Actor: actor, Allowed: decision})
}

func step(t testing.TB, i incident.Incident, cmd incident.Command, actor access.Actor, now time.Time) incident.Incident {
	t.Helper()
	f, err := as(i, cmd, actor, now)
	if err != nil {
		t.Fatalf("%s: %v", cmd.Kind, err)
	}
	return incident.Apply(i, f)
}

// command is a whole command of a kind on an incident as it is.
func command(i *incident.Incident, kind incident.CommandKind) incident.Command {
	c := incident.Command{Kind: kind, Version: i.Version, Note: "because", Open: i.Open(), To: incident.Who{ID: "deputy", Name: "Deputy"}}
	if incident.OnTask(kind) {
		c.Task = 1
	}
	switch kind {
	case incident.OpenIt:
		c.Opening = &incident.Opening{Number: "E-1", Title: "Burst main", Kind: incident.Accident, Level: order.Daily}
	case incident.Gather:
		c.Cases = []casework.ID{"c-new"}
	case incident.Release:
		c.Cases = []casework.ID{"c-old"}
	case incident.Give:
		c.Order, c.Within = &incident.Assignment{What: "Close valve 12", Unit: "street-1", Clock: incident.UrgentHours}, time.Hour
	case incident.Write:
		c.Report = &incident.Report{Known: "water on the road", NextDue: noon.Add(72 * time.Hour)}
	}
	return c
}

// standing is an incident in a state with one task in a state, and what a command needs beside it: an offer, something late.
func standing(t testing.TB, state incident.State, task incident.TaskState, kind incident.CommandKind) incident.Incident {
	i := incident.Incident{ID: "i"}
	if state == incident.None {
		return i
	}
	do := func(kind incident.CommandKind, by access.Actor, change func(*incident.Command)) {
		c := command(&i, kind)
		if change != nil {
			change(&c)
		}
		i = step(t, i, c, by, noon.Add(time.Duration(i.Version)*time.Second))
	}
	walker := func(c *incident.Command) { c.To = incident.Who{ID: "walker", Name: "Walker"} }
	do(incident.OpenIt, chief, nil)
	do(incident.Gather, chief, func(c *incident.Command) { c.Cases = []casework.ID{"c-old"} })
	if kind == incident.ReportLate {
		do(incident.Write, chief, func(c *incident.Command) { c.Report.NextDue = noon.Add(time.Hour) })
	}
	if kind == incident.Accept || kind == incident.Decline {
		do(incident.Offer, chief, walker)
	} else if kind == incident.Offer { // by who is in command
		i.Commander = incident.Who{ID: "walker", Name: "Walker"}
	}
	if task != incident.NoTask {
		do(incident.Give, chief, nil)
	}
	if kind == incident.Escalate && i.Tasks != nil {
		i = step(t, i, incident.Command{Kind: incident.Remind, Task: 1}, clock, noon.Add(2*time.Hour))
	}
	last := map[incident.TaskState]incident.CommandKind{incident.Acknowledged: incident.Acknowledge, incident.Done: incident.Finish, incident.Impossible: incident.GiveUp,
		incident.Checked: incident.Finish, incident.Withdrawn: incident.Withdraw}
	if how, moves := last[task]; moves {
		by := field
		if how == incident.Withdraw {
			by = chief
		}
		do(how, by, nil)
	}
	if task == incident.Checked {
		do(incident.Check, chief, nil)
	}
	if state != incident.Running {
		do(incident.StandDown, chief, nil)
	}
	if state == incident.Closed {
		do(incident.Close, chief, nil)
	}
	return i
}
