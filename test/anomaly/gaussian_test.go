package anomaly_test

import "math"

// gaussian is the benchmark's baseline, the windowed Gaussian detector: one minus the tail probability of a value under the normal distribution of the
// last 6400 values, renewed every 100 values once the window is full.
type gaussian struct {
	window, step []float64
	mean, sd     float64
}

const (
	gaussianWindow = 6400
	gaussianStep   = 100
)

func (g *gaussian) score(x float64) (s float64) {
	if len(g.window) > 0 {
		s = 1 - 0.5*math.Erfc(math.Abs(x-g.mean)/g.sd/math.Sqrt2)
	}
	if len(g.window) < gaussianWindow {
		g.window = append(g.window, x)
		g.fit()
		return s
	}
	g.step = append(g.step, x)
	if len(g.step) == gaussianStep {
		g.window = append(g.window[gaussianStep:], g.step...)
		g.step = g.step[:0]
		g.fit()
	}
	return s
}

func (g *gaussian) fit() {
	n, sum, squares := float64(len(g.window)), 0.0, 0.0
	for _, x := range g.window {
		sum += x
	}
	g.mean = sum / n
	for _, x := range g.window {
		squares += (x - g.mean) * (x - g.mean)
	}
	g.sd = math.Sqrt(squares / n)
	if g.sd == 0 {
		g.sd = 0.000001
	}
}

func baseline(all []series) (scores [][]float64) {
	for _, s := range all {
		var g gaussian
		row := make([]float64, len(s.values))
		for i, x := range s.values {
			row[i] = g.score(x)
		}
		scores = append(scores, row)
	}
	return scores
}
