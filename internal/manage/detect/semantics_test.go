package detect

import (
	"testing"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ scenarios, text string }{
		"starts, stays within the hysteresis, ends": {"high", `
			0s a cm=3
			10s a cm=20
			> started high a#1 at 10s since 10s in middle evidence 10s
			20s a cm=25
			30s a cm=12
			40s a cm=9
			> ended high a#1 at 40s since 10s in middle evidence 10s 40s +1`},
		"a second break is a second episode": {"high", `
			0s a cm=20
			> started high a#1 at 0s since 0s in middle evidence 0s
			10s a cm=1
			> ended high a#1 at 10s since 0s in middle evidence 0s 10s
			20s a cm=20
			> started high a#2 at 20s since 20s in middle evidence 20s`},
		"subjects are apart, and so are events of one batch": {"high", `
			0s a cm=20 ; b cm=1 ; c cm=30
			> started high a#1 at 0s since 0s in middle evidence 0s
			> started high c#1 at 0s since 0s in middle evidence 0s
			10s a cm=1 ; a cm=20 t=11s id=x
			> ended high a#1 at 10s since 0s in middle evidence 0s 10s
			> started high a#2 at 11s since 11s in middle evidence 11s`},
		"without until, not when ends; a missing value does nothing": {"over", `
			0s a
			1s a cm=20
			> started over a#1 at 1s since 1s in middle evidence 1s
			2s a
			3s a cm=14
			> ended over a#1 at 3s since 1s in middle evidence 1s 3s`},
		"until beats when": {"both", `
			0s a cm=40
			1s a cm=20
			> started both a#1 at 1s since 1s in middle evidence 1s
			2s a cm=40
			> ended both a#1 at 2s since 1s in middle evidence 1s 2s
			3s a cm=40`},
		"where leaves out; the area is the deciding event's": {"east", `
			0s a cm=20
			1s a cm=20 area=east
			> started east a#1 at 1s since 1s in east evidence 1s
			2s a cm=1
			3s a cm=1 area=east
			> ended east a#1 at 3s since 1s in east evidence 1s 3s`},
		"the subject can be a value; without it the scenario sees nothing": {"plate", `
			0s a cm=20
			1s a cm=20 plate=p1
			> started plate a/p1#1 at 1s since 1s in middle evidence 1s
			2s a cm=20 plate=p1
			3s a cm=2 plate=p2
			3s a cm=2 plate=p1 id=x
			> ended plate a/p1#1 at 3s since 1s in middle evidence 1s 3s +1`},
		"older events open on arrival and never end": {"high", `
			20s a cm=3
			21s a cm=20 t=10s
			> started high a#1 at 10s since 10s in middle evidence 10s
			22s a cm=3 t=9s
			23s a cm=20 t=8s
			24s a cm=3 t=12s
			> ended high a#1 at 12s since 10s in middle evidence 10s 12s +1
			25s a cm=20 t=12s
			> after-end
			26s a cm=20 t=11s
			> after-end
			27s a cm=20 t=13s
			> started high a#2 at 13s since 13s in middle evidence 13s`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, setOf(t, c.scenarios), c.text)
		})
	}
}

