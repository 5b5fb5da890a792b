package detect

import (
	"testing"

	"twoweave/internal/manage/event"
)

func TestCityStates(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a state changes limits and severities from its position on": `
			1s a cm=20
			2s state s special
			3s a cm=19
			4s a cm=20
			> started tense a#1 at 4s since 4s in middle evidence 4s
			5s takeback s
			6s a cm=9
			7s a cm=7
			> ended tense a#1 at 7s since 4s in middle evidence 4s 7s
			8s a cm=29`,
		"the highest order in force counts; it runs out by log time": `
			1s state e emergency-2 until=60s
			2s state s special
			3s a cm=10
			> started tense a#1 at 3s since 3s in middle evidence 3s
			4s a cm=5
			> ended tense a#1 at 4s since 3s in middle evidence 3s 4s
			60s tick
			61s a cm=19
			62s a cm=20
			> started tense a#2 at 1m2s since 1m2s in middle evidence 1m2s`,
		"an area's state is its own": `
			1s state s special area=east
			2s a cm=25
			3s b cm=25 area=east
			> started tense b#1 at 3s since 3s in east evidence 3s`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, setOf(t, "tense"), text)
		})
	}
}

func TestAFindingSaysTheStateAndTheLimits(t *testing.T) {
	t.Parallel()
	s := &script{t: t, p: New(0, setOf(t, "tense"))}
	s.line([]string{"1s", "state", "e", "emergency-4"})
	out := s.p.Events(9, batchOf(s, "2s", "a", "cm=20"))
	d := out.Detections[0]
	if d.State != "emergency-4" || d.Severity != "critical" {
		t.Errorf("the finding was made in the state %q with the severity %q", d.State, d.Severity)
	}
	got := ""
	for _, m := range d.Measures {
		got += m.Name + "=" + m.Value + " "
	}
	if want := `limit.high=20.0 limit.low=8.0 state="emergency-4" `; got != want {
		t.Errorf("the rule was judged by %s, want %s", got, want)
	}
}

func batchOf(s *script, at string, words ...string) *event.Batch {
	moment := zero.Add(duration(s.t, at))
	return &event.Batch{Stamp: moment, Events: []event.Event{s.event(moment, words)}}
}

func TestSilences(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"what is covered does not start; what is open ends": `
			1s a cm=20
			> started high a#1 at 1s since 1s in middle evidence 1s
			2s silence m scenarios=high until=60s
			3s b cm=20
			> silenced
			4s a cm=3
			> ended high a#1 at 4s since 1s in middle evidence 1s 4s
			5s a cm=20
			> silenced
			60s b cm=20
			> started high b#1 at 1m since 1m in middle evidence 1m`,
		"a subject, an area, a time": `
			1s silence m subjects=a,b from=10s until=20s
			2s silence n area=east
			9s a cm=20
			> started high a#1 at 9s since 9s in middle evidence 9s
			10s b cm=20
			> silenced
			11s c cm=20
			> started high c#1 at 11s since 11s in middle evidence 11s
			12s d cm=20 area=east
			> silenced
			13s takeback n
			14s d cm=20 area=east
			> started high d#1 at 14s since 14s in east evidence 14s`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, setOf(t, "high"), text)
		})
	}
}

// TestWhatIsMeasuredIsJudgedAgainAfterASilence: nothing more comes of a device that is gone.
func TestWhatIsMeasuredIsJudgedAgainAfterASilence(t *testing.T) {
	t.Parallel()
	expect(t, setOf(t, "quiet"), `
		1s a cm=1
		2s silence m until=60s
		59s tick
		> silenced
		60s tick
		> started quiet a#1 at 1m since 1m in middle evidence
		61s a cm=1
		> ended quiet a#1 at 1m1s since 1m in middle evidence 1m1s
		62s silence n
		200s tick
		> silenced
		201s takeback n
		202s tick
		> started quiet a#2 at 3m20s since 3m20s in middle evidence`)
}

// TestASilenceUntilAPartOfAMicrosecond: clocks are finer than the log. The silence covers the whole of its last microsecond, once.
func TestASilenceUntilAPartOfAMicrosecond(t *testing.T) {
	t.Parallel()
	expect(t, setOf(t, "quiet"), `
		1s a cm=1
		2s silence m until=60.0000005s
		59s tick
		> silenced
		61s tick
		> started quiet a#1 at 1m0.000001s since 1m0.000001s in middle evidence`)
}

// TestASilenceIsRememberedUntilWhatItCoversWasLookedAt: after a standstill of days, too.
func TestASilenceIsRememberedUntilWhatItCoversWasLookedAt(t *testing.T) {
	t.Parallel()
	expect(t, setOf(t, "quiet", "steady"), `
		1s a cm=20
		2s silence m until=60s
		50h b cm=3
		50h0m1s tick
		> silenced
		> silenced
		> started quiet a#1 at 1m since 1m in middle evidence`)
}

func TestHold(t *testing.T) {
	t.Parallel()
	expect(t, setOf(t, "held"), `
		1s a cm=20
		> started held a#1 at 1s since 1s in middle evidence 1s
		30s a cm=20
		31s a cm=1
		90s tick
		> ended held a#1 at 1m30s since 1s in middle evidence 1s +1
		100s a cm=20
		> started held a#2 at 1m40s since 1m40s in middle evidence 1m40s
		170s a cm=20
		> ended held a#2 at 2m40s since 1m40s in middle evidence 1m40s
		> started held a#3 at 2m50s since 2m50s in middle evidence 2m50s`)
}

// TestKeyedCopies: p36 belongs to partition 0, p1 does not.
func TestKeyedCopies(t *testing.T) {
	t.Parallel()
	expect(t, setOf(t, "byplate"), `
		1s a cm=20 plate=p36
		2s copies a cm=20 plate=p36
		> started byplate p36#1 at 2s since 2s in middle evidence 2s
		3s copies b cm=3 plate=p36 id=x
		> ended byplate p36#1 at 3s since 2s in middle evidence 2s 3s
		4s copies b cm=3 plate=p36 id=x
		5s copies b cm=4 plate=p36 id=x
		> copy-lost
		6s copies a cm=20 plate=p1
		7s copies a cm=20`)
}

func TestASenderIsCapped(t *testing.T) {
	t.Parallel()
	expect(t, setOf(t), `
		1s a type=call area=x ; b type=call area=x ; c type=call area=x ; d type=call area=x ; e type=call area=x ; f type=call area=x
		> capped
		2s g type=call area=x
		> capped
		59s f type=call area=x
		> capped
		60s f type=call area=x`)
}

// TestCopiesAreCappedByThemselves: that copies came to the same partition costs the sender no event of its own.
func TestCopiesAreCappedByThemselves(t *testing.T) {
	t.Parallel()
	expect(t, setOf(t, "pair"), `
		1s copies a type=call area=x ; b type=call area=x ; c type=call area=x ; d type=call area=x ; e type=call area=x ; f type=call area=x
		> copy-lost
		2s a type=call area=x ; b type=call area=x ; c type=call area=x ; d type=call area=x ; e type=call area=x ; f type=call area=x
		> capped
		3s copies g type=call area=x
		> copy-lost`)
}
