package incident_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/incident"
)

func TestWhoCommandsUntilItIsAccepted(t *testing.T) {
	t.Parallel()
	deputy := access.Actor{ID: "deputy", Name: "Deputy", Roles: []access.Role{access.Dispatcher}}
	i := standing(t, incident.Running, incident.NoTask, incident.Give)
	if i.Commander.ID != "chief" {
		t.Fatalf("who opened it commands: %+v", i.Commander)
	}
	if _, err := as(i, command(&i, incident.Offer), deputy, noon); !fault.Is(err, fault.Denied) {
		t.Errorf("somebody else passes command on: %v", err)
	}
	i = step(t, i, command(&i, incident.Offer), chief, noon)
	if i.Commander.ID != "chief" || i.Offered == nil {
		t.Errorf("an offer changed who commands: %+v", i)
	}
	if _, err := as(i, command(&i, incident.Accept), chief, noon); !fault.Is(err, fault.Denied) {
		t.Errorf("accepted by the one who offered: %v", err)
	}
	i = step(t, i, command(&i, incident.Accept), deputy, noon)
	if i.Commander.ID != "deputy" || i.Offered != nil {
		t.Errorf("%+v", i)
	}
}

func TestATaskIsCheckedBySomebodyElse(t *testing.T) {
	t.Parallel()
	both := access.Actor{ID: "both", Name: "Both", Roles: []access.Role{access.Dispatcher, access.FieldWorker}, Unit: "street-1"}
	i := standing(t, incident.Running, incident.Given, incident.Finish)
	i = step(t, i, command(&i, incident.Finish), both, noon)
	if _, err := as(i, command(&i, incident.Check), both, noon); !fault.Is(err, fault.Denied) {
		t.Errorf("checked by who did it: %v", err)
	}
	step(t, i, command(&i, incident.Check), chief, noon)
}

// What changed since somebody looked is a conflict only where it concerns the command.
func TestAConflictIsAboutTheSameThing(t *testing.T) {
	t.Parallel()
	seen := standing(t, incident.Running, incident.Given, incident.Finish)
	after := step(t, seen, command(&seen, incident.Acknowledge), field, noon)
	c := command(&seen, incident.Gather)
	if _, err := as(after, c, chief, noon); err != nil {
		t.Errorf("a unit's word on a task stopped the commander: %v", err)
	}
	if _, err := as(after, command(&seen, incident.Withdraw), chief, noon); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "Field") {
		t.Errorf("the task had been acknowledged: %v", err)
	}
	after = step(t, after, command(&after, incident.Write), chief, noon)
	if _, err := as(after, command(&seen, incident.StandDown), chief, noon); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "Chief") {
		t.Errorf("a report was written since: %v", err)
	}
	if _, err := as(after, command(&seen, incident.Finish), field, noon); !fault.Is(err, fault.Conflict) {
		t.Errorf("the same person acted in another window: %v", err)
	}
}

func TestOpenTasksAreNamed(t *testing.T) {
	t.Parallel()
	i := standing(t, incident.Running, incident.Done, incident.Finish)
	c := command(&i, incident.StandDown)
	c.Open = nil
	if _, err := as(i, c, chief, noon); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), "task 1") {
		t.Errorf("stood down with an open task unnamed: %v", err)
	}
	c.Open = []int{1, 7}
	if i = step(t, i, c, chief, noon); !slices.Equal(i.Left, []int{1}) {
		t.Errorf("left open: %v", i.Left)
	}
}