func TestSustain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ scenarios, text string }{
		"starts by a tick once full, at the moment it was full": {"long", `
			0s a cm=20
			30s a cm=20
			59s tick
			61s tick
			> started long a#1 at 1m since 0s in middle evidence 0s 30s
			70s a cm=12
			80s a cm=9
			> ended long a#1 at 1m20s since 0s in middle evidence 0s 30s 1m20s`},
		"starts by a later event of the subject, before that event is looked at": {"long", `
			0s a cm=20
			61s a cm=3
			> started long a#1 at 1m since 0s in middle evidence 0s
			> ended long a#1 at 1m1s since 0s in middle evidence 0s 1m1s`},
		"full exactly at the ending event": {"long", `
			0s a cm=20
			60s a cm=3
			> started long a#1 at 1m since 0s in middle evidence 0s
			> ended long a#1 at 1m since 0s in middle evidence 0s 1m`},
		"an ending event before it is full cancels; between when and until it goes on": {"long", `
			0s a cm=20
			50s a cm=9
			70s tick
			71s a cm=20
			100s a cm=12
			120s a
			131s tick
			> started long a#1 at 2m11s since 1m11s in middle evidence 1m11s`},
		"without until, not when cancels": {"steady", `
			0s a cm=20
			20s a cm=14
			40s tick
			41s a cm=20
			60s a
			71s tick
			> started steady a#1 at 1m11s since 41s in middle evidence 41s`},
		"a stamp starts nothing, so that the ending event of the same batch is heard": {"long", `
			0s a cm=20
			61s b cm=1
			62s b cm=2 ; a cm=3 t=59s
			63s tick`},
		"what is due in one tick starts by moment, scenario, subject": {"long steady", `
			0s b cm=20 ; a cm=20
			30s c cm=20
			100s tick
			> started steady a#1 at 30s since 0s in middle evidence 0s
			> started steady b#1 at 30s since 0s in middle evidence 0s
			> started long a#1 at 1m since 0s in middle evidence 0s
			> started long b#1 at 1m since 0s in middle evidence 0s
			> started steady c#1 at 1m since 30s in middle evidence 30s
			> started long c#1 at 1m30s since 30s in middle evidence 30s`},
		"older events are evidence only": {"long", `
			20s a cm=3
			21s a cm=20 t=10s
			30s a cm=20
			40s a cm=3 t=25s
			41s a cm=20 t=26s
			90s tick
			> started long a#1 at 1m30s since 30s in middle evidence 30s +1
			91s a cm=3 t=65s
			> ended long a#1 at 1m30s since 30s in middle evidence 30s 1m5s +1
			92s a cm=20 t=80s
			> after-end
			93s a cm=20 t=92s
			160s tick
			> started long a#2 at 2m32s since 1m32s in middle evidence 1m32s`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, setOf(t, splitNames(c.scenarios)...), c.text)
		})
	}
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ scenarios, text string }{
		"the same again is a duplicate, otherwise a conflict, within the horizon": {"high", `
			0s a cm=3 id=x
			10s a cm=3 id=x
			> duplicate
			20s a cm=20 id=x
			> conflict
			120s a cm=3 id=x
			> duplicate
			121s a cm=20 id=x
			> started high a#1 at 2m1s since 2m1s in middle evidence 2m1s
			122s a cm=3 id=x
			> conflict`},
		"one key over types": {"high", `
			0s a cm=3 id=x
			1s a id=x type=call
			> conflict`},
		"late is beyond the lateness; its key is remembered": {"high", `
			40s a cm=20 t=10s
			> started high a#1 at 10s since 10s in middle evidence 10s
			41s b cm=20 t=10s id=x
			> late
			42s b cm=20 t=10s id=x
			> duplicate
			50s tick
			50s b cm=20 t=19s
			> late`},
		"far ahead is clamped": {"high", `
			0s a cm=20 t=2h
			> clamped
			> started high a#1 at 5m since 5m in middle evidence 5m
			1s a cm=1 t=4m
			2s a cm=1 t=5m
			> ended high a#1 at 5m since 5m in middle evidence 5m 5m`},
		"unknown types and unreadable data are dead": {"high", `
			0s a cm=20 type=nothing
			> dead
			1s a data=7
			> dead`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, setOf(t, c.scenarios), c.text)
		})
	}
}

func TestIndicator(t *testing.T) {
	t.Parallel()
	expect(t, setOf(t), `
		0s x type=call area=east
		1s tick
		> calls east = 1
		2s tick
		3s y type=call area=east ; z type=call area=west
		4s tick
		> calls east = 2
		> calls west = 1
		60s tick
		> calls east = 2
		> calls west = 1
		61s v type=call area=east t=2m30s
		62s tick
		120s tick
		> calls east = 3
		> calls west = 1
		179s tick
		180s tick
		> calls east = 1
		> calls west = 0
		240s w type=call area=west t=190s
		241s tick
		> calls east = 1
		> calls west = 1
		300s tick
		> calls east = 0
		> calls west = 1`)
}

