package casedesk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/geo"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/command"
	"twoweave/internal/platform/sqldb"
)

// PhotoKind is what a photo of a case shows.
type PhotoKind string

const (
	Before PhotoKind = "before" // how it was when work began
	After  PhotoKind = "after"  // how it is when work is done
	Scene  PhotoKind = "scene"  // anything else that belongs to it
)

const (
	// MaxPhotos is how many photos a case can have.
	MaxPhotos = 100
	// picturesAtOnce bounds the memory that making them clean may take.
	picturesAtOnce = 1
)

// Photo is a photo of a case as it is kept. Its pixels are a blob under its hash.
type Photo struct {
	Case     casework.ID
	Hash     string // SHA-256 of the kept JPEG, in hex
	Kind     PhotoKind
	At       time.Time // when it came
	TakenAt  time.Time // when the device says that it was taken; zero when it does not
	By       string
	ByName   string
	Point    *geo.Point // where the device says that it was, when its owner let it
	Accuracy float64    // of Point, in metres; 0 = unknown
	Width    int
	Height   int
	Bytes    int
}

// PhotoView is a photo as it is shown.
type PhotoView struct {
	Hash     string     `json:"hash"`
	Kind     PhotoKind  `json:"kind"`
	At       time.Time  `json:"at"`
	TakenAt  *time.Time `json:"taken_at" doc:"as the device says"`
	By       string     `json:"by"`
	ByName   string     `json:"by_name"`
	Point    *geo.Point `json:"point" doc:"where the device says that it was"`
	Accuracy float64    `json:"accuracy_m" doc:"of the point, in metres; 0 = unknown"`
	Width    int        `json:"width"`
	Height   int        `json:"height"`
	Bytes    int        `json:"bytes"`
}

// Photos keeps what photos a case has. Every method works in the caller's transaction.
type Photos interface {
	// KeepPhoto keeps a photo; when the case has one with its hash already, that one is the answer.
	KeepPhoto(tx *sqldb.Tx, p Photo) (Photo, error)
	Photo(tx *sqldb.Tx, id casework.ID, hash string) (Photo, error)
	// FindPhotos is a case's photos, the first that came first.
	FindPhotos(tx *sqldb.Tx, id casework.ID) ([]Photo, error)
}

// Files keeps bytes under a key, as package blob does.
type Files interface {
	Put(ctx context.Context, key string, body []byte) error
	Get(ctx context.Context, key string) ([]byte, error)
}

// PhotoRequest is a photo that a person puts to a case.
type PhotoRequest struct {
	command.Request
	CaseID   casework.ID
	Kind     PhotoKind
	Body     []byte // as it came: JPEG, PNG or WebP
	TakenAt  time.Time
	Point    *geo.Point
	Accuracy float64
}

// AddPhoto keeps a photo of a case, made clean, and gives it. The same picture for the same case is kept once, under whatever key it comes: the first
// stands. The photo changes nothing else of the case, and can come in every state of it, since a phone may have been without a network for long.
//
// The file is written inside the transaction, after everything that may refuse the photo: a file without a row is left only when the commit itself fails,
// and is then the same file when the photo comes again.
//
// Faults: Invalid for what is no picture, or too large (package picture), or one too many; NotFound for no such case; Denied, with an audit fact;
// Conflict for a key that was used for something else; Unavailable when the file store cannot keep it.
func (d *Desk) AddPhoto(ctx context.Context, r PhotoRequest) (PhotoView, error) {
	const op = "casedesk.AddPhoto"
	if err := r.check(); err != nil {
		return PhotoView{}, fault.Wrap(op, err)
	}
	p, pixels, err := d.develop(ctx, r)
	if err != nil {
		return PhotoView{}, fault.Wrap(op, err)
	}
	x := command.Runner{DB: d.DB, Store: d.Store, Clock: d.Clock, Space: "photo"}
	content := command.Content("photo", r.CaseID, r.Kind, digest(r.Body), r.TakenAt.UTC(), r.Point, r.Accuracy)
	v, err := command.Do(ctx, x, r.Request, content, func(tx *sqldb.Tx, now time.Time) (command.Decided[PhotoView], error) {
		audit, err := d.mayAdd(tx, r, now)
		return command.Decided[PhotoView]{Audit: audit, Keep: func() (PhotoView, error) {
			if err := d.hasRoom(tx, &p); err != nil {
				return PhotoView{}, err
			}
			p.At = now
			kept, err := d.Store.KeepPhoto(tx, p)
			if err != nil {
				return PhotoView{}, err
			}
			if err := d.Files.Put(ctx, photoKey(p.Hash), pixels); err != nil {
				return PhotoView{}, err
			}
			return photoView(&kept), d.Store.AppendAudit(tx, audit)
		}}, err
	})
	return v, fault.Wrap(op, err)
}