func TestLateTasksRemindThenCall(t *testing.T) {
	t.Parallel()
	i := standing(t, incident.Running, incident.Given, incident.Finish)
	i = step(t, i, command(&i, incident.Write), chief, noon)
	due := i.Tasks[0].Due
	var did []incident.CommandKind
	for now := due.Add(-time.Minute); now.Before(noon.Add(80 * time.Hour)); now = now.Add(time.Minute) {
		for c, more := i.Due(now); more; c, more = i.Due(now) {
			if at := i.Next(); at.After(now) {
				t.Fatalf("%s at %v, but nothing is due before %v", c.Kind, now, at)
			}
			did = append(did, c.Kind)
			i = step(t, i, c, clock, now)
		}
	}
	if !slices.Equal(did, []incident.CommandKind{incident.Remind, incident.Escalate, incident.ReportLate}) || !i.Next().IsZero() || !i.Late {
		t.Errorf("did %v; next %v", did, i.Next())
	}
	if got := i.Tasks[0].Escalated.Sub(due); got != incident.EscalateAfter {
		t.Errorf("the duty room was called %v after the due time", got)
	}
}

func TestADraftIsRefusedWithEveryProblem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind   incident.CommandKind
		change func(*incident.Command)
		fields []string
	}{
		"no title and no kind":       {incident.OpenIt, func(c *incident.Command) { c.Opening.Title, c.Opening.Kind = " ", "" }, []string{"title", "kind"}},
		"an unknown level":           {incident.OpenIt, func(c *incident.Command) { c.Opening.Level = "red" }, []string{"level"}},
		"a title no database keeps":  {incident.OpenIt, func(c *incident.Command) { c.Opening.Title = "a\x00" }, []string{"title"}},
		"a task for nobody":          {incident.Give, func(c *incident.Command) { c.Order.Unit = "" }, []string{"unit"}},
		"a task for two":             {incident.Give, func(c *incident.Command) { c.Order.Person.ID = "x" }, []string{"unit"}},
		"a task due at once":         {incident.Give, func(c *incident.Command) { c.Within = 0 }, []string{"due"}},
		"a task due in two weeks":    {incident.Give, func(c *incident.Command) { c.Within = 14 * 24 * time.Hour }, []string{"due"}},
		"a task without a clock":     {incident.Give, func(c *incident.Command) { c.Order.Clock, c.Order.Due = "soon", noon.Add(time.Hour) }, []string{"clock"}},
		"by a time that is over":     {incident.Give, func(c *incident.Command) { c.Order.Clock, c.Order.Due = incident.ByTime, noon }, []string{"due"}},
		"a report of nothing":        {incident.Write, func(c *incident.Command) { c.Report.Known = "" }, []string{"known"}},
		"the next was due yesterday": {incident.Write, func(c *incident.Command) { c.Report.NextDue = noon.Add(-time.Hour) }, []string{"next"}},
		"corrects itself":            {incident.Write, func(c *incident.Command) { c.Report.Corrects = 1 }, []string{"corrects"}},
		"command to the commander":   {incident.Offer, func(c *incident.Command) { c.To = incident.Who{ID: "chief", Name: "Chief"} }, []string{"to"}},
		"done, without a word":       {incident.Finish, func(c *incident.Command) { c.Note = " " }, []string{"note"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state, by := incident.Running, chief
			if c.kind == incident.OpenIt {
				state = incident.None
			}
			if c.kind == incident.Finish {
				by = field
			}
			i := standing(t, state, incident.Given, incident.Give)
			if state == incident.None {
				i = incident.Incident{ID: "i"}
			}
			cmd := command(&i, c.kind)
			c.change(&cmd)
			_, err := as(i, cmd, by, noon.Add(time.Minute))
			var fields []string
			for _, p := range fault.Problems(err) {
				fields = append(fields, p.Field)
			}
			if !fault.Is(err, fault.Invalid) || !slices.Equal(fields, c.fields) {
				t.Errorf("%v with problems in %q, want %q", err, fields, c.fields)
			}
		})
	}
}

