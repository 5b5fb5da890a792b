package api

import (
	"context"
	"net/http"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/scenario"
)

type detectionsInput struct {
	Scenario string    `query:"scenario"`
	Area     string    `query:"area"`
	Since    time.Time `query:"since" doc:"only episodes that started then or later"`
	Cursor   string    `query:"cursor"`
	Limit    int       `query:"limit" doc:"1 … 200; 50 when missing"`
}

type detectionsOutput struct{ Body casedesk.FindingPage }

func mountDetections(a *API) {
	mount(a, route{id: "list-detections", method: http.MethodGet, path: "/api/v1/detections", tag: "detections", summary: "What was detected, the latest first",
		action: access.ReadFindings, purpose: access.Supervision}, a.listDetections)
}

func (a *API) listDetections(ctx context.Context, in *detectionsInput) (*detectionsOutput, error) {
	page, err := a.o.Cases.Detections(ctx, readerOf(ctx), casedesk.FindingFilter{Scenario: scenario.ID(in.Scenario), Area: event.AreaCode(in.Area),
		Since: in.Since, Cursor: in.Cursor, Limit: in.Limit})
	return &detectionsOutput{Body: page}, err
}
