package main

import (
	"context"
	"flag"
	"fmt"

	"twoweave/internal/app"
	"twoweave/internal/base/fault"
)

func keyCommand() command {
	return command{
		name: "key", synopsis: "list|rotate|destroy [FLAGS]", short: "exchange the master key, while the program runs",
		long: "rotate makes a new version of the master key and wraps every person's key under it, a hundred at a time; the program may run meanwhile. What was broken off goes\n" +
			"on with the same command. destroy destroys the older versions; while anybody's key is under one it refuses and says how many there are. After it, backups of\n" +
			"before open only with a copy of the older key file. list shows the versions and how many persons are under each.",
		flags: func(f *flag.FlagSet) {
			f.String("config", "", "configuration file (YAML)")
			f.String("data", "./data", "data folder")
			f.String("database", "sqlite:twoweave.db", "sqlite:PATH or postgres://…")
			f.String("keys", "", "folder of the secrets; empty for one in the data folder")
		},
		run: key,
	}
}

func key(ctx context.Context, env *environment, flags *flag.FlagSet) (err error) {
	verb := flags.Arg(0)
	if flags.NArg() > 0 {
		if err := flags.Parse(flags.Args()[1:]); err != nil {
			return fault.New(fault.Invalid, "key", "%v", err)
		}
	}
	verbs := map[string]func(context.Context, *environment, *app.Keys) error{"list": listKeys, "rotate": rotateKeys, "destroy": destroyKeys}
	if verbs[verb] == nil {
		return fault.New(fault.Invalid, "key", "%q is none of list, rotate, destroy", verb)
	}
	if err := noArguments(flags); err != nil {
		return err
	}
	config, err := configuration(flags)
	if err != nil {
		return err
	}
	told := int64(0)
	keys, err := app.OpenKeys(ctx, config, func(done, of int64) {
		if of > 0 && done*10/of > told {
			told = done * 10 / of
			fmt.Fprintf(env.stderr, "%d of %d persons\n", done, of)
		}
	})
	if err != nil {
		return err
	}
	defer keys.Close()
	return verbs[verb](ctx, env, keys)
}

func listKeys(ctx context.Context, env *environment, keys *app.Keys) error {
	s, err := keys.Status(ctx)
	if err != nil {
		return err
	}
	for _, id := range s.Versions() {
		state := "older"
		if id == s.Current {
			state = "current"
		}
		fmt.Fprintf(env.stdout, "version %d  %s  %d persons\n", id, state, s.Under[id])
	}
	if n := s.Under[0]; n > 0 {
		fmt.Fprintf(env.stdout, "%d persons of an earlier program, whose version is not noted; rotate notes it\n", n)
	}
	return nil
}

func rotateKeys(ctx context.Context, env *environment, keys *app.Keys) error {
	id, err := keys.Run(ctx)
	if err == nil {
		fmt.Fprintf(env.stdout, "everybody's key is under version %d; destroy the older ones when no backup of before is needed: twoweave key destroy\n", id)
	}
	return err
}

func destroyKeys(ctx context.Context, env *environment, keys *app.Keys) error {
	gone, err := keys.Destroy(ctx)
	if err == nil {
		fmt.Fprintf(env.stdout, "%d older versions destroyed\n", len(gone))
	}
	return err
}
