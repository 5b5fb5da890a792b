package api

import (
	"context"
	"net/http"

	"twoweave/internal/access"
	"twoweave/internal/registry"
)

// Places is where things are.
type Places interface {
	// Directory is the registry in force and the size of the schematic map's frame.
	Directory() (d *registry.Directory, width, height float64)
}

type areasOutput struct {
	Body struct {
		Frame frame           `json:"frame"`
		Areas []registry.Area `json:"areas"`
	}
}

type unitsOutput struct {
	Body struct {
		Items []registry.Unit `json:"items"`
	}
}

type frame struct {
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

func mountAreas(a *API) {
	mount(a, route{id: "areas", method: http.MethodGet, path: "/api/v1/areas", tag: "registry", summary: "The areas and their outlines on the schematic map",
		action: access.ReadSigns, purpose: access.Supervision}, a.areas)
	mount(a, route{id: "units", method: http.MethodGet, path: "/api/v1/units", tag: "registry", summary: "The units that handle cases",
		action: access.ReadSigns, purpose: access.Supervision}, a.units)
}

func (a *API) areas(ctx context.Context, _ *struct{}) (*areasOutput, error) {
	if err := permit(ctx, access.ReadSigns, access.Thing{Kind: "area"}); err != nil {
		return nil, err
	}
	d, width, height := a.o.Places.Directory()
	out := &areasOutput{}
	out.Body.Frame = frame{width, height}
	out.Body.Areas = emptyNotNull(d.Areas)
	return out, nil
}

func (a *API) units(ctx context.Context, _ *struct{}) (*unitsOutput, error) {
	if err := permit(ctx, access.ReadSigns, access.Thing{Kind: "unit"}); err != nil {
		return nil, err
	}
	d, _, _ := a.o.Places.Directory()
	out := &unitsOutput{}
	out.Body.Items = emptyNotNull(d.Units)
	return out, nil
}
