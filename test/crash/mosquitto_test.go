package crash

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// reading is one measured value as a whole CloudEvent.
func reading(id, subject string, percent float64, at time.Time) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"test/gas","type":"gas.level","subject":%q,"area":"310115005000","time":%q,"data":{"lel_pct":%g}}`,
		id, subject, at.UTC().Format(time.RFC3339Nano), percent)
}

// publish is mosquitto_pub, which ends when the program has acknowledged.
func (p *program) publish(ctx context.Context, version, topic, message string, more ...string) error {
	host, port, err := net.SplitHostPort(p.mqtt)
	if err != nil {
		return err
	}
	args := append([]string{"-h", host, "-p", port, "-V", version, "-q", "1", "-t", topic, "-m", message}, more...)
	out, err := exec.CommandContext(ctx, "mosquitto_pub", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("mosquitto_pub: %w: %s", err, out)
	}
	return nil
}

func needMosquitto(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("mosquitto_pub"); err != nil {
		t.Fatal("mosquitto_pub is needed for this test; on Debian: apt-get install mosquitto-clients")
	}
}

// casesOf are the cases of one subject.
func (p *program) casesOf(subject string) []caseView {
	p.t.Helper()
	all := p.cases(url.Values{"q": {subject}})
	return slices.DeleteFunc(all, func(c caseView) bool { return c.Subject != subject })
}

func TestOneReadingIsOneCaseWithinASecond(t *testing.T) {
	t.Parallel()
	needMosquitto(t)
	p := newProgram(t)
	p.start()
	p.key = p.account("operator")
	var took []time.Duration
	for i := range 20 {
		subject := fmt.Sprintf("gas-%d", i)
		version := []string{"mqttv311", "mqttv5"}[i%2]
		begun := time.Now()
		if err := p.publish(t.Context(), version, "events", reading("r-"+subject, subject, 40, begun)); err != nil {
			t.Fatal(err)
		}
		eventually(t, 5*time.Second, "a case of "+subject, func() bool { return len(p.casesOf(subject)) == 1 })
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	t.Logf("from mosquitto_pub's start to the case in the API, %d subjects: p50 %v, p99 %v", len(took), took[len(took)/2], took[len(took)-1])
	if took[len(took)-1] > time.Second {
		t.Errorf("the slowest case took %v", took[len(took)-1])
	}
	if all := p.cases(nil); len(all) != 20 {
		t.Errorf("%d cases for 20 subjects", len(all))
	}
	p.stop()
}

func TestFiftySendersAndRestartsMakeOneCase(t *testing.T) {
	t.Parallel()
	needMosquitto(t)
	p := newProgram(t)
	p.start()
	p.key = p.account("operator")
	now := time.Now()
	message := reading("the-same", "gas-one", 40, now)

	acked := p.publishTogether(t, 50, message, nil)
	p.stop()
	p.start()
	acked += p.publishTogether(t, 50, message, nil)
	acked += p.publishTogether(t, 50, message, p.kill) // while they send
	p.start()
	acked += p.publishTogether(t, 50, message, nil)
	t.Logf("%d of 200 publishes acknowledged around a graceful stop and a kill -9", acked)
	if acked < 150 {
		t.Errorf("only %d acknowledged, though the program ran for 150", acked)
	}
	p.settled(t, 1)

	for i, percent := range []float64{5, 45} {
		if err := p.publish(t.Context(), "mqttv5", "events", reading(fmt.Sprintf("later-%d", i), "gas-one", percent, now.Add(time.Duration(i+1)*time.Second))); err != nil {
			t.Fatal(err)
		}
	}
	p.settled(t, 2)
	a := p.accounting()
	if l := a.Log; l.Evaluated != 3 || l.Conflict+l.Late+l.Dead+l.InFlight != 0 || l.Duplicate < int64(acked)-1 {
		t.Errorf("3 readings, %d publishes acknowledged, but the accounting is %+v", acked, l)
	}
	p.stop()
}

// publishTogether sends one message over n connections at once, and does what is given while they are at it. It returns how many were acknowledged.
func (p *program) publishTogether(t *testing.T, n int, message string, meanwhile func()) int {
	t.Helper()
	var acked atomic.Int64
	var all sync.WaitGroup
	for i := range n {
		version := []string{"mqttv311", "mqttv5"}[i%2]
		all.Go(func() {
			err := p.publish(t.Context(), version, "events", message)
			switch {
			case err == nil:
				acked.Add(1)
			case meanwhile == nil:
				t.Error(err)
			}
		})
	}
	if meanwhile != nil {
		eventually(t, 20*time.Second, "some are acknowledged", func() bool { return acked.Load() > 0 })
		meanwhile()
	}
	all.Wait()
	return int(acked.Load())
}

// settled waits until everything is computed and checks the cases of gas-one.
func (p *program) settled(t *testing.T, cases int) {
	t.Helper()
	eventually(t, 10*time.Second, "everything is computed", func() bool {
		a := p.accounting()
		return a.Log.InFlight <= 0 && a.Log.Position == a.Log.LastSeq
	})
	all := p.casesOf("gas-one")
	if len(all) != cases {
		t.Fatalf("%d cases, want %d: %+v", len(all), cases, all)
	}
	for _, c := range all {
		if c.Episode < 1 || c.Episode > int64(cases) || (c.Episode < int64(cases)) != (c.EndedAt != nil) {
			t.Errorf("of %d cases one is %+v", cases, c)
		}
	}
}
