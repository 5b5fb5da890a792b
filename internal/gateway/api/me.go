package api

import (
	"context"
	"net/http"

	"twoweave/internal/access"
)

type meOutput struct {
	Body struct {
		ID    string        `json:"id"`
		Name  string        `json:"name"`
		Roles []access.Role `json:"roles"`
		Unit  string        `json:"unit,omitempty"`
		Demo  bool          `json:"demo" doc:"the data are simulated"`
		Can   can           `json:"can"`
	}
}

type can struct {
	Wall      bool `json:"wall"`
	Console   bool `json:"console"`
	Call      bool `json:"call" doc:"takes what people report"`
	Messages  bool `json:"messages" doc:"sees what left for people and other systems"`
	Duty      bool `json:"duty" doc:"sees who is on duty and what is called for"`
	Incidents bool `json:"incidents" doc:"sees the incidents"`
	Command   bool `json:"command" doc:"opens and commands incidents"`
	City      bool `json:"city" doc:"sees the areas, units, limits, routing and roster, and how they were changed"`
	Appraisal bool `json:"appraisal" doc:"sees the figures of work, the own ones at least"`
	Exchange  bool `json:"exchange" doc:"sees the work orders of and for other systems"`
	Field     bool `json:"field"`
	Machine   bool `json:"machine"`
	State     bool `json:"state" doc:"sees the orders behind the city's state"`
	People    bool `json:"people" doc:"keeps the accounts of people"`
	Audit     bool `json:"audit" doc:"searches the audit"`
	Order     bool `json:"order" doc:"orders states and silences"`
}

func mountMe(a *API) {
	mount(a, route{id: "me", method: http.MethodGet, path: "/api/v1/me", tag: "me", summary: "Who is asking, and which surfaces are theirs",
		action: access.ReadSelf, purpose: access.Supervision}, a.me)
}

func (a *API) me(ctx context.Context, _ *struct{}) (*meOutput, error) {
	actor := actorOf(ctx)
	out := &meOutput{}
	out.Body.ID, out.Body.Name, out.Body.Roles, out.Body.Unit, out.Body.Demo = actor.ID, actor.Name, actor.Roles, actor.Unit, a.o.Demo
	may := func(action access.Action, p access.Purpose) bool {
		return access.Decide(access.Request{Actor: actor, Action: action, Purpose: p, Thing: access.Thing{Unit: actor.Unit}}).Allow
	}
	out.Body.Can = can{Wall: may(access.ReadSigns, access.Supervision), Console: may(access.ReadCase, access.Supervision),
		Call: may(access.TakeCase, access.Casework), Messages: may(access.ReadMessages, access.Operation), Duty: may(access.ReadRoster, access.OnDuty), Incidents: may(access.ReadIncident, access.Commanding), Command: may(access.CommandIncident, access.Commanding), City: may(access.ReadCity, access.Operation),
		Appraisal: may(access.ReadAppraisal, access.Supervision), Exchange: may(access.ReadExchange, access.Exchange), People: may(access.ReadPeople, access.SigningIn), Audit: may(access.ReadAudit, access.Supervision), Field: may(access.StartCase, access.Casework), Machine: may(access.ReadMachine, access.Operation), State: may(access.ReadOrders, access.Ordering), Order: may(access.OrderState, access.Ordering)}
	return out, nil
}
