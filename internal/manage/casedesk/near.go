package casedesk

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"unicode"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/matter"
	"twoweave/internal/platform/sqldb"
)

// How near is the same place, when nobody looks, and how near is worth showing to somebody who does.
const (
	samePlace = 50.0  // metres
	nearby    = 500.0 // metres
	maxNear   = 20
)

// Near is an open case near a place.
type Near struct {
	View
	Metres *float64 `json:"metres"` // null when one of the two places has no point
	Same   bool     `json:"same"`   // so near, or with the same address, that it may well be the same matter

	of casework.Case
}

// Near answers the open cases around a place that the reader may see, the nearest first; those of the class before others.
func (d *Desk) Near(ctx context.Context, r Reader, class matter.ClassID, area event.AreaCode, place casework.Place) ([]Near, error) {
	const op = "casedesk.Near"
	if _, err := scope(r); err != nil {
		return nil, fault.Wrap(op, err)
	}
	if !printable(string(class), string(area), place.Address) {
		return nil, errUnprintable(op)
	}
	all := []Near{}
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		found, err := d.near(tx, class, area, place, nearby)
		all = append(all[:0], slices.DeleteFunc(found, func(n Near) bool { return r.may(access.ReadCase, n.of.Thing()) != nil })...)
		return err
	})
	return all, fault.Wrap(op, err)
}

func (d *Desk) near(tx *sqldb.Tx, class matter.ClassID, area event.AreaCode, place casework.Place, within float64) ([]Near, error) {
	q := NearQuery{Class: class, Area: area, Address: AddressKey(place.Address), Limit: MaxLimit}
	if p := place.Point; p != nil {
		dLat := within / 111_000
		dLon := dLat / max(math.Cos(p.Lat*math.Pi/180), 0.01)
		q.Bounded, q.West, q.East, q.South, q.North, q.Area = true, p.Lon-dLon, p.Lon+dLon, p.Lat-dLat, p.Lat+dLat, ""
	}
	if !q.Bounded && q.Address == "" {
		return nil, nil
	}
	cases, err := d.Store.FindNear(tx, q)
	if err != nil {
		return nil, err
	}
	var all []Near
	now := d.Clock.Now()
	for i := range cases {
		n := nearness(&cases[i], place, q.Address)
		if n.Same || n.Metres != nil && *n.Metres <= within {
			n.View, n.of = d.view(&cases[i], now), cases[i]
			all = append(all, n)
		}
	}
	slices.SortFunc(all, func(a, b Near) int {
		return cmp.Or(-cmp.Compare(truth(a.Same), truth(b.Same)), cmp.Compare(a.metres(), b.metres()), a.OpenedAt.Compare(b.OpenedAt), cmp.Compare(a.ID, b.ID))
	})
	return all[:min(len(all), maxNear)], nil
}

func nearness(c *casework.Case, place casework.Place, address string) Near {
	n := Near{Same: address != "" && AddressKey(c.Place.Address) == address}
	if place.Point != nil && c.Place.Point != nil {
		m := math.Round(place.Point.Distance(*c.Place.Point))
		n.Metres, n.Same = &m, n.Same || m <= samePlace
	}
	return n
}

func (n *Near) metres() float64 {
	if n.Metres == nil {
		return nearby
	}
	return *n.Metres
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// AddressKey is the writing of an address under which two are the same: letters and digits only, small, full-width ASCII as ASCII.
func AddressKey(address string) string {
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' {
			r -= '！' - '!'
		}
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, address)
}

// Addresses answers known addresses that hold a text, the most used first: for who takes reports, as the classes are.
func (d *Desk) Addresses(ctx context.Context, r Reader, text string) ([]Known, error) {
	const op = "casedesk.Addresses"
	if err := r.may(access.ReadClasses, access.Thing{Kind: "address"}); err != nil {
		return nil, fault.Wrap(op, err)
	}
	all := []Known{}
	if text = AddressKey(text); text == "" {
		return all, nil
	}
	err := d.DB.View(ctx, func(tx *sqldb.Tx) error {
		var err error
		all, err = d.Store.FindAddresses(tx, text, maxNear)
		return err
	})
	return all, fault.Wrap(op, err)
}
