package series

import (
	"strconv"
	"testing"
	"time"

	"twoweave/internal/base/clock"
)

// BenchmarkAppend offers a sample of each of 1000 series per call, a second apart: ns/op is for 1000 samples.
func BenchmarkAppend(b *testing.B) {
	c := clock.NewManual(noon)
	s, err := Open(b.TempDir(), Options{Clock: c})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	batch := make([]Sample, 1000)
	for i := range batch {
		batch[i] = level(noon, 1)
		batch[i].Labels = map[string]string{"area": "310115005", "device": strconv.Itoa(i)}
	}
	for b.Loop() {
		c.Advance(time.Second)
		for i := range batch {
			batch[i].At, batch[i].Value = c.Now(), float64(i)
		}
		if err := s.Append(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	if got := s.Stats(); got.Stored != got.Offered {
		b.Fatalf("%+v", got)
	}
}

// BenchmarkQueryRange reads what a wall's curve shows: one series, two hours, a point a minute.
func BenchmarkQueryRange(b *testing.B) {
	c := clock.NewManual(noon)
	s, err := Open(b.TempDir(), Options{Clock: c})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for range 120 {
		c.Advance(time.Minute)
		if err := s.Append(b.Context(), []Sample{level(c.Now(), 1)}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		r, err := s.QueryRange(b.Context(), `level_cm{area="310115005"}`, noon, c.Now(), time.Minute)
		if err != nil || len(r.Series) != 1 {
			b.Fatal(err, r)
		}
		if _, err := r.MarshalJSON(); err != nil {
			b.Fatal(err)
		}
	}
}
