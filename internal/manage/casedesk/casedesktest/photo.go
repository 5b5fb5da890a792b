package casedesktest

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"slices"
	"sync"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/geo"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
)

// Put keeps a file in memory.
func (d *Desk) Put(_ context.Context, key string, body []byte) error {
	if d.diskFull.Load() {
		return fault.New(fault.Unavailable, "casedesktest.Put", "the disk is full")
	}
	d.files.Store(key, body)
	return nil
}

// Get gives it back.
func (d *Desk) Get(_ context.Context, key string) ([]byte, error) {
	body, is := d.files.Load(key)
	if !is {
		return nil, fault.New(fault.NotFound, "casedesktest.Get", "no file")
	}
	return body.([]byte), nil
}

// grey is a small picture of one shade.
func grey(shade uint8) []byte {
	m := image.NewGray(image.Rect(0, 0, 16, 8))
	for i := range m.Pix {
		m.Pix[i] = color.Gray{Y: shade}.Y
	}
	var b bytes.Buffer
	if jpeg.Encode(&b, m, nil) != nil {
		panic("a picture in memory is always written")
	}
	return b.Bytes()
}

func (d *Desk) photo(id casework.ID, who access.Actor, body []byte) casedesk.PhotoRequest {
	return casedesk.PhotoRequest{Request: command.Request{Actor: who, IdempotencyKey: fmt.Sprint("photo-", d.keys.Add(1)), Route: "photos/" + string(id)},
		CaseID: id, Kind: casedesk.Before, Body: body}
}

func (d *Desk) photosOf(t *testing.T, id casework.ID) []casedesk.PhotoView {
	t.Helper()
	detail, err := d.Case(t.Context(), reader(operator), id, false)
	if err != nil {
		t.Fatal(err)
	}
	return detail.Photos
}

