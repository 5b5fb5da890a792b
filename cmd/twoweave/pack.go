package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"twoweave/internal/app"
	"twoweave/internal/base/fault"
	"twoweave/internal/reform/pack"
	"twoweave/internal/reform/trial"
)

func packCommand() command {
	return command{
		name: "pack", synopsis: "validate|test DIR...", short: "check packs, and run their tests",
		long: "validate reads packs and tells every problem with file, line and what is allowed. test also runs the packs' own tests with virtual time, changes every\n" +
			"threshold, comparison and duration in turn to see that a test notices, tells which changes none did, and prints the CPU time of an event. The tests about a\n" +
			"scenario must catch nine in ten of its changes.",
		run: runPack,
	}
}

func runPack(_ context.Context, env *environment, flags *flag.FlagSet) error {
	verb, folders := flags.Arg(0), flags.Args()
	if len(folders) < 2 || (verb != "validate" && verb != "test") {
		return fault.New(fault.Invalid, "pack", "say what to do and with which folders: twoweave pack validate|test DIR...")
	}
	folders = folders[1:]
	var problems []fault.Problem
	for _, folder := range folders {
		if info, err := os.Stat(folder); err == nil && !info.IsDir() {
			continue // a shell's packs/* names the files beside the packs too
		}
		if err := onePack(env, verb, folder); err != nil {
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

func onePack(env *environment, verb, folder string) error {
	p, err := app.ReadPack(folder)
	if err != nil {
		return err
	}
	set, err := pack.Combine(p)
	if err != nil {
		return app.InFolder(folder, err)
	}
	fmt.Fprintf(env.stdout, "%s: pack %s version %d is valid: %d event types, %d scenarios, %d indicators, %d tests\n", folder, p.Name, p.Version,
		len(p.Types), len(set.Scenarios), len(set.Indicators), len(p.Tests))
	if verb == "validate" {
		return nil
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
