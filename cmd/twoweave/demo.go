package main

import (
	"context"
	"flag"
	"os"
	"strconv"
	"time"

	"twoweave/internal/app"
)

func demoCommand() command {
	return command{
		name: "demo", synopsis: "[--data DIR] [--report] [--for DURATION]", short: "watch a simulated city being managed",
		long: "Starts the program with a simulated city before it: devices that speak MQTT and HTTP, officers who use the public API. Open the printed address,\n" +
			"look at the wall, enter as an officer and take over any case. With --report the findings are compared with what really happened in the city.",
		flags: func(f *flag.FlagSet) {
			f.String("data", "", "folder to keep the demo in; empty for a temporary one that is removed at the end")
			f.String("listen", "127.0.0.1:8080", "address for pages and API")
			f.String("mqtt", "127.0.0.1:1883", "address for devices")
			f.String("database", "sqlite:twoweave.db", "sqlite:PATH or postgres://…")
			f.String("log", "warn", "what to log: debug, info, warn or error")
			f.Bool("report", false, "at the end, compare what was found with what happened")
			f.Duration("for", 0, "how long to run; 0 until told to stop")
			f.Uint64("truth", 1, "seed of what happens")
			f.Uint64("devices", 2, "seed of how devices tell it")
		},
		run: runDemo,
	}
}

func runDemo(ctx context.Context, env *environment, flags *flag.FlagSet) error {
	if err := noArguments(flags); err != nil {
		return err
	}
	config, err := configuration(flags)
	if err != nil {
		return err
	}
	if config.Data = flags.Lookup("data").Value.String(); config.Data == "" {
		if config.Data, err = os.MkdirTemp("", "twoweave-demo-"); err != nil {
			return err
		}
		defer os.RemoveAll(config.Data)
	}
	o := app.DemoOptions{Config: config, Log: app.NewLog(env.stderr, config.Log), Out: env.stdout, Report: flags.Lookup("report").Value.String() == "true"}
	o.For, _ = time.ParseDuration(flags.Lookup("for").Value.String()) // the flag package has checked these
	o.TruthSeed, _ = strconv.ParseUint(flags.Lookup("truth").Value.String(), 10, 64)
	o.DeviceSeed, _ = strconv.ParseUint(flags.Lookup("devices").Value.String(), 10, 64)
	return app.Demo(ctx, o, func(ctx context.Context, program *app.App) error { return attend(ctx, env, program) })
}
