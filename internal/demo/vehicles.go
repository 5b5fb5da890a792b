package demo

import (
	"math"
	"slices"
	"time"
)

// The vehicles of the city that tell where they are. Their plates begin with these.
const (
	hazardous  = "沪A·DH"
	taxi       = "沪A·DT"
	driverless = "沪A·DL"
)

// spot is a place on the earth, with the area that it lies in; no area is the vehicle's own.
type spot struct {
	lon, lat float64
	area     string
}

func (p spot) tell(own string) (area, place string) {
	if p.area == "" {
		p.area = own
	}
	return p.area, geoURI(p.lon, p.lat)
}

// tour is how a kind of vehicle drives: usually around a centre, now and then past a place that it just may, and, when something happens, where it may not.
type tour struct {
	centre spot
	radius float64 // degrees
	round  time.Duration
	near   spot
	wrong  spot
}

func (t *tour) where(s *sensor, now time.Time) spot {
	switch {
	case s.struck(now) != nil:
		return s.around(now, t.wrong, 0.0001, 2*time.Minute)
	case s.almost(now):
		return s.around(now, t.near, 0.0001, 2*time.Minute)
	}
	return s.around(now, t.centre, t.radius*(0.6+0.4*s.share), t.round)
}

func (s *sensor) around(now time.Time, p spot, radius float64, round time.Duration) spot {
	angle := 2 * math.Pi * (s.share + float64(now.UnixMilli()%round.Milliseconds())/float64(round.Milliseconds()))
	p.lon, p.lat = p.lon+radius*math.Cos(angle), p.lat+radius*math.Sin(angle)
	return p
}

const (
	lujiazui = "310115005000"
	lingang  = "310115145000"
)

// within is the code when the city has such an area.
func within(areas []area, code string) string {
	if slices.ContainsFunc(areas, func(a area) bool { return a.Code == code }) {
		return code
	}
	return ""
}

// moving is what drives.
func moving(areas []area) []*instrument {
	lujiazui, lingang := within(areas, lujiazui), within(areas, lingang)
	core := spot{lon: 121.5025, lat: 31.2395, area: lujiazui}
	chemicals := &tour{centre: spot{lon: 121.60, lat: 31.30}, radius: 0.04, round: 40 * time.Minute, near: spot{lon: 121.5165, lat: 31.2390, area: lujiazui}, wrong: core}
	ranks := &tour{centre: spot{lon: 121.53, lat: 31.22}, radius: 0.02, round: 25 * time.Minute, near: spot{lon: 121.4995, lat: 31.2408, area: lujiazui}, wrong: spot{lon: 121.4995, lat: 31.2397, area: lujiazui}}
	zone := &tour{centre: spot{lon: 121.93, lat: 30.90, area: lingang}, radius: 0.03, round: 15 * time.Minute, near: spot{lon: 121.9785, lat: 30.90, area: lingang}, wrong: spot{lon: 121.984, lat: 30.90, area: lingang}}
	vehicle := func(kind, prefix, scenario string, step int, t *tour) *instrument {
		return &instrument{kind: "vehicle.position", prefix: prefix, step: step, every: 15 * time.Second, hears: own(scenario), where: t.where, data: func(s *sensor, now time.Time) reading {
			return reading{"kind": kind, "speed_kmh": tenths(s.noisy(34-14*busy(now), 5, 3))}
		}}
	}
	return []*instrument{
		vehicle("hazardous", hazardous, "hazardous-goods-in-core", 12, chemicals),
		vehicle("taxi", taxi, "taxi-waiting", 6, ranks),
		vehicle("driverless", driverless, "driverless-car-left-zone", 12, zone),
	}
}
