package api

import (
	"context"
	"net/http"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/incident"
	"twoweave/internal/manage/incidentdesk"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/command"
	"twoweave/internal/registry"
)

// Incidents is the command post.
type Incidents interface {
	Open(ctx context.Context, r command.Request, o incident.Opening) (incidentdesk.View, error)
	Do(ctx context.Context, r command.Request, id incident.ID, cmd incident.Command) (incidentdesk.View, error)
	List(ctx context.Context, reader access.Actor, f incidentdesk.Filter) (incidentdesk.Page, error)
	Incident(ctx context.Context, reader access.Actor, id incident.ID) (incidentdesk.Detail, error)
	Tasks(ctx context.Context, reader access.Actor) ([]incidentdesk.OwnTask, error)
	Propose(ctx context.Context, reader access.Actor, id incident.ID, f incidentdesk.Fit) (incidentdesk.Proposal, error)
	People(ctx context.Context, reader access.Actor) ([]incidentdesk.PersonView, error)
	Revision(ctx context.Context) (int64, error)
}

type incidentsInput struct {
	Live   bool   `query:"live" doc:"only those that are not closed"`
	Case   string `query:"case" doc:"only the one that holds this case, or held it last"`
	Cursor string `query:"cursor"`
	Limit  int    `query:"limit" doc:"1 … 200; 50 when missing"`
}

type incidentsOutput struct{ Body incidentdesk.Page }

type incidentInput struct {
	ID string `path:"id"`
}

type incidentOutput struct{ Body incidentdesk.Detail }

type headingOutput struct{ Body incidentdesk.View }

type ownTasksOutput struct {
	Body struct {
		Items []incidentdesk.OwnTask `json:"items"`
	}
}

type staffOutput struct {
	Body struct {
		Items []incidentdesk.PersonView `json:"items"`
	}
}

type fitInput struct {
	ID        string   `path:"id"`
	Classes   []string `query:"class" doc:"none: all"`
	Scenarios []string `query:"scenario" doc:"none: all"`
	Before    string   `query:"before" doc:"how long before the opening they may have begun, such as 2h; at most 72h"`
}

type fitOutput struct{ Body incidentdesk.Proposal }

type openInput struct {
	Idempotent
	Body struct {
		Title string   `json:"title" maxLength:"300"`
		Kind  string   `json:"kind" enum:"disaster,accident,health,security,occasion"`
		Areas []string `json:"areas,omitempty" maxItems:"100" doc:"codes; none: the whole city"`
		Place string   `json:"place,omitempty" maxLength:"300"`
	}
}

type incidentCommandInput struct {
	Idempotent
	ID   string `path:"id"`
	Body struct {
		Command  string     `json:"command" enum:"offer,accept,decline,gather,release,report,give,stand-down,close,reopen,acknowledge,supply,done,impossible,check,withdraw"`
		Version  int64      `json:"version" minimum:"1" doc:"the version of the incident that the actor saw"`
		Task     int        `json:"task,omitempty" doc:"the task's number, for commands on a task"`
		Note     string     `json:"note,omitempty" maxLength:"8000" doc:"reason, outcome, resource, or after-action text; needed by supply, done, impossible, withdraw, stand-down, close and reopen"`
		To       string     `json:"to,omitempty" doc:"offer: the person"`
		Cases    []string   `json:"cases,omitempty" maxItems:"200" doc:"gather, release: ids"`
		What     string     `json:"what,omitempty" maxLength:"8000" doc:"give: what is to be done"`
		Unit     string     `json:"unit,omitempty" doc:"give: by this unit"`
		Person   string     `json:"person,omitempty" doc:"give: or by this person"`
		For      string     `json:"for,omitempty" doc:"give: within so many urgent hours, such as 45m; report: the next one is due so long from now"`
		Until    *time.Time `json:"until,omitempty" doc:"give: by this time instead"`
		Known    string     `json:"known,omitempty" maxLength:"8000" doc:"report: what is known"`
		Done     string     `json:"done,omitempty" maxLength:"8000" doc:"report: what is done"`
		Expected string     `json:"expected,omitempty" maxLength:"8000" doc:"report: what is expected"`
		Corrects int        `json:"corrects,omitempty" doc:"report: the number of an earlier one that it corrects"`
		Open     []int      `json:"open,omitempty" maxItems:"500" doc:"stand-down, close: the numbers of the tasks that are left open; all that are must be named"`
	}
}

