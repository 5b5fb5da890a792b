package anomaly

type Tuning struct {
	Alarm, Fade, Keep                      float64
	Decluster                              bool
	Lock                                   int64
	W                                      [NC]float64
	SlotRate, LongRate, ShortRate, FarRate float64
	Warm                                   int
}

var T = Tuning{Alarm: 9, Fade: 0.995, Keep: 0.9, Lock: 60, W: [NC]float64{1, 0.9, 0.8, 1.1, 0.8, 0.9, 1}, SlotRate: 0.05, LongRate: 0.002, ShortRate: 0.4, FarRate: 0.0003, Warm: 60}

const NC = 7

type Model struct{ machine }

func (m *Model) Step(at int64, x float64) { m.step(m.of, at, x) }
func (m *Model) Score() float64           { return m.score() }
func (m *Model) Parts() [NC]float64       { return m.parts }
