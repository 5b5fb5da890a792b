package synctrace_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"twoweave/internal/platform/synctrace"
)

const helperEnv = "TWOWEAVE_SYNCTRACE_HELPER"

func TestMain(m *testing.M) {
	if file := os.Getenv(helperEnv); file != "" {
		if err := commitRows(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const (
	rounds = 2
	rows   = 150 // per round
)

// commitRows is the traced process: a database in WAL mode with full syncs, a row per transaction, each said on standard output once it is
// committed; a small checkpoint limit so that the database file is written too; opened twice.
func commitRows(file string) error {
	for round := range rounds {
		db, err := openDB(file)
		if err != nil {
			return err
		}
		for n := round * rows; n < (round+1)*rows; n++ {
			if _, err := db.Exec("INSERT INTO t (n, body) VALUES ($1, $2)", n, rowBody(n)); err != nil {
				return err
			}
			if _, err := os.Stdout.WriteString(fmt.Sprintf("ack %d\n", n)); err != nil {
				return err
			}
		}
		if err := db.Close(); err != nil {
			return err
		}
	}
	return nil
}

func openDB(file string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=wal_autocheckpoint(20)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	_, err = db.Exec("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, body TEXT NOT NULL)")
	return db, err
}

func rowBody(n int) string { return strings.Repeat(fmt.Sprintf("row %d;", n), 100+n%7*100) }

// TestSQLite: the package's proof on a store whose behaviour is known. It shows that the WAL is covered at each commit, that a power
// cut leaves every committed row, and that the memory-mapped "-shm" file, which no trace shows, is not missed.
func TestSQLite(t *testing.T) {
	t.Parallel()
	if os.Getenv("TWOWEAVE_SLOW") == "" {
		t.Skip("TWOWEAVE_SLOW=1 runs this test")
	}
	tr, dir, acks := traced(t)
	if len(acks) != rounds*rows {
		t.Fatalf("%d rows were acknowledged", len(acks))
	}
	disk := synctrace.NewDisk(tr, dir)
	for n, op := range acks {
		if err := disk.Advance(op); err != nil {
			t.Fatal(err)
		}
		for _, u := range disk.Uncovered(func(path string) bool { return strings.HasSuffix(path, "-wal") }) {
			if !u.Name { // SQLite syncs the folder when it makes the WAL; its name is checked by the cuts below
				t.Errorf("row %d: %s", n, u)
			}
		}
	}
	t.Logf("operations: %d, mapped: %v", len(tr.Ops), disk.Mapped())
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	for range 60 {
		checkCut(t, tr, dir, acks, chance.IntN(len(tr.Ops)), chance)
	}
}

func traced(t *testing.T) (tr *synctrace.Trace, dir string, acks []int) {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(base, "db")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd, err := synctrace.Command(t.Context(), filepath.Join(base, "trace"), os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	var out, stderr bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), helperEnv+"="+filepath.Join(dir, "x.db")), &out, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr.Bytes())
	}
	if tr, err = synctrace.ParseFile(filepath.Join(base, "trace")); err != nil {
		t.Fatal(err)
	}
	return tr, dir, tr.Find(func(op *synctrace.Op) bool { return op.Kind == synctrace.Send && op.FD == 1 })
}

func checkCut(t *testing.T, tr *synctrace.Trace, dir string, acks []int, op int, chance *rand.Rand) {
	t.Helper()
	disk, left := synctrace.NewDisk(tr, dir), t.TempDir()
	if err := errors.Join(disk.Advance(op), disk.Rebuild(left, chance)); err != nil {
		t.Fatal(err)
	}
	db, err := openDB(filepath.Join(left, "x.db"))
	if err != nil {
		t.Errorf("cut before operation %d: %v", op, err)
		return
	}
	defer func() { _ = db.Close() }()
	for n, ack := range acks {
		var body string
		if ack >= op {
			return
		}
		if err := db.QueryRow("SELECT body FROM t WHERE n = $1", n).Scan(&body); err != nil || body != rowBody(n) {
			t.Errorf("cut before operation %d: row %d: %v", op, n, err)
		}
	}
}