func (r *PhotoRequest) check() error {
	var wrong []fault.Problem
	if r.Kind != Before && r.Kind != After && r.Kind != Scene {
		wrong = append(wrong, fault.Wrong("kind", "photo.kind", "must be before, after or scene"))
	}
	if y := r.TakenAt.Year(); !r.TakenAt.IsZero() && (y < 2000 || y > 2100) {
		wrong = append(wrong, fault.Wrong("taken", "photo.taken", "must be between 2000 and 2100"))
	}
	if r.Point != nil {
		if err := r.Point.Valid(); err != nil {
			wrong = append(wrong, fault.Problem{Field: "point", Message: err.Error()})
		}
	}
	if !(r.Accuracy >= 0 && r.Accuracy <= 1e7) { // not a number neither
		wrong = append(wrong, fault.Wrong("accuracy", "photo.accuracy", "must be 0 … 10,000,000 metres"))
	}
	if len(wrong) > 0 {
		return fault.Invalidly("", wrong...)
	}
	if !printable(string(r.CaseID)) {
		return errUnprintable("")
	}
	return r.Check()
}

// develop makes the picture clean. Who may not add it is not worked for: the command refuses that anyway, and keeps the refusal.
func (d *Desk) develop(ctx context.Context, r PhotoRequest) (Photo, []byte, error) {
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error { _, err := d.mayAdd(tx, r, d.Clock.Now()); return err })
	if fault.Is(err, fault.Denied) {
		return Photo{}, nil, nil
	}
	if err != nil {
		return Photo{}, nil, err
	}
	if d.Files == nil {
		return Photo{}, nil, fault.Say(fault.Unavailable, "", "photo.off", "photos are not kept here")
	}
	clean, err := d.pictures.Clean(ctx, r.Body)
	if err != nil {
		return Photo{}, nil, err
	}
	return Photo{Case: r.CaseID, Hash: digest(clean.JPEG), Kind: r.Kind, TakenAt: r.TakenAt, By: r.Actor.ID, ByName: r.Actor.Name, Point: r.Point,
		Accuracy: r.Accuracy, Width: clean.Width, Height: clean.Height, Bytes: len(clean.JPEG)}, clean.JPEG, nil
}

// mayAdd asks access whether the actor may add a photo to the case.
func (d *Desk) mayAdd(tx *sqldb.Tx, r PhotoRequest, now time.Time) (access.Audit, error) {
	c, err := d.Store.Case(tx, r.CaseID)
	if err != nil {
		return access.Audit{}, err
	}
	return access.Ask(now, access.Request{Actor: r.Actor, Action: access.AddPhoto, Thing: c.Thing(), Purpose: access.Casework})
}

// hasRoom says why a photo cannot be kept that its sender may add.
func (d *Desk) hasRoom(tx *sqldb.Tx, p *Photo) error {
	if p.Hash == "" {
		return fault.Say(fault.Unavailable, "", "photo.changed", "who may add photos to this case has just changed; try again")
	}
	all, err := d.Store.FindPhotos(tx, p.Case)
	if err != nil {
		return err
	}
	if len(all) >= MaxPhotos && !slices.ContainsFunc(all, func(x Photo) bool { return x.Hash == p.Hash }) {
		return fault.Say(fault.Invalid, "", "photo.many", "a case may have at most %d photos", MaxPhotos)
	}
	return nil
}

// ReadPhoto answers a photo of a case and its JPEG, for who may read the case. A refusal is on record.
func (d *Desk) ReadPhoto(ctx context.Context, r Reader, id casework.ID, hash string) (PhotoView, []byte, error) {
	const op = "casedesk.ReadPhoto"
	var p Photo
	var refused []access.Audit
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		refused = nil
		c, err := d.Store.Case(tx, id)
		if err != nil {
			return err
		}
		if audit, err := d.lookAt(d.Clock.Now(), r, &c, access.ReadCase); err != nil {
			refused = []access.Audit{audit}
			return err
		}
		p, err = d.Store.Photo(tx, id, hash)
		return err
	})
	if len(refused) > 0 {
		if kept := d.DB.Update(ctx, func(tx *sqldb.Tx) error { return d.Store.AppendAudit(tx, refused...) }); kept != nil {
			err = kept
		}
	}
	if err != nil {
		return PhotoView{}, nil, fault.Wrap(op, err)
	}
	if d.Files == nil {
		return PhotoView{}, nil, fault.Say(fault.Unavailable, op, "photo.off", "photos are not kept here")
	}
	body, err := d.Files.Get(ctx, photoKey(p.Hash))
	return photoView(&p), body, fault.Wrap(op, err)
}

func (d *Desk) photosOf(tx *sqldb.Tx, id casework.ID) ([]PhotoView, error) {
	found, err := d.Store.FindPhotos(tx, id)
	all := []PhotoView{}
	for i := range found {
		all = append(all, photoView(&found[i]))
	}
	return all, err
}

func photoView(p *Photo) PhotoView {
	return PhotoView{Hash: p.Hash, Kind: p.Kind, At: millis(p.At), TakenAt: optional(p.TakenAt), By: p.By, ByName: p.ByName, Point: p.Point, Accuracy: p.Accuracy,
		Width: p.Width, Height: p.Height, Bytes: p.Bytes}
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// photoKey names a photo's blob; the first two digits are a folder, so that none grows too large.
func photoKey(hash string) string { return "photo/" + hash[:2] + "/" + hash + ".jpg" }
