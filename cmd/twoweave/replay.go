package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"twoweave/internal/app"
	"twoweave/internal/base/fault"
)

func replayCommand() command {
	return command{
		name: "replay", synopsis: "--map PACK/maps/NAME.yaml [--data DIR] FILE.csv", short: "run a file of past events through a program of its own",
		long: "Reads a CSV file through a map (which columns become which fields of an event) and runs it through detection and casework, with the file driving the\n" +
			"clock. Every row is accepted, or refused with its reason; the report adds up. The data folder must be new; look into it afterwards with\n" +
			"twoweave serve --data DIR --packs PACK.",
		flags: func(f *flag.FlagSet) {
			f.String("map", "", "map file in a pack's maps folder")
			f.String("data", "", "new folder for the result; empty for a temporary one that is removed at the end")
			f.String("database", "sqlite:twoweave.db", "sqlite:PATH or postgres://…")
			f.String("log", "warn", "what to log: debug, info, warn or error")
		},
		run: replay,
	}
}

func replay(ctx context.Context, env *environment, flags *flag.FlagSet) error {
	if flags.NArg() != 1 || flags.Lookup("map").Value.String() == "" {
		return fault.New(fault.Invalid, "replay", "a map and one file are needed: twoweave replay --map PACK/maps/NAME.yaml FILE.csv")
	}
	config, err := configuration(flags)
	if err != nil {
		return err
	}
	config.MQTT = "off"
	if config.Data = flags.Lookup("data").Value.String(); config.Data == "" {
		if config.Data, err = os.MkdirTemp("", "twoweave-replay-"); err != nil {
			return err
		}
		defer os.RemoveAll(config.Data)
	}
	report, err := app.Replay(ctx, app.ReplayOptions{Map: flags.Lookup("map").Value.String(), File: flags.Arg(0), Config: config,
		Log: app.NewLog(env.stderr, config.Log), Progress: env.stderr})
	if err != nil {
		return err
	}
	if flags.Lookup("data").Value.String() != "" {
		fmt.Fprintf(env.stderr, "kept in %s\n", config.Data)
	}
	return report.Write(env.stdout)
}
