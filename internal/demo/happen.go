package demo

import (
	"math/rand/v2"
	"time"
)

// What happens in the city, and how often. The rare things are rare here too: most of a demo's visitors never see them.

// processesOf makes them, each with random numbers of its own.
func processesOf(areas []area, sensors []*sensor, seed uint64) (all []*process) {
	for i, p := range append(standing(areas, sensors), moments(areas, sensors)...) {
		p.rnd = rand.New(rand.NewPCG(seed, uint64(i)))
		p.busy = map[string]time.Time{}
		all = append(all, p)
	}
	return all
}

// ofKind are the places of the sensors that carry a prefix.
func ofKind(sensors []*sensor, prefix string) (all []place) {
	for _, s := range sensors {
		if s.prefix == prefix {
			all = append(all, s.place)
		}
	}
	return all
}

// things are places without a sensor of ours, one in every area or more.
func things(areas []area, prefix string, each int) []place {
	in := instrument{prefix: prefix, step: 1, each: each}
	return in.places(areas)
}

// wholeAreas are the areas as places.
func wholeAreas(areas []area) (all []place) {
	for _, a := range areas {
		all = append(all, place{subject: a.Code, area: a.Code})
	}
	return all
}

// standing is what sensors measure.
func standing(areas []area, sensors []*sensor) []*process {
	const m, h = time.Minute, time.Hour
	at := func(prefix string) []place { return ofKind(sensors, prefix) }
	buildings := things(areas, "building", 1)
	return []*process{
		{scenario: "road-ponding", perHour: 20, least: 2 * m, most: 7 * m, low: 17, high: 34, places: at("ponding"), first: 6 * time.Second},
		{scenario: "gas-leak", perHour: 4, least: m, most: 4 * m, low: 28, high: 60, places: at("gas"), first: 70 * time.Second},
		{scenario: "river-over-warning", perHour: 2, least: 14 * m, most: 25 * m, low: 3.6, high: 4.1, places: at("gauge"), first: 20 * time.Second},
		{scenario: "night-construction-noise", perHour: 3, rhythm: night, least: 25 * m, most: 50 * m, low: 58, high: 75, places: at("site"), first: 30 * time.Second, within: 30 * m},
		{scenario: "er-crowded", perHour: 1, rhythm: day, least: 20 * m, most: 40 * m, low: 66, high: 95, places: at("hospital"), first: 40 * time.Second},
		{scenario: "site-dust", perHour: 1.5, rhythm: day, least: 35 * m, most: 60 * m, low: 1.25, high: 2.6, places: at("dust"), first: 5 * m, within: 34 * m},
		{scenario: "ozone-unhealthy", perHour: 0.3, rhythm: rhythm{from: 11, to: 17}, least: 70 * m, most: 150 * m, low: 214, high: 262, places: at("air"), first: 2 * h, within: 70 * m},
		{scenario: "pm25-unhealthy", perHour: 0.01, least: 30 * h, most: 50 * h, low: 120, high: 180, places: at("air"), first: 40 * h, within: 28 * h},
		{scenario: "river-foul", perHour: 0.4, least: 40 * m, most: 120 * m, low: 2.3, high: 6, places: at("water-station"), first: 4 * m},
		{scenario: "road-congested", perHour: 2.5, rhythm: rush, least: 22 * m, most: 40 * m, low: 0.08, high: 0.17, places: at("section"), first: 15 * time.Second},
		{scenario: "section-speeding", perHour: 0.25, rhythm: rhythm{peak: 2, swing: 0.8}, least: 75 * m, most: 110 * m, low: 1.3, high: 1.45, places: at("radar"), first: 9 * m, within: 70 * m},
		{scenario: "shared-bikes-piled", perHour: 1.5, rhythm: rush, least: 38 * m, most: 70 * m, low: 1.9, high: 2.6, places: at("bike-place"), first: 25 * time.Second, within: 37 * m},
		{scenario: "crowd-dense", perHour: 1.5, rhythm: rhythm{peak: 19, swing: 0.8}, least: 8 * m, most: 16 * m, low: 4.4, high: 5.8, places: at("plaza"), first: 50 * time.Second},
		{scenario: "illegal-parking", perHour: 6, rhythm: day, least: 8 * m, most: 25 * m, places: at("kerb"), first: 9 * time.Second},
		{scenario: "shop-outside-door", perHour: 3, rhythm: rhythm{peak: 18, swing: 0.9}, least: 19 * m, most: 45 * m, places: at("shopfront"), first: 14 * time.Second},
		{scenario: "fire-exit-blocked", perHour: 1.5, rhythm: day, least: 13 * m, most: 30 * m, places: at("fire-exit"), first: 100 * time.Second},
		{scenario: "smoke-confirmed", perHour: 0.6, least: 3 * m, most: 9 * m, places: buildings, first: 6*m + 30*time.Second},
		{scenario: "gas-and-fire-call", perHour: 0.5, least: 4 * m, most: 12 * m, low: 12, high: 19, places: buildings, first: 3*m + 20*time.Second},
		{scenario: "meter-box-hot", perHour: 1, rhythm: rhythm{peak: 20, swing: 0.6}, least: 8 * m, most: 30 * m, low: 86, high: 112, places: at("meter-box"), first: 2 * m},
		{scenario: "manhole-cover-open", perHour: 2, least: 6 * m, most: 20 * m, low: 20, high: 70, places: at("cover"), first: 32 * time.Second},
		{scenario: "hydrant-pressure-low", perHour: 1, least: 18 * m, most: 40 * m, low: 80, high: 120, places: at("hydrant"), first: 45 * time.Second, within: 16 * m},
		{scenario: "street-lamps-dark", perHour: 0.8, rhythm: dark, least: 12 * m, most: 40 * m, places: wholeAreas(areas), first: m},
		{scenario: "bin-overflowing", perHour: 1.5, least: 75 * m, most: 130 * m, low: 98, high: 125, places: at("bin"), first: 55 * time.Second, within: 66 * m},
		{scenario: "er-visits-above-season", perHour: 0.08, least: 125 * m, most: 4 * h, low: 2.4, high: 3.5, places: at("hospital"), first: 30 * m, rest: 12 * h, within: 130 * m},
		{scenario: "ponding-gauge-quiet", perHour: 0.25, least: 70 * m, most: 100 * m, places: at("ponding"), first: 12 * m, within: 64 * m},
		{scenario: "gas-detector-quiet", perHour: 0.25, least: 40 * m, most: 70 * m, places: at("gas"), first: 80 * time.Second, within: 34 * m},
		{scenario: "river-gauge-quiet", perHour: 0.15, least: 130 * m, most: 160 * m, places: at("gauge"), first: 2 * h, within: 124 * m},
		{scenario: "noise-meter-quiet", perHour: 0.1, least: 190 * m, most: 230 * m, places: at("site"), first: 3 * h, within: 184 * m},
		{scenario: "hazardous-goods-in-core", perHour: 0.5, least: 3 * m, most: 9 * m, places: at(hazardous), first: 4*m + 30*time.Second, rest: 30 * m},
		{scenario: "taxi-waiting", perHour: 2, rhythm: rush, least: 7 * m, most: 18 * m, places: at(taxi), first: 65 * time.Second, rest: 20 * m},
		{scenario: "driverless-car-left-zone", perHour: 0.4, rhythm: day, least: 3 * m, most: 10 * m, places: at(driverless), first: 7*m + 30*time.Second, rest: 30 * m},
	}
}

