package sqldbtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"twoweave/internal/platform/sqldb"
)

const (
	serverUser = "postgres"
	minVersion = 15
	portTries  = 3 // another program may take the port that was free a moment ago
)

// keeper starts the server, says so, and stops it and removes its folder when its input ends: also when this process is killed, no server stays behind. The
// server is its child, where pg_ctl would set it free, so that whoever kills the whole tree of processes ends it too.
const keeper = `
trap '' INT HUP
initdb -D "$0/data" -U postgres -A trust --locale=C -E UTF8 --no-sync --no-instructions >"$0/out" 2>&1 &&
{ postgres -D "$0/data" $2 </dev/null >"$0/log" 2>&1 & pid=$!; }
while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; do
	pg_isready -q -h "$0" -p "$1" && ready=yes && break
	sleep 0.05
done
[ "$ready" ] && echo started || cat "$0/out" "$0/log" 2>/dev/null
cat >/dev/null
[ -n "$pid" ] && kill -QUIT "$pid" 2>/dev/null && wait "$pid"
rm -rf "$0"
`

// Server is a PostgreSQL server in a temporary folder, of this process alone.
type Server struct {
	dir   string
	port  int
	fsync bool
	sh    *exec.Cmd
	hold  io.Closer // the keeper's input
}

// StartServer makes a database cluster and starts its server. fsync off is for measurements and slow machines only.
func StartServer(ctx context.Context, fsync bool) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	var failures error
	for range portTries {
		s, err := startServer(ctx, bin, fsync)
		if err == nil {
			return s, nil
		}
		failures = errors.Join(failures, err)
	}
	return nil, failures
}

func startServer(ctx context.Context, bin string, fsync bool) (*Server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "twoweave-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, port: port, fsync: fsync}
	if err := s.start(ctx, bin); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, bin string) error {
	as, err := s.dropRoot()
	if err != nil {
		return err
	}
	s.sh = exec.Command("sh", "-c", keeper, s.dir, strconv.Itoa(s.port), s.options())
	s.sh.Dir, s.sh.SysProcAttr, s.sh.Stderr = s.dir, as, os.Stderr
	s.sh.Env = append(os.Environ(), "LC_ALL=C", "PATH="+bin+":"+os.Getenv("PATH"))
	if s.hold, err = s.sh.StdinPipe(); err != nil {
		return err
	}
	out, err := s.sh.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.sh.Start(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = s.hold.Close() })
	defer stop()
	return awaitStart(out)
}

// awaitStart reads the keeper's one word, or its reasons.
func awaitStart(out io.Reader) error {
	lines := bufio.NewReader(out)
	first, err := lines.ReadString('\n')
	if err == nil && first == "started\n" {
		return nil
	}
	rest := make([]byte, 4096)
	n, _ := lines.Read(rest) // what there is of the reasons
	return fmt.Errorf("PostgreSQL did not start: %s%s", first, rest[:n])
}

func (s *Server) options() string {
	options := []string{
		"-p " + strconv.Itoa(s.port), "-c listen_addresses=127.0.0.1", "-c unix_socket_directories=" + s.dir,
		"-c max_connections=800", "-c shared_buffers=64MB", "-c max_wal_size=256MB", "-c autovacuum_naptime=10s",
		"-c max_pred_locks_per_transaction=256", "-c timezone=UTC",
	}
	if !s.fsync {
		options = append(options, "-c fsync=off", "-c full_page_writes=off")
	}
	return strings.Join(options, " ")
}

// URL names the server's first database; its user may create others. Anybody on this machine may connect while the server runs.
func (s *Server) URL() string {
	u := url.URL{Scheme: "postgres", User: url.User(serverUser), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: "/postgres"}
	q := url.Values{"sslmode": {"disable"}}
	if !s.fsync {
		q.Set(sqldb.UnsafeParameter, "allow")
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// Stop ends the server at once and removes its folder.
func (s *Server) Stop() error {
	if s.hold == nil {
		return os.RemoveAll(s.dir)
	}
	if err := s.hold.Close(); err != nil {
		return err
	}
	_ = s.sh.Wait() // the keeper's own exit code says nothing of use
	return os.RemoveAll(s.dir)
}

// dropRoot prepares to run as another user when we are root, whom PostgreSQL refuses.
func (s *Server) dropRoot() (*syscall.SysProcAttr, error) {
	as := &syscall.SysProcAttr{Setpgid: true} // an interrupt from the terminal is for the tests, not for the keeper
	if os.Geteuid() != 0 {
		return as, nil
	}
	u, err := user.Lookup(serverUser)
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user %s to run it as: %w", serverUser, err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return as, os.Chown(s.dir, uid, gid)
}

// binaries finds the newest PostgreSQL of at least minVersion: Debian's places first, then the path.
func binaries() (string, error) {
	places, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	slices.SortFunc(places, func(a, b string) int { return debianVersion(b) - debianVersion(a) })
	if len(places) > 0 && debianVersion(places[0]) >= minVersion {
		return places[0], nil
	}
	if p, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(p), nil
	}
	return "", fmt.Errorf("no PostgreSQL %d or later found in /usr/lib/postgresql/*/bin or on the path; install it (Debian: apt-get install postgresql) or set %s", minVersion, EnvURL)
}

func debianVersion(place string) int {
	v, _ := strconv.Atoi(filepath.Base(filepath.Dir(place))) // not a number: not a version
	return v
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }() // it only showed the port
	return l.Addr().(*net.TCPAddr).Port, nil
}
