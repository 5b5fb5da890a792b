package exchange

import (
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"sync/atomic"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/matter"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/registry"
)

// Options are what a Desk works with; all are needed.
type Options struct {
	DB      *sqldb.DB
	Store   Store
	Cases   Cases
	Fetcher Fetcher
	Peers   []*Peer // of a checked configuration
	Source  string  // CloudEvents source of this installation, as notify has it
	Clock   clock.Clock
	Log     *slog.Logger
}

// City is what the exchange must know of a set of packs.
type City struct {
	Directory *registry.Directory
	Classes   map[matter.ClassID]*matter.Class
}

// Desk is the use case. It is safe for many goroutines.
type Desk struct {
	Options
	byID   map[PeerID]*Peer
	byUnit map[registry.UnitID]*Peer
	city   atomic.Pointer[City]
}

// New makes a desk for an empty city; Use tells it the real one.
func New(o Options) *Desk {
	d := &Desk{Options: o, byID: map[PeerID]*Peer{}, byUnit: map[registry.UnitID]*Peer{}}
	for _, p := range o.Peers {
		d.byID[p.ID] = p
		for _, u := range p.Units {
			d.byUnit[u] = p
		}
	}
	nowhere, _ := registry.NewDirectory(nil, nil) // nothing in it, nothing wrong with it
	d.city.Store(&City{Directory: nowhere})
	return d
}

// Use replaces the city's names and places as a whole. What the peers' settings name and the city does not have goes to the log.
func (d *Desk) Use(c City) {
	c.Classes = maps.Clone(c.Classes)
	d.city.Store(&c)
	for _, p := range d.Peers {
		for _, wrong := range c.unknown(p) {
			d.Log.Error("the settings of a peer name what the city does not have", "peer", p.ID, "unknown", wrong)
		}
	}
}

// unknown is what a peer's settings name and the city does not have.
func (c *City) unknown(p *Peer) (all []string) {
	classes := maps.Clone(p.Classes)
	if classes == nil {
		classes = map[string]matter.ClassID{}
	}
	if p.Class != "" {
		classes[""] = p.Class
	}
	for _, class := range classes {
		if c.Classes[class] == nil {
			all = append(all, "class "+string(class))
		}
	}
	if _, known := c.Directory.Area(p.Area); p.Area != "" && !known {
		all = append(all, "area "+string(p.Area))
	}
	for _, u := range p.Units {
		if _, known := c.Directory.Unit(u); !known {
			all = append(all, "unit "+string(u))
		}
	}
	return all
}

// Peer is the peer with an id, or a NotFound fault.
func (d *Desk) Peer(id PeerID) (*Peer, error) {
	if p := d.byID[id]; p != nil {
		return p, nil
	}
	return nil, fault.New(fault.NotFound, "exchange.Peer", "work orders are exchanged with no system %q", short(string(id)))
}

func asWrongType(err error) (*json.UnmarshalTypeError, bool) {
	return errors.AsType[*json.UnmarshalTypeError](err)
}
