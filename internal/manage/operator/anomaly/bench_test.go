package anomaly

import (
	"math"
	"testing"
	"time"
	"unsafe"

	"twoweave/internal/manage/operator"
)

// The cost of one event, and of one subject: its state in memory and in a snapshot.
func BenchmarkObserve(b *testing.B) {
	m := (&Config{Of: "x"}).New(operator.Setting{}).New().(*machine)
	at := int64(0)
	b.ReportAllocs()
	for i := range b.N {
		at += int64(5 * time.Minute / time.Microsecond)
		m.Observe(operator.Event{At: at, Number: math.Sin(float64(i)/46) + float64(i*7919%1000)/4000})
	}
	b.ReportMetric(float64(unsafe.Sizeof(*m)), "B/subject")
	b.ReportMetric(float64(len(m.Append(nil))), "B/snapshot")
}