// moments is what systems tell of.
func moments(areas []area, sensors []*sensor) []*process {
	const m, h = time.Minute, time.Hour
	lifts := things(areas, "lift", 3)
	var working, worn []place // the worn ones stand for hours, the others are soon started again
	for i, p := range lifts {
		if i%3 == 2 {
			worn = append(worn, p)
		} else {
			working = append(working, p)
		}
	}
	return []*process{
		{scenario: "lift-entrapment", perHour: 1.2, rhythm: day, least: 2 * m, most: 10 * m, places: working, first: 18 * time.Second, rest: 6 * h},
		{scenario: liftFault, perHour: 1.5, rhythm: day, least: 4 * m, most: 70 * m, places: working, first: 90 * time.Second},
		{scenario: "lift-out-of-service", perHour: 0.3, least: 140 * m, most: 260 * m, places: worn, first: 150 * time.Second, within: 122 * m},
		{scenario: "ebike-in-lift", perHour: 3, rhythm: rhythm{peak: 19, swing: 0.8}, least: m, most: 3 * m, places: lifts, first: 22 * time.Second, rest: 15 * m},
		{scenario: "serious-call", perHour: 12, rhythm: rhythm{peak: 21, swing: 0.5}, least: 3 * m, most: 12 * m, places: things(areas, "call", 1), first: 11 * time.Second},
		{scenario: "injury-accident", perHour: 7, rhythm: rhythm{peak: 17, swing: 0.6}, least: 4 * m, most: 15 * m, places: things(areas, "accident", 1), first: 27 * time.Second},
		{scenario: "power-outage", perHour: 0.4, least: 12 * m, most: 60 * m, low: 150, high: 2600, places: things(areas, "feeder", 1), first: 5*m + 30*time.Second},
		{scenario: rainWarning, perHour: 0.3, least: h, most: 3 * h, low: 0, high: 3, places: wholeAreas(areas), first: 35 * time.Second, rest: 8 * h},
		{scenario: "rain-warning-red", perHour: 0.03, least: 2 * h, most: 4 * h, low: 64, high: 110, places: wholeAreas(areas), first: 7 * h, rest: 8 * h},
		{scenario: "group-rental", perHour: 0.15, rhythm: evening, least: 20 * m, most: 30 * m, places: flats(areas), first: 7 * m, rest: 100 * h},
	}
}

// flats have their codes as subjects.
func flats(areas []area) (all []place) {
	for _, a := range areas {
		all = append(all, place{subject: flatOf(a.Code), area: a.Code})
	}
	return all
}
