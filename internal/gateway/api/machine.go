package api

import (
	"context"
	"net/http"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/manage/casedesk"
)

// Machine is the program about itself.
type Machine interface {
	Accounting(ctx context.Context) (Accounting, error)
	Packs() Packs
}

// Accounting adds up: received = refused + accepted + in doubt + waiting; accepted = evaluated + duplicate + conflict + late + dead + capped + in flight.
type Accounting struct {
	Since    time.Time        `json:"since" doc:"start of this process; its figures count from here"`
	Ingest   IngestAccounting `json:"ingest"`
	Log      LogAccounting    `json:"log"`
	Unplaced uint64           `json:"unplaced" doc:"accepted events whose area could not be found"`
	ByType   []TypeAccounting `json:"by_type"`
}

// IngestAccounting is what came in.
type IngestAccounting struct {
	Received  uint64            `json:"received"`
	Accepted  uint64            `json:"accepted"`
	Refused   uint64            `json:"refused"`
	RefusedBy map[string]uint64 `json:"refused_by"`
	InDoubt   uint64            `json:"in_doubt" doc:"the log did not answer; the sender was told to try again"`
}

// LogAccounting is what became of what was accepted, since the beginning of the log, in the partitions that this process holds.
type LogAccounting struct {
	LastSeq  uint64 `json:"last_seq" doc:"end of the log"`
	Position uint64 `json:"position" doc:"up to where it is computed"`
	OutcomeAccounting
	FloodAccounting
	InFlight int64 `json:"in_flight" doc:"accepted by this process and not computed yet"`
}

// OutcomeAccounting counts events by their one outcome.
type OutcomeAccounting struct {
	Events    int64 `json:"events"`
	Evaluated int64 `json:"evaluated"`
	Duplicate int64 `json:"duplicate"`
	Conflict  int64 `json:"conflict"`
	Late      int64 `json:"late"`
	Dead      int64 `json:"dead"`
	Capped    int64 `json:"capped" doc:"more than the type allows one sender in a minute"`
}

// FloodAccounting is what was kept from becoming findings, and what detection does beside counting events.
type FloodAccounting struct {
	Silenced   int64 `json:"silenced" doc:"episodes that did not start because of a silence"`
	NewCapped  int64 `json:"new_capped" doc:"times a scenario did not take up a subject because too many were new in that minute"`
	Dropped    int64 `json:"dropped" doc:"reports that a cluster forgot early because it holds its most"`
	Overflow   int64 `json:"overflow" doc:"times a scenario did not take up a subject because a partition holds its most"`
	Clamped    int64 `json:"clamped" doc:"events whose time was too far ahead"`
	AfterEnd   int64 `json:"after_end" doc:"late evidence of episodes that had ended"`
	RuleErrors int64 `json:"rule_errors" doc:"times a rule failed on an event"`
	Copies     int64 `json:"copies" doc:"keyed copies evaluated; they are no events of their own"`
	CopiesLost int64 `json:"copies_lost" doc:"keyed copies that were late, capped, dead or in conflict"`
}

// TypeAccounting is what came in of one event type.
type TypeAccounting struct {
	Type     string `json:"type"`
	Accepted uint64 `json:"accepted"`
	Refused  uint64 `json:"refused"`
	Unplaced uint64 `json:"unplaced"`
}

// Packs is the content in force.
type Packs struct {
	Activation string     `json:"activation"`
	Packs      []PackInfo `json:"packs"`
}

// PackInfo is one pack in force.
type PackInfo struct {
	Name      string `json:"name"`
	Version   int    `json:"version"`
	Hash      string `json:"hash"`
	Scenarios int    `json:"scenarios"`
	Types     int    `json:"types"`
}

type accountingOutput struct{ Body Accounting }

type packsOutput struct{ Body Packs }

type exceptionsInput struct {
	Kind  string `query:"kind" doc:"conflict, dead, …; all when missing"`
	Limit int    `query:"limit" doc:"1 … 200; 50 when missing"`
}

type exceptionsOutput struct {
	Body struct {
		Items []casedesk.Exception `json:"items"`
	}
}

func mountMachine(a *API) {
	mount(a, route{id: "accounting", method: http.MethodGet, path: "/api/v1/accounting", tag: "machine", summary: "What came in and what became of it; the sums add up",
		action: access.ReadMachine, purpose: access.Operation}, a.accounting)
	mount(a, route{id: "exceptions", method: http.MethodGet, path: "/api/v1/exceptions", tag: "machine", summary: "Events that were kept because they could not be evaluated",
		action: access.ReadMachine, purpose: access.Operation}, a.exceptions)
	mount(a, route{id: "packs", method: http.MethodGet, path: "/api/v1/packs", tag: "machine", summary: "The content in force",
		action: access.ReadMachine, purpose: access.Operation}, a.packs)
}

func (a *API) accounting(ctx context.Context, _ *struct{}) (*accountingOutput, error) {
	if err := permit(ctx, access.ReadMachine, access.Thing{Kind: "accounting"}); err != nil {
		return nil, err
	}
	body, err := a.o.Machine.Accounting(ctx)
	return &accountingOutput{Body: body}, err
}

func (a *API) exceptions(ctx context.Context, in *exceptionsInput) (*exceptionsOutput, error) {
	items, err := a.o.Cases.Exceptions(ctx, readerOf(ctx), in.Kind, in.Limit)
	out := &exceptionsOutput{}
	out.Body.Items = emptyNotNull(items)
	return out, err
}

func (a *API) packs(ctx context.Context, _ *struct{}) (*packsOutput, error) {
	if err := permit(ctx, access.ReadMachine, access.Thing{Kind: "packs"}); err != nil {
		return nil, err
	}
	return &packsOutput{Body: a.o.Machine.Packs()}, nil
}
