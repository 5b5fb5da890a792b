package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"

	"twoweave/internal/app"
	"twoweave/internal/base/fault"
)

func personCommand() command {
	return command{
		name: "person", synopsis: "export|forget [FLAGS] < NUMBER", short: "what is kept about a person, for that person; or forget them",
		long: "The telephone number is one line of the standard input, so that it stands in no list of commands. export writes all that the person told and who looked at it when and\n" +
			"why, as JSON. forget destroys the person's key: no name and no number of theirs opens again, and nobody finds them by the number; what they reported stays\n" +
			"without them. It refuses while a case of theirs goes on. Both leave a row on the audit. See first that it is the person who asks.",
		flags: func(f *flag.FlagSet) {
			f.String("config", "", "configuration file (YAML)")
			f.String("data", "./data", "data folder")
			f.String("database", "sqlite:twoweave.db", "sqlite:PATH or postgres://…")
			f.String("keys", "", "folder of the secrets; empty for one in the data folder")
		},
		run: person,
	}
}

func person(ctx context.Context, env *environment, flags *flag.FlagSet) error {
	verb := flags.Arg(0)
	if flags.NArg() > 0 {
		if err := flags.Parse(flags.Args()[1:]); err != nil {
			return fault.New(fault.Invalid, "person", "%v", err)
		}
	}
	if verb != "export" && verb != "forget" {
		return fault.New(fault.Invalid, "person", "%q is neither export nor forget", verb)
	}
	if err := noArguments(flags); err != nil {
		return err
	}
	config, err := configuration(flags)
	if err != nil {
		return err
	}
	line := bufio.NewScanner(os.Stdin)
	if !line.Scan() || strings.TrimSpace(line.Text()) == "" {
		return fault.New(fault.Invalid, "person", "the standard input has no telephone number")
	}
	people, err := app.OpenPeople(ctx, config)
	if err != nil {
		return err
	}
	defer people.Close()
	if verb == "forget" {
		if err := people.Forget(ctx, line.Text()); err != nil {
			return err
		}
		fmt.Fprintln(env.stdout, "forgotten")
		return nil
	}
	held, err := people.Held(ctx, line.Text())
	if err != nil {
		return err
	}
	out := json.NewEncoder(env.stdout)
	out.SetIndent("", "  ")
	return out.Encode(held)
}
