package main

import (
	"cmp"
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
		name: "account", synopsis: "add|list|key|disable [ID] [FLAGS]", short: "the accounts of people, programs and devices, and their keys",
		long: "add prints the new account's key, once: a person signs in with it, a device sends it as its password. list shows all accounts. key ID gives an\n" +
			"account another key, which voids the one before. disable ID ends one, its sessions included. Each is on the audit. Roles: " + strings.Join(roles, ", ") + ".",
		flags: func(f *flag.FlagSet) {
			f.String("config", "", "configuration file (YAML)")
			f.String("data", "./data", "data folder")
			f.String("database", "sqlite:twoweave.db", "sqlite:PATH or postgres://…")
			f.String("id", "", "with add: the account's id; random when empty")
			f.String("name", "", "with add: the name that screens show")
			f.String("role", "", "with add: one or more roles, separated by commas")
			f.String("unit", "", "with add: the unit an officer belongs to")
			f.String("scope", "", "with add and key: what the key is good for, such as case.read,event.send:river.*; * for all that the roles may. Without it a new key keeps the scope of the one before")
			f.Duration("valid", 0, "with add and key: how long the key works, such as 2160h; 0 for no end")
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
	if (verb == "disable" || verb == "key") && len(rest) > 0 {
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
	case "key":
		return renewKey(ctx, env, flags, accounts, id)
	case "disable":
		return accounts.Disable(ctx, id)
	}
	return fault.New(fault.Invalid, "account", "%q is none of add, list, key, disable", verb)
}

func addAccount(ctx context.Context, env *environment, flags *flag.FlagSet, accounts *app.Accounts) error {
	text := func(name string) string { return flags.Lookup(name).Value.String() }
	a := manage.Account{ID: text("id"), Name: text("name"), Unit: registry.UnitID(text("unit"))}
	var err error
	if a.KeyScope, err = scope(text("scope")); err != nil {
		return err
	}
	for _, r := range strings.Split(text("role"), ",") {
		if r = strings.TrimSpace(r); r != "" {
			a.Roles = append(a.Roles, access.Role(r))
		}
	}
	lasts, err := valid(flags)
	if err != nil {
		return err
	}
	a, key, err := accounts.Add(ctx, a, lasts)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "account %s\nkey     %s\n\nThe key is not kept and cannot be shown again.\n", a.ID, key)
	return nil
}

func renewKey(ctx context.Context, env *environment, flags *flag.FlagSet, accounts *app.Accounts, id string) error {
	lasts, err := valid(flags)
	if err != nil {
		return err
	}
	var narrowed *access.Scope
	if text := flags.Lookup("scope").Value.String(); text != "" {
		s, err := scope(text)
		if err != nil {
			return err
		}
		narrowed = &s
	}
	key, err := accounts.RenewKey(ctx, id, lasts, narrowed)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "key     %s\n\nThe key is not kept and cannot be shown again. The one before is void.\n", key)
	return nil
}

func scope(text string) (access.Scope, error) {
	s, err := access.ParseScope(text)
	if err != nil {
		return nil, fault.New(fault.Invalid, "account", "--scope: %v", err)
	}
	return s, nil
}

// valid is how long a new key works.
func valid(flags *flag.FlagSet) (time.Duration, error) {
	lasts, _ := time.ParseDuration(flags.Lookup("valid").Value.String()) // the flag package has read it
	if lasts < 0 {
		return 0, fault.New(fault.Invalid, "account", "--valid must be 0 or more")
	}
	return lasts, nil
}

func listAccounts(ctx context.Context, env *environment, accounts *app.Accounts) error {
	all, err := accounts.List(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tNAME\tROLES\tUNIT\tSINCE\tKEY UNTIL\tSCOPE\tSTATE")
	for _, a := range all {
		state := "in force"
		if !a.DisabledAt.IsZero() {
			state = "disabled " + a.DisabledAt.Format(time.DateTime)
		}
		ends := "no end"
		if !a.KeyEndsAt.IsZero() {
			ends = a.KeyEndsAt.Format(time.DateTime)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.ID, a.Name, fmt.Sprint(a.Roles), a.Unit, a.CreatedAt.Format(time.DateTime), ends, cmp.Or(a.KeyScope.String(), "all"), state)
	}
	return w.Flush()
}
