package api

import (
	"context"
	"net/http"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
)

// Signs is the city's vital signs as they are now.
type Signs interface {
	Snapshot(ctx context.Context) (Board, error)
	// Revision changes whenever Snapshot might give another answer.
	Revision() uint64
}

// Board is everything the wall shows in figures. Its cases are counted in one snapshot, and a list with the same filter counts the same.
type Board struct {
	At        time.Time       `json:"at"`
	Signs     []Sign          `json:"signs"`
	OpenCases casedesk.Counts `json:"open_cases"`
	StaleSec  int             `json:"stale_after_s" doc:"a value older than this is stale"`
}

// Sign is one indicator: the sum of its areas, and the areas.
type Sign struct {
	Indicator indicator.ID    `json:"indicator"`
	Title     lang.Text       `json:"title"`
	Unit      lang.Text       `json:"unit"`
	Value     float64         `json:"value"`
	Band      indicator.Band  `json:"band"`
	At        time.Time       `json:"at" doc:"log time of the value"`
	Cases     int             `json:"cases" doc:"open cases behind it"`
	Bands     indicator.Bands `json:"bands"`
	Areas     []AreaSign      `json:"areas"`
}

// AreaSign is an indicator in one area.
type AreaSign struct {
	Area  event.AreaCode `json:"area"`
	Value float64        `json:"value"`
	Band  indicator.Band `json:"band"`
}

type signsOutput struct{ Body Board }

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
