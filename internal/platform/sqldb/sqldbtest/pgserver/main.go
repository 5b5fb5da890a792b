// Command pgserver runs a command with a PostgreSQL server of its own: it starts a server in a temporary folder, prints its URL, sets
// TWOWEAVE_TEST_POSTGRES for the command, and stops the server when the command ends, with the command's exit code.
//
//	go run ./internal/platform/sqldb/sqldbtest/pgserver -- go test ./...
//
// All packages of one `go test` then share one server, each test with a fresh database. Without a command it waits for an interrupt.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"twoweave/internal/platform/sqldb/sqldbtest"
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := run(ctx, flag.Args())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "pgserver:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string) (code int, err error) {
	s, err := sqldbtest.StartServer(ctx, os.Getenv(sqldbtest.EnvFsync) != "off")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	fmt.Fprintf(os.Stderr, "pgserver: %s=%s\n", sqldbtest.EnvURL, s.URL())
	if len(args) == 0 {
		<-ctx.Done()
		return 0, nil
	}
	return command(ctx, s.URL(), args)
}

// command leaves the command time to end by itself after an interrupt, which the terminal sends to it too.
func command(ctx context.Context, url string, args []string) (code int, err error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), sqldbtest.EnvURL+"="+url)
	err = cmd.Run()
	if exit, is := errors.AsType[*exec.ExitError](err); is {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}