// Whatever people and clocks do in whatever order: the log folds to what was applied, versions and reports have no gaps, a task's history is whole, nothing
// ends with an open task unnamed, and who checks is never who did.
func TestWhateverHappensTheLogIsWhole(t *testing.T) {
	t.Parallel()
	people := []access.Actor{chief, field, clock, {ID: "deputy", Name: "Deputy", Roles: []access.Role{access.Dispatcher, access.FieldWorker}, Unit: "street-1"},
		{ID: "admin", Name: "Admin", Roles: []access.Role{access.Admin}}, {ID: "other", Name: "Other", Roles: []access.Role{access.FieldWorker}, Unit: "street-2"}}
	rapid.Check(t, func(r *rapid.T) {
		i, log, now := incident.Incident{ID: "i"}, []incident.Fact(nil), noon
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(-5, 90).Draw(r, "minutes")) * time.Minute)
			cmd := command(&i, rapid.SampledFrom(all).Draw(r, "kind"))
			cmd.Task = rapid.IntRange(0, len(i.Tasks)+1).Draw(r, "task")
			cmd.Version -= int64(rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(r, "behind"))
			cmd.Cases = rapid.SliceOfN(rapid.SampledFrom([]casework.ID{"a", "b", "c", "d"}), 0, 3).Draw(r, "cases")
			cmd.Open = rapid.SampledFrom([][]int{nil, i.Open()}).Draw(r, "named")
			if cmd.Report != nil {
				cmd.Report.NextDue = now.Add(time.Hour)
			}
			before := clone(r, i)
			f, err := as(i, cmd, rapid.SampledFrom(people).Draw(r, "who"), now)
			if !reflect.DeepEqual(before, clone(r, i)) {
				r.Fatalf("%s changed what it was decided on", cmd.Kind)
			}
			if err != nil {
				continue
			}
			log = append(log, f)
			after := incident.Apply(i, f)
			if !reflect.DeepEqual(before, clone(r, i)) {
				r.Fatalf("%s was written into the past", f.Kind)
			}
			checkStep(r, &i, &after, &f)
			i = after
		}
		folded, err := incident.Fold(readBack(r, log))
		if err != nil || len(log) > 0 && !reflect.DeepEqual(clone(r, folded), clone(r, i)) {
			r.Fatalf("the log folds to %+v (%v), not to %+v", folded, err, i)
		}
	})
}

func checkStep(r *rapid.T, before, after *incident.Incident, f *incident.Fact) {
	if f.At.Before(before.UpdatedAt) || f.By.ID == "" {
		r.Fatalf("%+v after %v", f, before.UpdatedAt)
	}
	for n, report := range after.Reports {
		if report.N != n+1 || n < len(before.Reports) && report != before.Reports[n] {
			r.Fatalf("report %d of %d: %+v", report.N, len(after.Reports), report)
		}
	}
	for n, task := range after.Tasks {
		if task.N != n+1 || (task.State == incident.Done || task.State == incident.Impossible) && (task.EndedBy.ID == "" || task.Outcome == "") ||
			task.State == incident.Checked && (task.CheckedBy.ID == "" || task.CheckedBy == task.EndedBy) {
			r.Fatalf("task %+v", task)
		}
	}
	if (f.Kind == incident.FactStoodDown || f.Kind == incident.FactClosed) && !slices.Equal(f.Body.Open, before.Open()) {
		r.Fatalf("%s names %v, open are %v", f.Kind, f.Body.Open, before.Open())
	}
	seen := map[casework.ID]bool{}
	for _, id := range after.Cases {
		if seen[id] {
			r.Fatalf("case %s is there twice", id)
		}
		seen[id] = true
	}
}

func clone(r *rapid.T, i incident.Incident) (c incident.Incident) {
	body, err := json.Marshal(i)
	if err == nil {
		err = json.Unmarshal(body, &c)
	}
	if err != nil {
		r.Fatal(err)
	}
	return c
}

// readBack is the log as records give it back.
func readBack(r *rapid.T, log []incident.Fact) (read []incident.Fact) {
	body, err := json.Marshal(log)
	if err == nil {
		err = json.Unmarshal(body, &read)
	}
	if err != nil {
		r.Fatal(err)
	}
	return read
}