func mountIncidents(a *API) {
	const tag, most = "incidents", 256 << 10
	mount(a, route{id: "list-incidents", method: http.MethodGet, path: "/api/v1/incidents", tag: tag, summary: "Incidents, the newest first",
		action: access.ReadIncident, purpose: access.Commanding}, a.listIncidents)
	mount(a, route{id: "get-incident", method: http.MethodGet, path: "/api/v1/incidents/{id}", tag: tag, summary: "One incident: tasks, cases, situation reports, and the log",
		action: access.ReadIncident, purpose: access.Commanding}, a.getIncident)
	mount(a, route{id: "propose-incident-cases", method: http.MethodGet, path: "/api/v1/incidents/{id}/proposal", tag: tag, summary: "Open cases that might be gathered",
		action: access.ReadIncident, purpose: access.Commanding}, a.proposeCases)
	mount(a, route{id: "incident-people", method: http.MethodGet, path: "/api/v1/incident-people", tag: tag, summary: "Who can be given tasks, and who may command",
		action: access.ReadIncident, purpose: access.Commanding}, a.incidentPeople)
	mount(a, route{id: "list-own-tasks", method: http.MethodGet, path: "/api/v1/incident-tasks", tag: tag, summary: "The open tasks of the own unit and of oneself",
		action: access.DoTask, purpose: access.Commanding}, a.ownTasks)
	mount(a, route{id: "open-incident", method: http.MethodPost, path: "/api/v1/incidents", tag: tag, summary: "Open an incident, and command it", maxBody: most,
		action: access.OpenIncident, purpose: access.Commanding}, a.openIncident)
	mount(a, route{id: "command-incident", method: http.MethodPost, path: "/api/v1/incidents/{id}/commands", tag: tag, summary: "A command on an incident or one of its tasks", maxBody: most,
		action: access.DoTask, purpose: access.Commanding}, a.commandIncident) // each command is an action of its own, which the desk asks about
}

func (a *API) listIncidents(ctx context.Context, in *incidentsInput) (*incidentsOutput, error) {
	page, err := a.o.Incidents.List(ctx, actorOf(ctx), incidentdesk.Filter{Live: in.Live, Case: casework.ID(in.Case), Cursor: in.Cursor, Limit: in.Limit})
	return &incidentsOutput{Body: page}, err
}

func (a *API) getIncident(ctx context.Context, in *incidentInput) (*incidentOutput, error) {
	one, err := a.o.Incidents.Incident(ctx, actorOf(ctx), incident.ID(in.ID))
	return &incidentOutput{Body: one}, err
}

func (a *API) proposeCases(ctx context.Context, in *fitInput) (*fitOutput, error) {
	f := incidentdesk.Fit{Classes: in.Classes}
	for _, s := range in.Scenarios {
		f.Scenarios = append(f.Scenarios, scenario.ID(s))
	}
	var err error
	if f.Before, err = lasting(in.Before); err != nil {
		return nil, err
	}
	p, err := a.o.Incidents.Propose(ctx, actorOf(ctx), incident.ID(in.ID), f)
	return &fitOutput{Body: p}, err
}

func (a *API) incidentPeople(ctx context.Context, _ *struct{}) (*staffOutput, error) {
	out := &staffOutput{}
	var err error
	out.Body.Items, err = a.o.Incidents.People(ctx, actorOf(ctx))
	return out, err
}

func (a *API) ownTasks(ctx context.Context, _ *struct{}) (*ownTasksOutput, error) {
	out := &ownTasksOutput{}
	var err error
	out.Body.Items, err = a.o.Incidents.Tasks(ctx, actorOf(ctx))
	return out, err
}

func (a *API) openIncident(ctx context.Context, in *openInput) (*headingOutput, error) {
	b := in.Body
	o := incident.Opening{Title: b.Title, Kind: incident.Kind(b.Kind), Place: b.Place}
	for _, code := range b.Areas {
		o.Areas = append(o.Areas, event.AreaCode(code))
	}
	v, err := a.o.Incidents.Open(ctx, in.request(ctx, "/api/v1/incidents"), o)
	return &headingOutput{Body: v}, err
}

func (a *API) commandIncident(ctx context.Context, in *incidentCommandInput) (*headingOutput, error) {
	cmd, err := in.command()
	if err != nil {
		return nil, err
	}
	v, err := a.o.Incidents.Do(ctx, in.request(ctx, "/api/v1/incidents/"+in.ID+"/commands"), incident.ID(in.ID), cmd)
	return &headingOutput{Body: v}, stale[incidentdesk.View](err)
}

func (in *incidentCommandInput) command() (incident.Command, error) {
	b := in.Body
	cmd := incident.Command{Kind: incident.CommandKind(b.Command), Version: b.Version, Task: b.Task, Note: b.Note, To: incident.Who{ID: registry.PersonID(b.To)}, Open: b.Open}
	for _, id := range b.Cases {
		cmd.Cases = append(cmd.Cases, casework.ID(id))
	}
	last, err := lasting(b.For)
	if err != nil {
		return cmd, err
	}
	switch cmd.Kind {
	case incident.Give:
		cmd.Within = last
		cmd.Order = &incident.Assignment{What: b.What, Unit: registry.UnitID(b.Unit), Person: incident.Who{ID: registry.PersonID(b.Person)}, Clock: incident.UrgentHours}
		if b.Until != nil && last > 0 {
			return cmd, fault.Invalidly("api.command", fault.Problem{Field: "until", Message: "say either for or until"})
		}
		if b.Until != nil {
			cmd.Order.Clock, cmd.Order.Due = incident.ByTime, b.Until.UTC()
		}
	case incident.Write:
		cmd.Report = &incident.Report{Known: b.Known, Done: b.Done, Expected: b.Expected, Corrects: b.Corrects}
		cmd.Within = last
	case incident.Reopen:
		cmd.Cases = nil // the desk says which were lost
	}
	return cmd, nil
}
