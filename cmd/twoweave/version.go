package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"

	"twoweave/internal/app"
)

func versionCommand() command {
	return command{name: "version", synopsis: "[--sbom]", short: "print the version, or what is inside",
		long:  "Prints the version, the revision it was built from, and the Go release. With --sbom it prints the program's bill of materials (CycloneDX, JSON) for a scanner.",
		flags: func(f *flag.FlagSet) { f.Bool("sbom", false, "print the bill of materials") },
		run: func(_ context.Context, env *environment, flags *flag.FlagSet) error {
			if flags.Lookup("sbom").Value.String() == "true" {
				return app.WriteSBOM(env.stdout)
			}
			fmt.Fprintf(env.stdout, "twoweave %s %s %s/%s\n", app.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		}}
}
