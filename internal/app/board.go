package app

import (
	"context"

	"twoweave/internal/flow"
	"twoweave/internal/gateway/api"
)

// board is the wall's figures as the API shows them.
type board struct{ *flow.Signs }

func (b board) Snapshot(ctx context.Context) (api.Board, error) {
	s, err := b.Signs.Snapshot(ctx)
	if err != nil {
		return api.Board{}, err
	}
	out := api.Board{At: s.At, OpenCases: s.OpenCases, StaleSec: s.StaleSec, Signs: make([]api.Sign, len(s.Signs))}
	for i, sign := range s.Signs {
		areas := make([]api.AreaSign, len(sign.Areas))
		for j, area := range sign.Areas {
			areas[j] = api.AreaSign(area)
		}
		out.Signs[i] = api.Sign{Indicator: sign.Indicator, Title: sign.Title, Unit: sign.Unit, Value: sign.Value, Band: sign.Band, At: sign.At,
			Cases: sign.Cases, Bands: sign.Bands, Areas: areas}
	}
	return out, nil
}
