package demo

import (
	"slices"
	"time"
)

// instruments are all kinds of sensors in the city.
func instruments(areas []area) []*instrument {
	return slices.Concat(watersAndAir(), onTheRoads(), inHouses(), components(), moving(areas))
}

type reading = map[string]any

// watersAndAir is what measures rain, rivers, air and building sites.
func watersAndAir() []*instrument {
	return []*instrument{
		{kind: "water.level", prefix: "ponding", step: 1, every: 5 * time.Second, hears: own("road-ponding"), dies: "ponding-gauge-quiet", data: func(s *sensor, now time.Time) reading {
			return reading{"level_cm": s.level(now, 1.5, 0.6, 13.2, 17), "site": "road"}
		}},
		{kind: "river.level", prefix: "gauge", step: 3, every: 20 * time.Second, hears: own("river-over-warning"), dies: "river-gauge-quiet", data: func(s *sensor, now time.Time) reading {
			return reading{"level_m": s.level(now, 2.9+0.15*drift(now, s.share/4), 0.03, 3.42, 3.9), "warning_m": 3.5} // the tide is in it
		}},
		{kind: "river.quality", prefix: "water-station", step: 3, every: 10 * time.Minute, hears: own("river-foul"), data: riverQuality},
		{kind: "weather.station", prefix: "weather", step: 2, every: time.Minute, hears: []ear{{"road-ponding", gaugeOf}, {"rain-warning-red", itsArea}}, data: weather},
		{kind: "air.quality", prefix: "air", step: 3, every: time.Hour, hears: slices.Concat(own("pm25-unhealthy"), own("ozone-unhealthy")), data: air},
		{kind: "noise.level", prefix: "site", step: 3, every: time.Minute, hears: own("night-construction-noise"), dies: "noise-meter-quiet", data: func(s *sensor, now time.Time) reading {
			return reading{"laeq_db": s.level(now, 48+14*hump(now, 14, 4), 1.5, 53.5, 62), "site": "construction"}
		}},
		{kind: "dust.level", prefix: "dust", step: 3, every: time.Minute, hears: own("site-dust"), data: func(s *sensor, now time.Time) reading {
			return reading{"pm10_mgm3": s.level(now, 0.12+0.2*s.share+0.15*hump(now, 14, 4), 0.04, 0.8, 1.6), "site": "construction"}
		}},
	}
}

// gaugeOf is the ponding gauge of the same area.
func gaugeOf(p place) string { return "ponding-" + short(p.area) }

// weather has a shower where roads are under water, and a cloudburst under a red warning.
func weather(s *sensor, now time.Time) reading {
	rain := max(0, 3+6*drift(now, 0.2)+2*s.share)
	if i := s.struck(now); i != nil && i.Scenario == "rain-warning-red" {
		rain = i.Peak
	} else if i != nil {
		rain += 14 + i.Peak/3
	}
	gust := s.noisy(5+2*drift(now, 0.7)+2*hump(now, 15, 4), 1.5, 0.8) + rain/12
	return reading{"temperature_c": tenths(23 + 5*hump(now, 14.5, 4) + 1.5*drift(now, 0.5) + (2*s.share - 1) - rain/25), "rain_mmh": tenths(rain), "gust_ms": tenths(gust)}
}

// air has the traffic in its particles and the sun in its ozone.
func air(s *sensor, now time.Time) reading {
	pm, o3 := s.noisy(34+14*busy(now.Add(-time.Hour))+8*drift(now, 0.1), 6, 2), s.noisy(45+85*hump(now, 14.5, 3.5), 10, 4)
	if i := s.struck(now.Add(-time.Minute)); i != nil && i.Scenario == "pm25-unhealthy" {
		pm = i.Peak
	} else if i != nil {
		o3 = i.Peak
	} else if s.almost(now) {
		o3 = 192
	}
	return reading{"pm25_ugm3": tenths(pm), "o3_ugm3": tenths(o3)}
}

// riverQuality has its oxygen from the plants of the day.
func riverQuality(s *sensor, now time.Time) reading {
	oxygen, ammonia := s.noisy(6.3+0.9*hump(now, 15, 4), 0.8, 0.15), s.noisy(0.7, 0.3, 0.06)
	switch i := s.struck(now); {
	case i != nil:
		oxygen, ammonia = 1.4, i.Peak
	case s.almost(now):
		oxygen, ammonia = 2.6, 1.75
	}
	return reading{"do_mgl": thousandths(oxygen), "nh3n_mgl": thousandths(ammonia), "ph": tenths(s.noisy(7.5, 0.2, 0.05)), "turbidity_ntu": tenths(s.noisy(22, 8, 2))}
}