func photos(t *testing.T, d *Desk) {
	id := d.open(t, opening("p-1", 1))
	version := d.now(t, id).Version
	r := d.photo(id, worker, grey(10))
	r.TakenAt, r.Point, r.Accuracy = Start.Add(-time.Hour), &geo.Point{Lon: 121.5, Lat: 31.2}, 8
	first, err := d.AddPhoto(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	d.clock.Advance(time.Minute)
	r = d.photo(id, verifier, grey(200))
	r.Kind = casedesk.After
	if _, err := d.AddPhoto(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	all := d.photosOf(t, id)
	if len(all) != 2 || all[0].Hash != first.Hash || all[1].Kind != casedesk.After || all[1].Point != nil || all[1].TakenAt != nil || all[1].ByName != verifier.Name {
		t.Fatalf("the case has %+v", all)
	}
	if p := all[0]; p.By != worker.ID || !p.At.Equal(Start) || !p.TakenAt.Equal(Start.Add(-time.Hour)) || *p.Point != (geo.Point{Lon: 121.5, Lat: 31.2}) || p.Accuracy != 8 || p.Width != 16 || p.Height != 8 {
		t.Errorf("kept as %+v", p)
	}
	if d.now(t, id).Version != version {
		t.Error("a photo changed the case's version: a command given before it would be refused")
	}
	got, body, err := d.ReadPhoto(t.Context(), reader(worker), id, first.Hash)
	if err != nil || got.Hash != first.Hash || len(body) != first.Bytes {
		t.Fatalf("%d bytes, %v", len(body), err)
	}
	if m, err := jpeg.Decode(bytes.NewReader(body)); err != nil || m.Bounds().Dx() != 16 {
		t.Errorf("not the picture: %v", err)
	}
	other := d.open(t, opening("p-2", 1))
	if _, _, err := d.ReadPhoto(t.Context(), reader(worker), other, first.Hash); !fault.Is(err, fault.NotFound) {
		t.Errorf("a case shows another one's photo: %v", err)
	}
}

// The same picture is one photo: sent at once, again under its key, and again under another when the first key is forgotten.
func photoOnce(t *testing.T, d *Desk) {
	id := d.open(t, opening("p-1", 1))
	r := d.photo(id, worker, grey(10))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := d.AddPhoto(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	first := d.photosOf(t, id)
	d.clock.Advance(command.KeepAnswers + time.Hour)
	again, err := d.AddPhoto(t.Context(), r)
	if err != nil || len(first) != 1 || again.Hash != first[0].Hash || !again.At.Equal(first[0].At) {
		t.Errorf("a day later: %+v, %v; first %+v", again, err, first)
	}
	changed := r
	changed.Body = grey(90)
	if _, err := d.AddPhoto(t.Context(), changed); !fault.Is(err, fault.Conflict) {
		t.Errorf("another picture under the key: %v", err)
	}
	if n := len(d.photosOf(t, id)); n != 1 {
		t.Errorf("%d photos", n)
	}
	if n := d.countFiles(); n != 1 {
		t.Errorf("%d files: one was kept for what was refused", n)
	}
}

// While the disk is full no photo is half there; the phone sends it again, under its key, and it is kept.
func photoOnAFullDisk(t *testing.T, d *Desk) {
	id := d.open(t, opening("p-1", 1))
	r := d.photo(id, worker, grey(10))
	d.diskFull.Store(true)
	for range 2 {
		if _, err := d.AddPhoto(t.Context(), r); !fault.Is(err, fault.Unavailable) {
			t.Fatalf("on a full disk: %v", err)
		}
	}
	if n := len(d.photosOf(t, id)); n != 0 {
		t.Fatalf("%d photos without pixels", n)
	}
	d.diskFull.Store(false)
	v, err := d.AddPhoto(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, body, err := d.ReadPhoto(t.Context(), reader(worker), id, v.Hash); err != nil || len(body) != v.Bytes {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func (d *Desk) countFiles() (n int) {
	d.files.Range(func(any, any) bool { n++; return true })
	return n
}

func refusesPhotos(t *testing.T, d *Desk) {
	id := d.open(t, opening("p-1", 1))
	for name, c := range map[string]struct {
		change func(*casedesk.PhotoRequest)
		kind   fault.Kind
	}{
		"no picture":         {func(r *casedesk.PhotoRequest) { r.Body = []byte("hello") }, fault.Invalid},
		"no kind":            {func(r *casedesk.PhotoRequest) { r.Kind = "" }, fault.Invalid},
		"no key":             {func(r *casedesk.PhotoRequest) { r.IdempotencyKey = "" }, fault.Invalid},
		"no place on earth":  {func(r *casedesk.PhotoRequest) { r.Point = &geo.Point{Lat: 91} }, fault.Invalid},
		"no such accuracy":   {func(r *casedesk.PhotoRequest) { r.Accuracy = -1 }, fault.Invalid},
		"an odd time":        {func(r *casedesk.PhotoRequest) { r.TakenAt = time.Unix(0, 0) }, fault.Invalid},
		"no such case":       {func(r *casedesk.PhotoRequest) { r.CaseID = "nowhere" }, fault.NotFound},
		"a case without one": {func(r *casedesk.PhotoRequest) { r.CaseID = "\x00" }, fault.Invalid},
		"another unit":       {func(r *casedesk.PhotoRequest) { r.Actor = plumber }, fault.Denied},
		"a viewer":           {func(r *casedesk.PhotoRequest) { r.Actor = viewer }, fault.Denied},
	} {
		r := d.photo(id, worker, grey(10))
		c.change(&r)
		for range 2 { // the first answer is given again
			if _, err := d.AddPhoto(t.Context(), r); !fault.Is(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if n := len(d.photosOf(t, id)); n != 0 {
		t.Errorf("%d photos were kept", n)
	}
	d.files.Range(func(key, _ any) bool { t.Errorf("file %v was kept", key); return true })
	if audit := d.audit(t, casedesk.AuditQuery{Actor: plumber.ID}); len(audit) != 1 || audit[0].Decision.Allow || audit[0].Action != access.AddPhoto {
		t.Errorf("the refusal is on record as %+v", audit)
	}
	d.fullOfPhotos(t, id)
	if _, _, err := d.ReadPhoto(t.Context(), reader(plumber), id, "h-1"); !fault.Is(err, fault.Denied) {
		t.Errorf("another unit sees a photo: %v", err)
	}
	if audit := d.audit(t, casedesk.AuditQuery{Actor: plumber.ID}); len(audit) != 2 || !slices.ContainsFunc(audit, func(a access.Audit) bool { return a.Action == access.ReadCase && !a.Decision.Allow }) {
		t.Errorf("the refused look is on record as %+v", audit)
	}
}

// fullOfPhotos fills a case: no other photo has room, but the last one can be sent again.
func (d *Desk) fullOfPhotos(t *testing.T, id casework.ID) {
	t.Helper()
	d.update(t, func(tx *sqldb.Tx) error {
		for i := range casedesk.MaxPhotos - 1 {
			if _, err := d.suite.Store.KeepPhoto(tx, casedesk.Photo{Case: id, Hash: fmt.Sprint("h-", i), Kind: casedesk.Scene, At: Start}); err != nil {
				return err
			}
		}
		return nil
	})
	last := d.photo(id, worker, grey(10))
	for range 2 {
		if _, err := d.AddPhoto(t.Context(), last); err != nil {
			t.Errorf("the last photo: %v", err)
		}
	}
	if _, err := d.AddPhoto(t.Context(), d.photo(id, worker, grey(90))); !fault.Is(err, fault.Invalid) {
		t.Errorf("one too many: %v", err)
	}
	if n := d.countFiles(); n != 1 {
		t.Errorf("%d files of one photo that had room", n)
	}
}