func TestActivation(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"before the first one everything is dead": `
			0s a cm=20
			> dead
			1s activate high
			2s a cm=20
			> started high a#1 at 2s since 2s in middle evidence 2s`,
		"the same window keeps the state": `
			0s activate high long
			1s a cm=20
			> started high a#1 at 1s since 1s in middle evidence 1s
			2s activate high-title long
			61s tick
			> started long a#1 at 1m1s since 1s in middle evidence 1s
			62s a cm=1
			> ended high a#1 at 1m2s since 1s in middle evidence 1s 1m2s
			> ended long a#1 at 1m2s since 1s in middle evidence 1s 1m2s`,
		"another window keeps the episode; the old rule stays in force until the new one has had its time": `
			0s activate high long
			1s a cm=20
			> started high a#1 at 1s since 1s in middle evidence 1s
			2s activate high-rule long-rule
			70s tick
			> started long a#1 at 1m1s since 1s in middle evidence 1s
			71s a cm=13
			72s a cm=20
			73s a cm=3
			> ended high a#1 at 1m13s since 1s in middle evidence 1s 1m13s +2
			> ended long a#1 at 1m13s since 1s in middle evidence 1s 1m13s +1`,
		"an episode that the new rule has not judged goes on; the next one is by the new rule": `
			0s activate long
			1s a cm=20
			2s activate long-rule
			70s tick
			> started long a#1 at 1m1s since 1s in middle evidence 1s
			95s tick
			96s a cm=9
			> ended long a#1 at 1m36s since 1s in middle evidence 1s 1m36s
			100s a cm=20
			189s tick
			190s tick
			> started long a#2 at 3m10s since 1m40s in middle evidence 1m40s`,
		"an episode that the new rule does not see ends when it takes over; one that only it sees starts": `
			0s activate steady
			1s b cm=16
			31s tick
			> started steady b#1 at 31s since 1s in middle evidence 1s
			32s activate steady-high
			33s b cm=16 ; a cm=14
			70s tick
			> ended steady b#1 at 1m10s since 1s in middle evidence 1s +1
			80s a cm=20
			111s tick
			> started steady a#1 at 1m50s since 1m20s in middle evidence 1m20s`,
		"an episode goes on whose condition holds in the new rule too, only not yet for as long": `
			0s activate steady
			1s a cm=20
			31s tick
			> started steady a#1 at 31s since 1s in middle evidence 1s
			32s activate steady-high
			40s a cm=20
			62s tick
			70s tick
			71s a cm=16
			> ended steady a#1 at 1m11s since 1s in middle evidence 1s 1m11s +1`,
		"what was due comes before the takeover: nothing starts that is over": `
			0s activate steep
			0s tick
			1s activate steep-more
			12s a cm=1
			13s a cm=1
			40s tick
			> started steep a#1 at 33s since 13s in middle evidence 13s
			110s tick
			> ended steep a#1 at 1m44s since 13s in middle evidence 13s
			140s tick`,
		"what the new rule has found before it takes over was never found": `
			0s activate mean
			1s tick
			1s activate mean-vast
			2s a cm=14.5
			3s a cm=1
			300s tick
			400s tick
			700s tick
			701s a cm=50
			> started mean a#1 at 11m41s since 11m41s in middle evidence 11m41s`,
		"what is gone ends at log time; numbers go on when it comes back": `
			0s activate high long
			1s b cm=20 ; a cm=20 ; c cm=20 t=4m
			> started high b#1 at 1s since 1s in middle evidence 1s
			> started high a#1 at 1s since 1s in middle evidence 1s
			> started high c#1 at 4m since 4m in middle evidence 4m
			9s tick
			10s activate
			> ended high a#1 at 9s since 1s in middle evidence 1s
			> ended high b#1 at 9s since 1s in middle evidence 1s
			> ended high c#1 at 4m since 4m in middle evidence 4m
			70s tick
			71s activate high
			72s a cm=20
			> started high a#2 at 1m12s since 1m12s in middle evidence 1m12s
			73s b cm=20 t=71s
			> started high b#2 at 1m11s since 1m11s in middle evidence 1m11s`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text = clean(text)
			if got := transcript(t, New(0, nil), text); got != text {
				t.Errorf("got\n%s\nwant\n%s", got, text)
			}
		})
	}
}