// onTheRoads is what measures traffic, parking, transport, bikes and crowds.
func onTheRoads() []*instrument {
	return []*instrument{
		{kind: "road.speed", prefix: "section", step: 1, every: 30 * time.Second, hears: own("road-congested"), data: func(s *sensor, now time.Time) reading {
			free := 40 + float64(int(s.share*5))*10
			return reading{"speed_kmh": tenths(free * min(1, s.level(now, 0.86-0.34*busy(now)+0.06*drift(now, s.share), 0.03, 0.31, 0.2))), "free_kmh": free}
		}},
		{kind: "vehicle.speed", prefix: "radar", step: 2, every: 15 * time.Second, hears: own("section-speeding"), data: func(s *sensor, now time.Time) reading {
			pace := 0.93 - 0.12*busy(now)
			if i := s.struck(now); i != nil {
				pace = i.Peak
			}
			limit := 50 + float64(int(s.share*3))*10
			return reading{"speed_kmh": tenths(limit * max(0.2, pace+s.rnd.NormFloat64()*0.11)), "limit_kmh": limit}
		}},
		{kind: "parking.lot", prefix: "car-park", step: 1, every: time.Minute, data: func(s *sensor, now time.Time) reading {
			spaces := 200 + int(s.share*600)
			full := min(0.99, s.noisy(0.5+0.28*hump(now, 14, 4)+0.12*hump(now, 20, 2)+0.04*drift(now, s.share), 0.1, 0.01))
			return reading{"spaces": spaces, "free": spaces - int(full*float64(spaces))}
		}},
		{kind: "metro.load", prefix: "metro", step: 2, every: 30 * time.Second, data: func(s *sensor, now time.Time) reading {
			load := s.noisy(18+68*busy(now), 14*busy(now)+4, 3)
			return reading{"load_pct": tenths(load), "entering": int(load * (0.8 + s.share))}
		}},
		{kind: "bus.arrival", prefix: "bus-line", step: 1, every: 45 * time.Second, data: func(s *sensor, now time.Time) reading {
			return reading{"late_min": tenths(0.4 + 2.4*busy(now) + s.share + s.rnd.NormFloat64()*2.3), "stop": "stop-" + short(s.area)}
		}},
		{kind: "bike.park", prefix: "bike-place", step: 1, every: 90 * time.Second, hears: own("shared-bikes-piled"), data: func(s *sensor, now time.Time) reading {
			spaces := 30 + int(s.share*50)
			return reading{"spaces": spaces, "bikes": int(float64(spaces) * s.level(now, 0.35+0.3*busy(now)+0.1*drift(now, s.share), 0.03, 1.35, 1.6))}
		}},
		{kind: "crowd.density", prefix: "plaza", step: 2, every: 30 * time.Second, hears: own("crowd-dense"), data: func(s *sensor, now time.Time) reading {
			people := s.level(now, 0.15+0.6*hump(now, 13, 3)+0.9*hump(now, 19.5, 2.2)*(0.5+s.share/2), 0.08, 2.7, 3.7)
			return reading{"persons_m2": people, "persons": int(people * (600 + 3000*s.share))}
		}},
		camera("illegal-parking", "kerb", 1),
		camera("shop-outside", "shopfront", 1),
		camera("fire-exit-blocked", "fire-exit", 2),
	}
}

// camera is the recognition of one kind of matter; a near miss is one that it is not sure of.
func camera(kind, prefix string, step int) *instrument {
	scenario := map[string]string{"shop-outside": "shop-outside-door"}[kind]
	if scenario == "" {
		scenario = kind
	}
	return &instrument{kind: "camera.finding", prefix: prefix, step: step, every: 90 * time.Second, prompt: true, hears: own(scenario), data: func(s *sensor, now time.Time) reading {
		real, unsure := s.struck(now) != nil, s.almost(now)
		sure := 0.83 + 0.14*s.rnd.Float64()
		if unsure && !real {
			sure = 0.4 + 0.25*s.rnd.Float64()
		}
		return reading{"kind": kind, "present": real || unsure, "confidence": thousandths(sure), "camera": "camera-" + short(s.area)}
	}}
}

