package api

import (
	"context"
	"net/http"

	"twoweave/internal/access"
	"twoweave/internal/manage/casedesk"
)

// Signs is the city's vital signs as they are now.
type Signs interface {
	Snapshot(ctx context.Context) (casedesk.Board, error)
	// Revision changes whenever Snapshot might give another answer.
	Revision() uint64
}

type signsOutput struct{ Body casedesk.Board }

func mountSigns(a *API) {
	mount(a, route{id: "signs", method: http.MethodGet, path: "/api/v1/signs", tag: "signs", summary: "The city's vital signs now, and its open cases in figures",
		action: access.ReadSigns, purpose: access.Supervision}, a.signs)
}

func (a *API) signs(ctx context.Context, _ *struct{}) (*signsOutput, error) {
	if err := permit(ctx, access.ReadSigns, access.Thing{Kind: "sign"}); err != nil {
		return nil, err
	}
	board, err := a.o.Signs.Snapshot(ctx)
	return &signsOutput{Body: board}, err
}
