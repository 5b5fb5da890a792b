// Command twoweave weaves a city's two networks: one to manage the city, one to serve its people.
//
// This package reads flags, turns signals into a graceful stop or a reload, and gives the exit code; the program itself is in internal/app.
// "twoweave help" lists the commands; docs/cli.md is the same text, generated.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"twoweave/internal/base/fault"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // the program could not do it; the message says why
	exitUsage  = 2 // the command line is wrong
)

// command is one thing the program does from the command line.
type command struct {
	name     string
	synopsis string // flags and arguments, in one line
	short    string
	long     string
	flags    func(*flag.FlagSet) // nil for none
	run      func(ctx context.Context, env *environment, flags *flag.FlagSet) error
}

// environment is what a command may touch of the outside.
type environment struct {
	stdout, stderr io.Writer
	reload         <-chan os.Signal
}

func commands() []command {
	return []command{demoCommand(), serveCommand(), packCommand(), replayCommand(), accountCommand(), versionCommand()}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	os.Exit(run(ctx, &environment{stdout: os.Stdout, stderr: os.Stderr, reload: reload}, os.Args[1:]))
}

// run carries out one command line.
func run(ctx context.Context, env *environment, args []string) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		if len(args) > 1 && args[1] == "--markdown" {
			writeReference(env.stdout)
			return exitOK
		}
		writeHelp(env.stdout)
		return exitOK
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.invoke(ctx, env, args[1:])
		}
	}
	fmt.Fprintf(env.stderr, "twoweave: there is no command %q; \"twoweave help\" lists them\n", args[0])
	return exitUsage
}

func (c command) invoke(ctx context.Context, env *environment, args []string) int {
	flags := flag.NewFlagSet("twoweave "+c.name, flag.ContinueOnError)
	flags.SetOutput(env.stderr)
	flags.Usage = func() { c.writeHelp(env.stderr, flags) }
	if c.flags != nil {
		c.flags(flags)
	}
	switch err := flags.Parse(args); {
	case err == flag.ErrHelp:
		return exitOK
	case err != nil:
		return exitUsage
	}
	return report(env.stderr, c.run(ctx, env, flags))
}

// report prints an error once for each thing wrong and gives the exit code.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	problems := fault.Problems(err)
	for _, p := range problems {
		fmt.Fprintln(w, p)
	}
	if len(problems) == 0 {
		text := fault.Message(err)
		if fault.Is(err, fault.Internal) {
			text = err.Error() // there is no other log to look into
		}
		fmt.Fprintf(w, "twoweave: %s\n", text)
	}
	if fault.Is(err, fault.Invalid) {
		return exitUsage
	}
	return exitFailed
}
