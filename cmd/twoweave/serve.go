package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"twoweave/internal/app"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
)

// stopWithin is how long a graceful stop may take before the program gives up on it.
const stopWithin = 30 * time.Second

func serveCommand() command {
	return command{
		name: "serve", synopsis: "[--config FILE] [FLAGS]", short: "run the program",
		long: "Runs the program until it is told to stop (SIGINT, SIGTERM): what was accepted is finished first. SIGHUP reads the packs anew; when anything is\n" +
			"wrong with them, all problems are logged and what runs keeps running.",
		flags: func(f *flag.FlagSet) {
			f.String("config", "", "configuration file (YAML)")
			settingFlags(f)
		},
		run: serve,
	}
}

func settingFlags(f *flag.FlagSet) {
	for _, s := range app.Settings {
		f.String(s.Name, s.Default, s.Help)
	}
}

// configuration is the file's settings with the command line's over them. A command that reads no file has its own defaults.
func configuration(flags *flag.FlagSet) (app.Config, error) {
	config := app.DefaultConfig()
	set := func(f *flag.Flag) { config.Set(f.Name, f.Value.String()) }
	file := flags.Lookup("config")
	if file == nil {
		flags.VisitAll(set)
		return config, config.Check()
	}
	if file.Value.String() != "" {
		var err error
		if config, err = app.ReadConfig(file.Value.String()); err != nil {
			return config, err
		}
	}
	flags.Visit(set)
	return config, config.Check()
}

func noArguments(flags *flag.FlagSet) error {
	if flags.NArg() == 0 {
		return nil
	}
	return fault.New(fault.Invalid, "twoweave", "%q is one word too many; settings are flags, such as --data DIR", flags.Arg(0))
}

func serve(ctx context.Context, env *environment, flags *flag.FlagSet) error {
	if err := noArguments(flags); err != nil {
		return err
	}
	config, err := configuration(flags)
	if err != nil {
		return err
	}
	log := app.NewLog(env.stderr, config.Log)
	program, err := app.New(config, app.Options{Clock: clock.System{}, Log: log})
	if err != nil {
		return err
	}
	if err := program.Start(ctx); err != nil {
		return unlessTold(ctx, err)
	}
	fmt.Fprintf(env.stdout, "Twoweave %s is ready: %s\n", app.Version(), program.URL())
	if link, err := program.FirstLink(ctx); unlessTold(ctx, err) != nil {
		return errors.Join(err, stopProgram(program))
	} else if link != "" {
		fmt.Fprintf(env.stdout, "\nNobody has an account yet. With this link, for one hour and once, the first administrator chooses a name and a passphrase:\n\n    %s\n\n", link)
	}
	return attend(ctx, env, program)
}

// unlessTold is nil when an error only says that the program was told to stop, which is no failure.
func unlessTold(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// attend reloads when asked and stops the program when it is told to or fails.
func attend(ctx context.Context, env *environment, program *app.App) error {
	for {
		select {
		case <-env.reload:
			program.Reload(ctx) // it logs what is wrong; what runs keeps running
		case <-ctx.Done():
			return stopProgram(program)
		case <-program.Done():
			err := program.Err()
			if stopErr := stopProgram(program); err == nil {
				err = stopErr
			}
			return err
		}
	}
}

func stopProgram(program *app.App) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	return program.Stop(ctx)
}
