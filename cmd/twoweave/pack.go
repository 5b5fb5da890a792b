package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"twoweave/internal/app"
	"twoweave/internal/base/fault"
	"twoweave/internal/platform/signing"
	"twoweave/internal/reform/pack"
	"twoweave/internal/reform/trial"
)

func packCommand() command {
	return command{
		name: "pack", synopsis: "validate|test|sign|verify|key [--key FILE] [--config FILE] DIR...", short: "check packs, run their tests, sign them",
		long: "validate reads packs and tells every problem with file, line and what is allowed. test also runs the packs' own tests with virtual time, changes every\n" +
			"threshold, comparison and duration in turn to see that a test notices, tells which changes none did, and prints the CPU time of an event. The tests about a\n" +
			"scenario must catch nine in ten of its changes.\n\n" +
			"key --key FILE makes a person's key for signing packs, and prints its public half for the setting trust. sign --key FILE DIR... vouches for what packs hold now,\n" +
			"in DIR/signatures.json beside the others' signatures. verify --config FILE DIR... tells whose signatures hold.",
		flags: func(f *flag.FlagSet) {
			f.String("key", "", "with key and sign: file of a person's key")
			f.String("config", "", "with verify: configuration file with the setting trust")
		},
		run: runPack,
	}
}

// packVerbs are what can be done with each folder.
var packVerbs = map[string]func(*environment, *flag.FlagSet, string) error{"validate": validatePack, "test": testPack, "sign": signPack, "verify": verifyPack}

func runPack(_ context.Context, env *environment, flags *flag.FlagSet) error {
	verb := flags.Arg(0)
	if flags.NArg() > 0 { // flags may stand after the verb
		if err := flags.Parse(flags.Args()[1:]); err != nil {
			return fault.New(fault.Invalid, "pack", "%v", err)
		}
	}
	if verb == "key" && flags.NArg() == 0 {
		return makeKey(env, flags)
	}
	do := packVerbs[verb]
	if do == nil || flags.NArg() == 0 {
		return fault.New(fault.Invalid, "pack", "say what to do and with which folders: twoweave pack validate|test|sign|verify DIR..., or: twoweave pack key --key FILE")
	}
	var problems []fault.Problem
	for _, folder := range flags.Args() {
		if info, err := os.Stat(folder); err == nil && !info.IsDir() {
			continue // a shell's packs/* names the files beside the packs too
		}
		if err := do(env, flags, folder); err != nil {
			found := fault.Problems(err)
			if found == nil {
				return err
			}
			problems = append(problems, found...)
		}
	}
	if problems != nil {
		return fault.Invalidly("pack", problems...)
	}
	return nil
}

func validatePack(env *environment, _ *flag.FlagSet, folder string) error {
	_, err := validated(env, folder)
	return err
}

func testPack(env *environment, _ *flag.FlagSet, folder string) error {
	p, err := validated(env, folder)
	if err != nil {
		return err
	}
	proof, err := trial.Prove(p, p)
	if err != nil {
		return app.InFolder(folder, err)
	}
	proof.Summary(env.stdout)
	if problems := proof.Problems(); problems != nil {
		return app.InFolder(folder, fault.Invalidly("pack test", problems...))
	}
	return nil
}

// validated reads a pack, ties it together by itself, and says what it holds.
func validated(env *environment, folder string) (*pack.Pack, error) {
	p, err := app.ReadPack(folder)
	if err != nil {
		return nil, err
	}
	set, err := pack.Combine(p)
	if err != nil {
		return nil, app.InFolder(folder, err)
	}
	fmt.Fprintf(env.stdout, "%s: pack %s version %d is valid: %d event types, %d scenarios, %d indicators, %d tests\n", folder, p.Name, p.Version,
		len(p.Types), len(set.Scenarios), len(set.Indicators), len(p.Tests))
	return p, nil
}

func makeKey(env *environment, flags *flag.FlagSet) error {
	path := flags.Lookup("key").Value.String()
	if path == "" {
		return fault.New(fault.Invalid, "pack", "say where the key goes: twoweave pack key --key FILE")
	}
	err := signing.NewKey(path)
	if errors.Is(err, fs.ErrExist) {
		return fault.New(fault.Conflict, "pack", "%s is there already; a key is never written over", path)
	}
	if err != nil {
		return fault.New(fault.Invalid, "pack", "the key cannot be written to %s: %v", path, errors.Unwrap(err))
	}
	signer, err := signing.ReadKey(path)
	if err != nil {
		return err
	}
	fmt.Fprintln(env.stdout, signing.PublicOf(signer))
	return nil
}

func signPack(env *environment, flags *flag.FlagSet, folder string) error {
	path := flags.Lookup("key").Value.String()
	if path == "" {
		return fault.New(fault.Invalid, "pack", "say with which key: twoweave pack sign --key FILE DIR...; twoweave pack key --key FILE makes one")
	}
	signer, err := signing.ReadKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.NotFound, "pack", "there is no key file %s; twoweave pack key --key FILE makes one", path)
	}
	if err != nil {
		return err
	}
	p, err := app.SignPack(folder, signer)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s: pack %s version %d (SHA-256 %s) is signed\n", folder, p.Name, p.Version, p.Hash())
	return nil
}

func verifyPack(env *environment, flags *flag.FlagSet, folder string) error {
	path := flags.Lookup("config").Value.String()
	if path == "" {
		return fault.New(fault.Invalid, "pack", "say whose signatures count: twoweave pack verify --config FILE DIR..., with the setting trust in the file")
	}
	config, err := app.ReadConfig(path)
	if err != nil {
		return err
	}
	if problems := config.Trust.Check(signing.Standard()); problems != nil {
		return fault.Invalidly("pack", problems...)
	}
	if !config.Trust.On() {
		return fault.New(fault.Invalid, "pack", "%s trusts no keys: the setting trust is empty", path)
	}
	names, err := app.PackVouchers(config.Trust, folder)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s: signed by %s\n", folder, strings.Join(names, ", "))
	return nil
}
