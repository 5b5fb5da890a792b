package detect

import (
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"twoweave/internal/manage/event"
	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// BenchmarkApply is the cost of one event, decoding included: batches of 200 events of 50 subjects, of a type that 10 or 80 scenarios listen
// to, each about one kind of place (where) as packs have it, and all of them about every event.
func BenchmarkApply(b *testing.B) {
	for _, n := range []int{0, 10, 80} {
		for _, where := range []bool{true, false} {
			if n == 0 && where {
				continue
			}
			b.Run(fmt.Sprintf("scenarios=%d/where=%v", n, where), func(b *testing.B) { benchmarkApply(b, n, where) })
		}
	}
}

func benchmarkApply(b *testing.B, scenarios int, where bool) {
	const size = 200
	p := New(0, manyScenarios(b, scenarios, where))
	m := bus.Message{Kind: bus.Events}
	batch := &event.Batch{}
	b.ReportAllocs()
	for done := 0; done < b.N; done += size {
		b.StopTimer()
		m.Seq++
		batch.Stamp, batch.Events = zero.Add(time.Duration(m.Seq)*100*time.Millisecond), batch.Events[:0]
		for i := range size {
			batch.Events = append(batch.Events, event.Event{
				ID: fmt.Sprintf("%d-%d", m.Seq, i), Source: "gateway-7", Type: "level", Sender: "device", Subject: fmt.Sprintf("sensor-%02d", i%50),
				Time: batch.Stamp, Area: "310115004000", Body: uint64(i), Data: fmt.Appendf(nil, `{"cm":%d.5,"plate":"k%d"}`, i%14, i%10),
			})
		}
		m.Body = event.AppendBatch(nil, batch)
		b.StartTimer()
		p.Apply(m)
	}
	if a := p.Accounting(); a.Evaluated != a.Events {
		b.Fatalf("not all events are evaluated: %+v", a)
	}
}

// manyScenarios is a set of scenarios on one type: half of each operator, none of which fires.
func manyScenarios(t testing.TB, n int, where bool) *pack.Set {
	t.Helper()
	files := fstest.MapFS{
		"pack.yaml":         {Data: []byte("pack: many\nversion: 1\ntitle: {zh: 多, en: Many}\nlicence: Apache-2.0\n")},
		"events/types.yaml": {Data: []byte(eventTypes)},
		"classes/all.yaml":  {Data: []byte("class: ponding\ntitle: {zh: 积水, en: Ponding}\nsource: assumed\nunit: water\nlimit: 2h\nreminder: 30m\n")},
	}
	for i := range n {
		text := "operator: match"
		if i%2 == 1 {
			text = "operator: sustain\nfor: 60s"
		}
		text += fmt.Sprintf("\nwhen: data.cm >= %d.0 && subject != ''\nuntil: data.cm < 10.0\nseverity: major", 15+i)
		if where {
			text += fmt.Sprintf("\nwhere: data.plate == 'k%d'", i%10)
		}
		files[fmt.Sprintf("scenarios/s%02d.yaml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil,
			"scenario: s%02d\nversion: 1\ntitle: {zh: 试, en: Test}\ndomain: facilities\non: level\nclass: ponding\nnote: assumed\n%s\n", i, text)}
	}
	p, err := pack.Read(files)
	if err != nil {
		t.Fatal(err)
	}
	set, err := pack.Combine(p)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// BenchmarkChanges is how long a partition stands still for a snapshot: 1,000 changed subjects and 10,000 new keys.
func BenchmarkChanges(b *testing.B) {
	p := New(0, manyScenarios(b, 10, false))
	seq := bus.Seq(0)
	for b.Loop() {
		b.StopTimer()
		for range 50 {
			seq++
			batch := &event.Batch{Stamp: zero.Add(time.Duration(seq) * 10 * time.Millisecond)}
			for i := range 200 {
				batch.Events = append(batch.Events, event.Event{
					ID: fmt.Sprintf("%d-%d", seq, i), Source: "g", Type: "level", Subject: fmt.Sprintf("sensor-%03d", i), Time: batch.Stamp, Data: []byte(`{"cm":3}`),
				})
			}
			p.Events(seq, batch)
		}
		b.StartTimer()
		p.changes()
	}
}
