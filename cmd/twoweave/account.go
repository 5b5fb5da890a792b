package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/app"
	"twoweave/internal/base/fault"
	"twoweave/internal/records/manage"
	"twoweave/internal/registry"
)

func accountCommand() command {
	roles := make([]string, len(access.Roles))
	for i, r := range access.Roles {
		roles[i] = string(r)
	}
	return command{
		name: "account", synopsis: "add|list|disable [ID] [FLAGS]", short: "add, list and disable the accounts of people and devices",
		long: "add prints the new account's key, once: a person signs in with it, a device sends it as its password. list shows all accounts. disable ID ends one,\n" +
			"its sessions included. Roles: " + strings.Join(roles, ", ") + ".",
		flags: func(f *flag.FlagSet) {
			f.String("config", "", "configuration file (YAML)")
			f.String("data", "./data", "data folder")
			f.String("database", "sqlite:twoweave.db", "sqlite:PATH or postgres://…")
			f.String("id", "", "with add: the account's id; random when empty")
			f.String("name", "", "with add: the name that screens show")
			f.String("role", "", "with add: one or more roles, separated by commas")
			f.String("unit", "", "with add: the unit an officer belongs to")
		},
		run: account,
	}
}

func account(ctx context.Context, env *environment, flags *flag.FlagSet) error {
	verb := flags.Arg(0)
	// Flags may stand behind the verb as well: twoweave account add --name …
	id := ""
	rest := flags.Args()
	if len(rest) > 0 {
		rest = rest[1:]
	}
	if verb == "disable" && len(rest) > 0 {
		id, rest = rest[0], rest[1:]
	}
	if err := flags.Parse(rest); err != nil {
		return fault.New(fault.Invalid, "account", "%v", err)
	}
	config, err := configuration(flags)
	if err != nil {
		return err
	}
	accounts, err := app.OpenAccounts(ctx, config)
	if err != nil {
		return err
	}
	defer accounts.Close()
	switch verb {
	case "add":
		return addAccount(ctx, env, flags, accounts)
	case "list":
		return listAccounts(ctx, env, accounts)
	case "disable":
		return accounts.Disable(ctx, id)
	}
	return fault.New(fault.Invalid, "account", "%q is none of add, list, disable", verb)
}

func addAccount(ctx context.Context, env *environment, flags *flag.FlagSet, accounts *app.Accounts) error {
	text := func(name string) string { return flags.Lookup(name).Value.String() }
	a := manage.Account{ID: text("id"), Name: text("name"), Unit: registry.UnitID(text("unit"))}
	for _, r := range strings.Split(text("role"), ",") {
		if r = strings.TrimSpace(r); r != "" {
			a.Roles = append(a.Roles, access.Role(r))
		}
	}
	a, key, err := accounts.Add(ctx, a)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "account %s\nkey     %s\n\nThe key is not kept and cannot be shown again.\n", a.ID, key)
	return nil
}

func listAccounts(ctx context.Context, env *environment, accounts *app.Accounts) error {
	all, err := accounts.List(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tNAME\tROLES\tUNIT\tSINCE\tSTATE")
	for _, a := range all {
		state := "in force"
		if !a.DisabledAt.IsZero() {
			state = "disabled " + a.DisabledAt.Format(time.DateTime)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", a.ID, a.Name, fmt.Sprint(a.Roles), a.Unit, a.CreatedAt.Format(time.DateTime), state)
	}
	return w.Flush()
}