// inHouses is what measures gas, smoke, meter boxes and emergency rooms.
func inHouses() []*instrument {
	return []*instrument{
		{kind: "gas.level", prefix: "gas", step: 1, every: 10 * time.Second, hears: append(own("gas-leak"), ear{"gas-and-fire-call", building}), dies: "gas-detector-quiet", data: func(s *sensor, now time.Time) reading {
			return reading{"lel_pct": min(100, s.level(now, 2, 0.8, 21, 40)), "building": building(s.place)}
		}},
		{kind: "smoke.alarm", prefix: "smoke", step: 1, each: 2, every: 4 * time.Minute, prompt: true, hears: []ear{{"smoke-confirmed", building}}, data: func(s *sensor, now time.Time) reading {
			state := "clear"
			if s.struck(now) != nil || s.almost(now) { // steam or a cigarette, at one of them
				state = "alarm"
			}
			return reading{"state": state, "building": building(s.place)}
		}},
		{kind: "meter-box.temperature", prefix: "meter-box", step: 1, every: 2 * time.Minute, hears: own("meter-box-hot"), data: meterBox},
		{kind: "er.queue", prefix: "hospital", step: 4, every: 30 * time.Second, hears: own("er-crowded"), data: func(s *sensor, now time.Time) reading {
			return reading{"waiting": int(s.level(now, 10+18*hump(now, 11, 3)+14*hump(now, 20, 2.5), 3, 54, 66))}
		}},
		{kind: "er.hour", prefix: "hospital", step: 4, every: time.Hour, hears: own("er-visits-above-season"), data: func(s *sensor, now time.Time) reading {
			return reading{"visits": erHour(s, now)}
		}},
	}
}

// meterBox is warm where much is used in the evening. A sensor that came loose is hot in a cool box.
func meterBox(s *sensor, now time.Time) reading {
	box := s.noisy(27+6*hump(now, 20, 2.5), 2, 0.4)
	contact := box + s.noisy(9, 3, 0.6)
	switch i := s.struck(now); {
	case i != nil:
		box, contact = 45+s.rnd.NormFloat64(), i.Peak+s.rnd.NormFloat64()
	case s.almost(now):
		contact = 86
	}
	return reading{"contact_c": tenths(contact), "box_c": tenths(box), "building": building(s.place)}
}

// erHour is the visits of the hour that ends now.
func erHour(s *sensor, now time.Time) int {
	visits := erVisitsAnHour / hospitals * visiting.at(now.Add(-30*time.Minute))
	if i := s.struck(now.Add(-30 * time.Minute)); i != nil {
		visits *= i.Peak
	}
	return int(s.noisy(visits, 0, 1.6))
}

// components is what stands in the streets.
func components() []*instrument {
	return []*instrument{
		{kind: "manhole.cover", prefix: "cover", step: 1, each: 2, every: 3 * time.Minute, prompt: true, hears: own("manhole-cover-open"), data: func(s *sensor, now time.Time) reading {
			return reading{"tilt_deg": s.level(now, 1.2, 0.4, 9, 16), "battery_pct": tenths(55 + 44*s.share)}
		}},
		{kind: "hydrant.pressure", prefix: "hydrant", step: 1, every: 2 * time.Minute, hears: own("hydrant-pressure-low"), data: func(s *sensor, now time.Time) reading {
			return reading{"pressure_kpa": s.level(now, 290-45*hump(now, 7.5, 1.5)-50*hump(now, 19.5, 2), 6, 118, 90), "battery_pct": tenths(55 + 44*s.share)} // near: a water cart fills
		}},
		{kind: "street.lamp", prefix: "lamp", step: 1, each: 6, every: 5 * time.Minute, hears: []ear{{"street-lamps-dark", itsArea}}, data: func(s *sensor, now time.Time) reading {
			lit := dark.at(now) > 0 && s.share > 0.03 && s.struck(now) == nil // one in 30 waits for its round
			return reading{"lit": lit, "current_a": map[bool]float64{true: 0.62, false: 0}[lit]}
		}},
		{kind: "bin.level", prefix: "bin", step: 1, each: 2, every: 2 * time.Minute, hears: own("bin-overflowing"), data: func(s *sensor, now time.Time) reading {
			return reading{"fill_pct": tenths(s.bin(now)), "kind": "residual"}
		}},
	}
}

// bin fills until it is emptied, which happens in time unless something is wrong.
func (s *sensor) bin(now time.Time) float64 {
	if i := s.struck(now); i != nil {
		return i.Peak + s.rnd.NormFloat64()/2
	}
	const rounds = 5 * time.Hour
	if s.emptied.IsZero() {
		s.emptied = now.Add(-time.Duration(s.share * float64(rounds)))
	}
	if now.Sub(s.emptied) > rounds {
		s.emptied = s.emptied.Add(rounds)
	}
	return 8 + (68+18*s.share)*float64(now.Sub(s.emptied))/float64(rounds) + s.rnd.NormFloat64()/2
}
