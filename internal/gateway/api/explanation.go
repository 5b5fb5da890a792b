package api

import (
	"context"
	"net/http"

	"twoweave/internal/access"
	"twoweave/internal/manage/scenario"
)

type explanationInput struct {
	ID string `path:"id" doc:"a detection's id"`
}

type explanationOutput struct{ Body scenario.Explanation }

func mountExplanations(a *API) {
	mount(a, route{id: "explain-detection", method: http.MethodGet, path: "/api/v1/detections/{id}/explanation", tag: "detections",
		summary: "How a detection came about: every reading, measure and part of the rule behind it", action: access.ReadFindings, purpose: access.Supervision}, a.explain)
}

func (a *API) explain(ctx context.Context, in *explanationInput) (*explanationOutput, error) {
	if err := permit(ctx, access.ReadFindings, access.Thing{Kind: "detection", ID: in.ID}); err != nil {
		return nil, err
	}
	x, err := a.o.Past.Explain(ctx, in.ID)
	return &explanationOutput{Body: x}, err
}
