package crash

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats-server/v2/server"

	"twoweave/internal/platform/sqldb/sqldbtest"
)

// pausedFor is how long an owner is stopped: longer than its lease, and than the database bears with a session that stands still.
func pausedFor() time.Duration { return time.Duration(atLength(7, 10)) * time.Second }

// pair is two programs that share a database, a log server, snapshots and keys.
type pair struct {
	t   *testing.T
	db  *pgx.Conn
	two [2]*program
	l   *ledger
}

// witnesses note who wrote what: each connection carries its program's name. A transaction that moves progress is noted with the owner it
// wrote for; one that changes findings or cases, with its own number.
const witnesses = `
CREATE TABLE seen_claim (app text, owner text, part bigint, epoch bigint, at timestamptz);
CREATE TABLE seen_advance (app text, owner text, part bigint, epoch bigint, seq bigint, tx bigint, at timestamptz);
CREATE TABLE seen_write (app text, tab text, tx bigint, at timestamptz);
CREATE FUNCTION witness_progress() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF NEW.epoch <> OLD.epoch THEN
		INSERT INTO seen_claim VALUES (current_setting('application_name'), NEW.owner, NEW.part, NEW.epoch, clock_timestamp());
	ELSIF NEW.seq <> OLD.seq THEN
		INSERT INTO seen_advance VALUES (current_setting('application_name'), NEW.owner, NEW.part, NEW.epoch, NEW.seq, txid_current(), clock_timestamp());
	END IF;
	RETURN NULL; END $$;
CREATE FUNCTION witness_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO seen_write VALUES (current_setting('application_name'), TG_TABLE_NAME, txid_current(), clock_timestamp());
	RETURN NULL; END $$;
CREATE TRIGGER witness AFTER UPDATE ON progress FOR EACH ROW EXECUTE FUNCTION witness_progress();
CREATE TRIGGER witness AFTER INSERT OR UPDATE ON detection FOR EACH ROW EXECUTE FUNCTION witness_write();
CREATE TRIGGER witness AFTER INSERT OR UPDATE ON cases FOR EACH ROW EXECUTE FUNCTION witness_write();
CREATE TRIGGER witness AFTER INSERT OR UPDATE ON case_fact FOR EACH ROW EXECUTE FUNCTION witness_write();`

// newPair starts both; the partitions are shared out when it returns.
func newPair(t *testing.T) *pair {
	t.Helper()
	database, nats, shared := sqldbtest.PostgresURL(t), natsServer(t), t.TempDir()
	p := &pair{t: t, l: newLedger()}
	for i := range p.two {
		p.two[i] = newProgram(t, "--database", database+"&application_name="+name(i), "--nats", nats,
			"--blobs", filepath.Join(shared, "blobs"), "--keys", filepath.Join(shared, "keys"), "--snapshot", "2s")
		p.two[i].start()
	}
	p.two[0].key = p.two[0].account("operator")
	p.two[1].key = p.two[0].key
	var err error
	if p.db, err = pgx.Connect(t.Context(), database); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.db.Close(context.Background()) }) // the database goes anyway
	if _, err := p.db.Exec(t.Context(), witnesses); err != nil {
		t.Fatal(err)
	}
	return p
}

func name(i int) string { return []string{"first", "second"}[i] }

// natsServer is an external JetStream server that syncs every message.
func natsServer(t *testing.T) string {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the NATS server does not start")
	}
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	return "nats://" + s.Addr().(*net.TCPAddr).String()
}

