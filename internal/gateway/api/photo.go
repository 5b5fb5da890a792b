package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"twoweave/internal/access"
	"twoweave/internal/base/geo"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/picture"
)

// Photos is the desk as it keeps photos of cases.
type Photos interface {
	AddPhoto(ctx context.Context, r casedesk.PhotoRequest) (casedesk.PhotoView, error)
	ReadPhoto(ctx context.Context, r casedesk.Reader, id casework.ID, hash string) (casedesk.PhotoView, []byte, error)
}

type addPhotoInput struct {
	ID             string    `path:"id"`
	IdempotencyKey string    `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"200" doc:"the same key gives the first answer and no second effect; the same picture is kept once for a case under any key"`
	Kind           string    `query:"kind" required:"true" enum:"before,after,scene"`
	Taken          time.Time `query:"taken" doc:"when it was taken, by the device's clock"`
	Lon            float64   `query:"lon" doc:"where the device was, in WGS 84; with its owner's consent only"`
	Lat            float64   `query:"lat"`
	Accuracy       float64   `query:"accuracy" doc:"of the place, in metres"`
	RawBody        []byte    `contentType:"image/jpeg"`
}

type addPhotoOutput struct {
	Status int
	Body   casedesk.PhotoView
}

type photoInput struct {
	ID   string `path:"id"`
	Hash string `path:"hash" pattern:"^[0-9a-f]{64}$"`
	Have string `header:"If-None-Match"`
}

type photoOutput struct {
	Status  int
	Type    string `header:"Content-Type"`
	Tag     string `header:"ETag"`
	Caching string `header:"Cache-Control"`
	Nosniff string `header:"X-Content-Type-Options"`
	Body    []byte
}

// slowPhone is how long a photo may take to come, from the edge of a network.
const slowPhone = 2 * time.Minute

func mountPhotos(a *API) {
	mount(a, route{id: "add-photo", method: http.MethodPost, path: "/api/v1/cases/{id}/photos", tag: "cases", maxBody: picture.MaxBytes + 1, status: http.StatusCreated,
		summary: "Put a photo (JPEG, PNG or WebP, at most 8 MB and 40 megapixels) to a case; it is kept as a JPEG made anew, without what the camera wrote beside it",
		action:  access.AddPhoto, purpose: access.Casework, describe: func(op *huma.Operation) { op.BodyReadTimeout = slowPhone; op.SkipValidateBody = true }}, a.addPhoto)
	mount(a, route{id: "get-photo", method: http.MethodGet, path: "/api/v1/cases/{id}/photos/{hash}", tag: "cases", summary: "A photo of a case, as a JPEG",
		action: access.ReadCase, purpose: access.Casework}, a.getPhoto)
}

func (a *API) addPhoto(ctx context.Context, in *addPhotoInput) (*addPhotoOutput, error) {
	r := casedesk.PhotoRequest{
		Request: command.Request{Actor: actorOf(ctx), IdempotencyKey: in.IdempotencyKey, Route: "/api/v1/cases/" + in.ID + "/photos"},
		CaseID:  casework.ID(in.ID), Kind: casedesk.PhotoKind(in.Kind), TakenAt: in.Taken, Accuracy: in.Accuracy,
		Body: in.RawBody, // its memory is used again after the request: the desk keeps none of it
	}
	if in.Lon != 0 || in.Lat != 0 {
		r.Point = &geo.Point{Lon: in.Lon, Lat: in.Lat}
	}
	v, err := a.o.Photos.AddPhoto(ctx, r)
	return &addPhotoOutput{Status: http.StatusCreated, Body: v}, err
}

// getPhoto answers every time only after access was asked: a browser may keep the picture, but must come back with its tag.
func (a *API) getPhoto(ctx context.Context, in *photoInput) (*photoOutput, error) {
	p, body, err := a.o.Photos.ReadPhoto(ctx, readerOf(ctx), casework.ID(in.ID), in.Hash)
	if err != nil {
		return nil, err
	}
	out := &photoOutput{Status: http.StatusOK, Type: "image/jpeg", Tag: `"` + p.Hash + `"`, Caching: "private, no-cache", Nosniff: "nosniff", Body: body}
	if in.Have == out.Tag {
		out.Status, out.Body = http.StatusNotModified, nil
	}
	return out, nil
}
