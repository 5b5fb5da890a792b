package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	"twoweave/internal/app"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/chain"
)

func auditCommand() command {
	return command{
		name: "audit", synopsis: "verify|heads [--against HEADS] [FLAGS]", short: "verify that nobody changed the audit",
		long: "verify follows the audit's chain from its first row, in the database of a program that may be running, and tells the first place that does not fit: a row\n" +
			"changed, removed, moved or put in. With --against it is compared with the heads that an outside witness received (JSON lines, the heads themselves or the\n" +
			"webhooks' bodies): only that finds a chain computed and signed anew, cut at its end, or put back from an older backup. The exit code is 1 when anything is\n" +
			"wrong. heads prints the heads kept in the database. The format, to verify without this program: docs/audit.md.",
		flags: func(f *flag.FlagSet) {
			f.String("config", "", "configuration file (YAML)")
			f.String("data", "./data", "data folder")
			f.String("database", "sqlite:twoweave.db", "sqlite:PATH or postgres://…")
			f.String("keys", "", "folder of the secrets; empty for one in the data folder")
			f.String("against", "", "with verify: file of heads as the witness received them")
			f.String("key", "", "with verify: the installation's public key, base64; empty for that of the keys folder")
		},
		run: audit,
	}
}

func audit(ctx context.Context, env *environment, flags *flag.FlagSet) error {
	verb := flags.Arg(0)
	if flags.NArg() > 0 {
		if err := flags.Parse(flags.Args()[1:]); err != nil {
			return fault.New(fault.Invalid, "audit", "%v", err)
		}
	}
	if verb != "verify" && verb != "heads" {
		return fault.New(fault.Invalid, "audit", "%q is neither verify nor heads", verb)
	}
	if err := noArguments(flags); err != nil {
		return err
	}
	config, err := configuration(flags)
	if err != nil {
		return err
	}
	against, err := readHeads(flags.Lookup("against").Value.String())
	if err != nil {
		return err
	}
	auditor, err := app.OpenAuditor(ctx, config, flags.Lookup("key").Value.String())
	if err != nil {
		return err
	}
	defer auditor.Close()
	if verb == "heads" {
		return printHeads(ctx, env, auditor)
	}
	return verifyAudit(ctx, env, auditor, against)
}

func readHeads(path string) ([]chain.Head, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.New(fault.Invalid, "audit", "the heads cannot be read: %v", err)
	}
	defer f.Close()
	return chain.ReadHeads(f)
}

func printHeads(ctx context.Context, env *environment, auditor *app.Auditor) error {
	all, err := auditor.Heads(ctx)
	lines := json.NewEncoder(env.stdout)
	for _, h := range all {
		if err == nil {
			err = lines.Encode(h)
		}
	}
	return err
}

func verifyAudit(ctx context.Context, env *environment, auditor *app.Auditor, against []chain.Head) error {
	if auditor.Trusted() == "" {
		fmt.Fprintln(env.stdout, "The installation's key is not at hand: heads are checked with the key of the first one.")
	}
	told := int64(0)
	r, err := auditor.Verify(ctx, against, func(done, of int64) {
		if of > 0 && done*10/of > told {
			told = done * 10 / of
			fmt.Fprintf(env.stdout, "%d of %d rows\n", done, of)
		}
	})
	if err != nil {
		return err
	}
	printReport(env.stdout, r)
	if len(r.Findings) > 0 {
		return fault.New(fault.Conflict, "audit", "the audit was tampered with: %s", r.Findings[0])
	}
	return nil
}

func printReport(w io.Writer, r chain.Report) {
	fmt.Fprintf(w, "installation  %s\nkey           %s\nrows          %d fit, of %d linked; %d wait for their link; %d were linked more than a minute late\nheads         %d in the database",
		r.Installation, r.Trusted, r.Checked, r.Position, r.Loose, r.Late, r.Heads)
	if r.Against > 0 {
		fmt.Fprintf(w, ", %d of the witness, who covers the rows up to %d", r.Against, r.Covered)
	}
	fmt.Fprintln(w)
	for _, f := range r.Findings {
		fmt.Fprintf(w, "WRONG         %s\n", f)
	}
	switch {
	case len(r.Findings) > 0:
	case r.Against > 0:
		fmt.Fprintln(w, "whole, and the same as the witness was told")
	default:
		fmt.Fprintln(w, "whole in itself; whoever holds this machine could have computed it anew: compare it with the witness's heads (--against)")
	}
}