// number is one figure out of the database.
func (p *pair) number(query string, args ...any) (n int64) {
	p.t.Helper()
	if err := p.db.QueryRow(p.t.Context(), query, args...).Scan(&n); err != nil {
		p.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// owned is how many partitions a program holds, by the witnesses: its claims whose epoch is still the newest.
func (p *pair) owned(i int) int64 {
	p.t.Helper()
	return p.number(`SELECT COUNT(*) FROM progress WHERE owner IN (SELECT owner FROM seen_claim WHERE app = $1)`, name(i))
}

func (p *pair) shared() bool { return p.owned(0) == 32 && p.owned(1) == 32 }

func TestAPausedOwnerWritesNothingAfterItsSuccessor(t *testing.T) {
	p := newPair(t)
	p.restartBoth()
	var loads [2]*load
	for i := range p.two {
		loads[i] = &load{p: p.two[i], l: p.l}
		loads[i].fresh.Store(true)
		loads[i].up(t)
	}
	for round := range atLength(1, 4) {
		p.pause(loads[round%2], round%2)
	}
	for i := range loads {
		loads[i].fresh.Store(false)
	}
	for i := range loads {
		loads[i].down()
	}
	p.check()
}

// restartBoth makes every claim one that the witnesses have seen.
func (p *pair) restartBoth() {
	for i := range p.two {
		p.two[i].stop()
	}
	for i := range p.two {
		p.two[i].start()
	}
	eventually(p.t, 20*time.Second, "the partitions are shared out", p.shared)
}

// pause stops one owner in the middle of its work, waits until the other has taken over and has gone on, and wakes it again.
func (p *pair) pause(busy *load, i int) {
	other := 1 - i
	already := busy.acks.Load()
	eventually(p.t, 20*time.Second, "the one to be stopped is at work", func() bool { return busy.acks.Load() >= already+4*batchEvents })
	p.two[i].signal(syscall.SIGSTOP)
	stopped := time.NewTimer(pausedFor())
	begun := time.Now()
	eventually(p.t, pausedFor(), "the other takes over", func() bool { return p.owned(other) == 64 })
	p.t.Logf("the %s is stopped; after %v the %s owns all partitions", name(i), time.Since(begun).Round(time.Millisecond), name(other))
	<-stopped.C
	moved := p.number(`SELECT COUNT(*) FROM (SELECT DISTINCT a.part FROM seen_advance a JOIN seen_claim c ON a.part = c.part AND a.epoch = c.epoch AND a.app = c.app
		WHERE a.app = $1 AND c.at > $2) moved`, name(other), begun)
	p.t.Logf("the %s has committed in %d of the 32 partitions that it took over", name(other), moved)
	if moved == 0 { // how many have something to commit is chance
		p.t.Errorf("the %s has not gone on with what it took over", name(other))
	}
	p.two[i].signal(syscall.SIGCONT)
	eventually(p.t, 20*time.Second, "the partitions are shared out again", p.shared)
}

// check: every write of findings and cases was made in a transaction that had moved progress, for an owner that was the writer itself; what
// was found is right; and both have computed everything.
func (p *pair) check() {
	p.catchUp()
	for _, q := range []struct{ what, query string }{
		{"progress moved in an epoch of another", `SELECT COUNT(*) FROM seen_advance a WHERE NOT EXISTS
			(SELECT 1 FROM seen_claim c WHERE c.app = a.app AND c.part = a.part AND c.epoch = a.epoch)`},
		{"progress moved in an epoch after a later one had begun", `SELECT COUNT(*) FROM seen_advance a JOIN seen_claim c ON c.part = a.part AND c.epoch > a.epoch AND c.at < a.at`},
		{"findings or cases written outside the fence", `SELECT COUNT(*) FROM seen_write w WHERE NOT EXISTS (SELECT 1 FROM seen_advance a WHERE a.tx = w.tx AND a.app = w.app)`},
		{"subjects with more than one case", `SELECT COUNT(*) FROM (SELECT subject FROM cases GROUP BY subject HAVING COUNT(*) > 1) double`},
		{"cases without their facts", `SELECT COUNT(*) FROM cases c WHERE version <> (SELECT COUNT(*) FROM case_fact f WHERE f.case_id = c.id)`},
	} {
		if n := p.number(q.query); n != 0 {
			p.t.Errorf("%s: %d", q.what, n)
		}
	}
	var evaluated int64
	within(20*time.Second, func() bool {
		evaluated = p.two[0].accounting().Log.Evaluated + p.two[1].accounting().Log.Evaluated
		return evaluated == int64(p.l.made*batchEvents)
	})
	if want := int64(p.l.made * batchEvents); evaluated != want || p.l.acked != p.l.made {
		p.t.Errorf("%d events sent, %d of %d batches acknowledged, %d evaluated", want, p.l.acked, p.l.made, evaluated)
	}
	cases := p.number(`SELECT COUNT(*) FROM cases`)
	if cases != int64(len(p.l.opened)) {
		p.t.Errorf("%d cases, %d subjects over the threshold", cases, len(p.l.opened))
	}
	for _, f := range p.l.faults {
		p.t.Error(f)
	}
	p.t.Logf("%d events, %d cases; %d commits under the fence, %d refused by it", evaluated, cases, p.number(`SELECT COUNT(*) FROM seen_advance`), p.refused())
	for _, one := range p.two {
		one.stop()
	}
}

// catchUp waits until both have computed all that is in the log. How long that takes depends on the machine; what it must not do is stand still.
func (p *pair) catchUp() {
	last := max(p.two[0].accounting().Log.LastSeq, p.two[1].accounting().Log.LastSeq)
	for {
		before := p.position()
		if before >= last {
			return
		}
		if !within(30*time.Second, func() bool { return p.position() > before }) {
			p.t.Errorf("up to %d everything must be computed: the first %+v, the second %+v", last, p.two[0].accounting().Log, p.two[1].accounting().Log)
			return
		}
	}
}

// position is up to where both have computed the log.
func (p *pair) position() uint64 {
	return min(p.two[0].accounting().Log.Position, p.two[1].accounting().Log.Position)
}

// refused counts what the programs' logs say about writes that the fence refused.
func (p *pair) refused() (n int) {
	for _, one := range p.two {
		log, err := os.ReadFile(one.logFile())
		if err != nil {
			p.t.Error(err)
		}
		n += strings.Count(string(log), "partition lost at the fence")
	}
	return n
}
