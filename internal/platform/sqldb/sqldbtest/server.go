package sqldbtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
	"time"

	"twoweave/internal/platform/sqldb"
)

const (
	serverUser = "postgres"
	minVersion = 15
	patience   = 60 * time.Second // for initdb and start on a busy machine
)

// Server is a PostgreSQL server in a temporary folder, of this process alone.
type Server struct {
	bin, dir string
	port     int
	as       *syscall.SysProcAttr // another user when we are root, whom PostgreSQL refuses
	fsync    bool
}

// StartServer makes a database cluster and starts its server. fsync off is for measurements and slow machines only.
func StartServer(ctx context.Context, fsync bool) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "twoweave-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir, fsync: fsync}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := s.dropRoot(); err != nil {
		return err
	}
	if err := s.run(ctx, "initdb", "-D", s.data(), "-U", serverUser, "-A", "trust", "--locale=C", "-E", "UTF8", "--no-sync", "--no-instructions"); err != nil {
		return err
	}
	var err error
	if s.port, err = freePort(); err != nil {
		return err
	}
	return s.run(ctx, "pg_ctl", "start", "-w", "-D", s.data(), "-l", filepath.Join(s.dir, "log"), "-o", s.options())
}

func (s *Server) options() string {
	options := []string{
		"-p " + strconv.Itoa(s.port), "-c listen_addresses=127.0.0.1", "-c unix_socket_directories=" + s.dir,
		"-c max_connections=200", "-c shared_buffers=64MB", "-c max_wal_size=256MB", "-c autovacuum_naptime=10s",
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
	var err error
	if _, missing := os.Stat(filepath.Join(s.data(), "postmaster.pid")); missing == nil {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		err = s.run(ctx, "pg_ctl", "stop", "-w", "-m", "immediate", "-D", s.data())
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// run runs one of PostgreSQL's programs. Its output goes to a file, not a pipe: the server inherits it and would hold a pipe open.
func (s *Server) run(ctx context.Context, program string, args ...string) error {
	out, err := os.CreateTemp("", "twoweave-pg-out-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(out.Name()); _ = out.Close() }() // a scratch file
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, program), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = s.dir, out, out, s.as
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%s: %w: %s", program, err, bytes.TrimSpace(said))
	}
	return nil
}

// dropRoot prepares to run as another user when we are root.
func (s *Server) dropRoot() error {
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup(serverUser)
	if err != nil {
		return fmt.Errorf("PostgreSQL does not run as root, and there is no user %s to run it as: %w", serverUser, err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return err
	}
	s.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return os.Chown(s.dir, int(uid), int(gid))
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
