package api_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/geo"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/picture"
)

// album remembers what it was asked.
type album struct {
	added []casedesk.PhotoRequest
	err   error
}

const aHash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func (a *album) AddPhoto(_ context.Context, r casedesk.PhotoRequest) (casedesk.PhotoView, error) {
	r.Body = bytes.Clone(r.Body) // it is used again after the request
	a.added = append(a.added, r)
	return casedesk.PhotoView{Hash: aHash}, a.err
}

func (a *album) ReadPhoto(_ context.Context, _ casedesk.Reader, id casework.ID, hash string) (casedesk.PhotoView, []byte, error) {
	return casedesk.PhotoView{Hash: hash}, []byte("pixels of " + id), a.err
}

func TestAPhotoComesAsItIs(t *testing.T) {
	t.Parallel()
	p := start(t)
	header := map[string]string{"Content-Type": "image/jpeg", "Idempotency-Key": "k"}
	body := "\xff\xd8\xff\x00\x01 pixels"
	res, v := p.request(t, "POST", "/api/v1/cases/c-1/photos?kind=before&taken=2026-07-01T07:00:00Z&lon=121.5&lat=31.25&accuracy=8", "worker", header, body)
	if res.StatusCode != 201 || v["hash"] != aHash || len(p.album.added) != 1 {
		t.Fatalf("answered %d %v", res.StatusCode, v)
	}
	r := p.album.added[0]
	if string(r.Body) != body || r.CaseID != "c-1" || r.Kind != casedesk.Before || !r.TakenAt.Equal(now.Add(-time.Hour)) || *r.Point != (geo.Point{Lon: 121.5, Lat: 31.25}) ||
		r.Accuracy != 8 || r.Actor.ID != "w" || r.IdempotencyKey != "k" || r.Route != "/api/v1/cases/c-1/photos" {
		t.Errorf("asked as %+v", r)
	}
	if res, v := p.request(t, "POST", "/api/v1/cases/c-1/photos?kind=scene", "worker", header, body); res.StatusCode != 201 || p.album.added[1].Point != nil || !p.album.added[1].TakenAt.IsZero() {
		t.Errorf("without a place: %d %v", res.StatusCode, v)
	}
	p.album.err = fault.New(fault.Denied, "", "no")
	if res, _ := p.request(t, "POST", "/api/v1/cases/c-1/photos?kind=scene", "worker", header, body); res.StatusCode != 403 {
		t.Errorf("refused with %d", res.StatusCode)
	}
}

func TestAPhotoThatIsNone(t *testing.T) {
	t.Parallel()
	p := start(t)
	header := map[string]string{"Content-Type": "image/jpeg", "Idempotency-Key": "k"}
	for name, c := range map[string]struct {
		path   string
		header map[string]string
		body   string
		status int
	}{
		"too large":     {"photos?kind=before", header, strings.Repeat("x", picture.MaxBytes+2), 413},
		"no kind":       {"photos", header, "x", 422},
		"another kind":  {"photos?kind=holiday", header, "x", 422},
		"no key":        {"photos?kind=before", map[string]string{"Content-Type": "image/jpeg"}, "x", 422},
		"no time":       {"photos?kind=before&taken=noon", header, "x", 422},
		"not signed in": {"photos?kind=before", header, "x", 401},
	} {
		who := "worker"
		if c.status == 401 {
			who = ""
		}
		if res, v := p.request(t, "POST", "/api/v1/cases/c-1/"+c.path, who, c.header, c.body); res.StatusCode != c.status {
			t.Errorf("%s: %d %v", name, res.StatusCode, v)
		}
	}
	if len(p.album.added) != 0 {
		t.Errorf("asked for %d", len(p.album.added))
	}
}

func TestAPhotoIsShownOnceItMayBeSeen(t *testing.T) {
	t.Parallel()
	p := start(t)
	get := func(path, have string) (*http.Response, string) {
		r, err := http.NewRequestWithContext(t.Context(), "GET", p.srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer worker")
		r.Header.Set("If-None-Match", have)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var b bytes.Buffer
		if _, err := io.Copy(&b, res.Body); err != nil {
			t.Fatal(err)
		}
		return res, b.String()
	}
	path := "/api/v1/cases/c-1/photos/" + aHash
	res, body := get(path, "")
	if h := res.Header; res.StatusCode != 200 || body != "pixels of c-1" || h.Get("Content-Type") != "image/jpeg" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("%d %q %v", res.StatusCode, body, res.Header)
	}
	if again, body := get(path, res.Header.Get("ETag")); again.StatusCode != 304 || body != "" {
		t.Errorf("known: %d %q", again.StatusCode, body)
	}
	if res, _ := get("/api/v1/cases/c-1/photos/..%2f..%2fkeys", ""); res.StatusCode != 422 {
		t.Errorf("another name: %d", res.StatusCode)
	}
	p.album.err = fault.New(fault.Denied, "", "no")
	if res, body := get(path, `"`+aHash+`"`); res.StatusCode != 403 || strings.Contains(body, "pixels") {
		t.Errorf("refused: %d %q", res.StatusCode, body)
	}
}
