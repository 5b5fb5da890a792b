package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"

	"twoweave/internal/app"
)

func versionCommand() command {
	return command{name: "version", short: "print the version", long: "Prints the version, the revision it was built from, and the Go release.",
		run: func(_ context.Context, env *environment, _ *flag.FlagSet) error {
			fmt.Fprintf(env.stdout, "twoweave %s %s %s/%s\n", app.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		}}
}
