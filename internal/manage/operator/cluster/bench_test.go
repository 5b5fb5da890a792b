package cluster_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"twoweave/internal/base/geo"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/operator"
)

// BenchmarkArrival is a report that arrives among 20,000 live ones: spread over a district of 40 × 40 km, or one thousand at each of 20 places.
func BenchmarkArrival(b *testing.B) {
	for name, place := range map[string]func(*rand.Rand) geo.Point{
		"spread": func(r *rand.Rand) geo.Point {
			return geo.Point{Lon: 121.5 + 0.42*r.Float64(), Lat: 31 + 0.36*r.Float64()}
		},
		"crowded": func(r *rand.Rand) geo.Point { return geo.Point{Lon: 121.5 + 0.02*float64(r.IntN(20)), Lat: 31} },
	} {
		b.Run(name, func(b *testing.B) {
			const live, step = 20000, int64(180e3) // 20,000 in an hour
			r := rand.New(rand.NewPCG(1, 2))
			f, of := field(time.Hour), make([]event.Event, 500)
			for i := range of {
				of[i].Subject = strconv.Itoa(i)
			}
			arrive := func(i int) {
				at := int64(i) * step
				f.Advance(at)
				found := f.Observe(operator.Event{At: at - r.Int64N(60)*step, Seq: uint64(i), Of: &of[i%500]}, place(r), nil)
				if found.Count > 100 {
					f.Label(found)
				}
			}
			for i := range live {
				arrive(i)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				arrive(live + i)
			}
			b.ReportMetric(float64(len(f.Append(nil)))/live, "bytes/report")
		})
	}
}
