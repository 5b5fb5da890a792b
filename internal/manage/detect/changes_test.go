package detect

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"twoweave/internal/platform/bus"
	"twoweave/internal/reform/pack"
)

// TestARestoredPartitionGoesOnTheSameWhateverWasActivated: scenarios, event types and indicators change, in a partition that runs through all of it and in one
// that is restored now and then. Both must find the same.
func TestARestoredPartitionGoesOnTheSameWhateverWasActivated(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(4, 4))
	var all []*pack.Set
	for range 16 {
		all = append(all, variedSet(t, rng))
	}
	for range 2 * rounds() {
		var sets []*pack.Set
		for range 2 + rng.IntN(4) {
			sets = append(sets, all[rng.IntN(len(all))])
		}
		log, _ := busyLog(rng.IntN, 1_500, sets...)
		p, q := New(0, nil), New(0, nil)
		for i, m := range log {
			m.Seq = bus.Seq(i + 1)
			if rng.IntN(40) == 0 {
				q = restarted(t, q, all)
			}
			got, want := applied(t, q, m, all), applied(t, p, m, all)
			if !bytes.Equal(encodeOutput(&got), encodeOutput(&want)) || !slices.Equal(got.Samples, want.Samples) {
				t.Fatalf("message %d: output differs:\n%s\nwant\n%s", m.Seq, show(&got), show(&want))
			}
		}
		if q.Accounting() != p.Accounting() {
			t.Errorf("accounting %+v, want %+v", q.Accounting(), p.Accounting())
		}
	}
}

// variedSet is some scenarios over types that differ in one thing or another.
func variedSet(t *testing.T, rng *rand.Rand) *pack.Set {
	types := eventTypes
	for _, r := range [][2]string{
		{"lateness: 30s", "lateness: 3m"}, {"lateness: 1m", "lateness: 10s"}, {"dedup: 2m", "dedup: 1m"}, {"cap: {sender: 5}", "cap: {sender: 9, new: 2}"},
		{"cap: {sender: 5}\n", ""}, {"    cm: {type: number}", "    cm: {type: number}\n    more: {type: string}"},
	} {
		if rng.IntN(3) == 0 {
			types = strings.Replace(types, r[0], r[1], 1)
		}
	}
	files := map[string]string{"events/types.yaml": types, "indicators/calls.yaml": strings.Replace(callsIndicator, "3m", []string{"3m", "5m"}[rng.IntN(2)], 1)}
	taken, names := map[string]bool{}, slices.Sorted(maps.Keys(rules))
	for _, at := range rng.Perm(len(names)) {
		if id, _, _ := strings.Cut(names[at], "-"); !taken[id] && len(taken) < 12 {
			taken[id], files["scenarios/"+names[at]+".yaml"] = true, scenarioText(t, names[at])
		}
	}
	return setFrom(t, files)
}

func setNamed(t *testing.T, all []*pack.Set, a Activation) *pack.Set {
	i := slices.IndexFunc(all, func(s *pack.Set) bool { return s.Activation == a.Activation })
	if i < 0 {
		t.Fatal("no set", a.Activation)
	}
	return all[i]
}

// applied is a message, whatever its kind.
func applied(t *testing.T, p *Partition, m bus.Message, all []*pack.Set) Output {
	m.Body = bytes.Clone(m.Body)
	if m.Kind != bus.Control {
		return p.Apply(m)
	}
	c, err := DecodeControl(m.Body)
	if err != nil {
		t.Fatal(err)
	}
	if c.Order != nil {
		return p.Order(m.Seq, *c.Order)
	}
	return p.Activate(m.Seq, *c.Activation, setNamed(t, all, *c.Activation))
}

// restarted is the partition as a program has it that begins from its snapshot.
func restarted(t *testing.T, p *Partition, all []*pack.Set) *Partition {
	records := p.all()
	m, err := decodeMeta(records)
	if err != nil {
		t.Fatal(err)
	}
	var sets []*pack.Set
	for _, a := range m.activations() {
		if a.Activation == "" {
			sets = append(sets, nil)
			continue
		}
		sets = append(sets, setNamed(t, all, a))
	}
	q, err := restore(p.part, p.seq, m, records, sets)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// TestATypesLatenessChanges: an operator counts with it. A program that has run through the change and one that was started after it must go on the same.
func TestATypesLatenessChanges(t *testing.T) {
	t.Parallel()
	both := "operator: join\nsubject: subject\nwhere: data.cm >= 15.0\nalso: [{on: level, subject: subject, where: data.cm < 5.0}]\njoin: {within: 60s}"
	sets := make([]*pack.Set, 2)
	for i, lateness := range []string{"30s", "5m"} {
		sets[i] = setFrom(t, map[string]string{
			"events/types.yaml":     strings.Replace(eventTypes, "lateness: 30s", "lateness: "+lateness, 1),
			"scenarios/beside.yaml": "scenario: beside\nversion: 1\ntitle: {zh: 试, en: Test}\ndomain: facilities\non: level\nclass: ponding\nnote: assumed\nseverity: minor\n" + both + "\n",
		})
	}
	p := New(0, sets[0])
	transcript(t, p, "1s a cm=20\n2s a cm=1")
	p.Activate(8, ActivationOf(sets[1]), sets[1])
	q := restarted(t, p, sets)
	ended := 0
	for at := time.Minute; at < 15*time.Minute; at += 10 * time.Second {
		ran, started := p.Tick(seqOf(9), zero.Add(at)), q.Tick(seqOf(9), zero.Add(at))
		if !bytes.Equal(encodeOutput(&ran), encodeOutput(&started)) {
			t.Fatalf("at %s the one that ran finds\n%sthe one that was started\n%s", at, show(&ran), show(&started))
		}
		ended += len(ran.Detections)
	}
	if ended != 1 {
		t.Errorf("%d findings came out, want the end", ended)
	}
}
