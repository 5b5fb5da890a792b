// Command webbuild bundles the live surfaces: web/src, web/css and the vendored libraries become the committed files of web/dist.
//
// It runs from the tools folder (`go run ./webbuild`) and needs nothing but Go: esbuild is used as a library and every third-party source is
// in web/vendor. The output is minified, carries fixed names and is the same for the same input, so that `go run ./webbuild -check` can
// compare it byte for byte and fail when someone forgot to build. Files in web/static are copied as they are. It never fetches anything.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/evanw/esbuild/pkg/api"
)

// The surfaces and the stylesheets: each becomes one file of the same name in dist.
var entries = []string{
	"src/wall.tsx",
	"src/console.tsx",
	"src/state.tsx",
	"src/call.tsx",
	"src/messages.tsx",
	"src/exchange.tsx",
	"src/duty.tsx",
	"src/incidents.tsx",
	"src/city.tsx",
	"src/appraisal.tsx",
	"src/field.tsx",
	"src/worker.ts",
	"css/style.css",
}

func main() {
	check := flag.Bool("check", false, "compare with web/dist instead of writing it; differences are an error")
	dir := flag.String("web", "../web", "the web folder")
	flag.Parse()
	if err := run(*dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, "webbuild:", err)
		os.Exit(1)
	}
}

func run(dir string, check bool) error {
	web, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	files, err := bundle(web)
	if err != nil {
		return err
	}
	if err := addStatic(web, files); err != nil {
		return err
	}
	dist := filepath.Join(web, "dist")
	if check {
		return compare(dist, files)
	}
	return write(dist, files)
}

// bundle runs esbuild in memory and returns the files by name.
func bundle(web string) (map[string][]byte, error) {
	var points []string
	for _, e := range entries {
		points = append(points, filepath.Join(web, e))
	}
	result := api.Build(api.BuildOptions{
		EntryPoints:       points,
		EntryNames:        "[name]",
		Outdir:            filepath.Join(web, "dist"),
		AbsWorkingDir:     web,
		NodePaths:         []string{filepath.Join(web, "vendor")},
		Bundle:            true,
		Format:            api.FormatESModule,
		Target:            api.ES2022,
		JSX:               api.JSXAutomatic,
		JSXImportSource:   "preact",
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		LegalComments:     api.LegalCommentsNone,
		Charset:           api.CharsetUTF8,
		TsconfigRaw:       "{}",
		LogLevel:          api.LogLevelWarning,
		External:          []string{"/assets/*"},
	})
	if len(result.Errors) > 0 {
		return nil, fmt.Errorf("%d errors, shown above", len(result.Errors))
	}
	files := map[string][]byte{}
	for _, f := range result.OutputFiles {
		files[filepath.Base(f.Path)] = f.Contents
	}
	return files, nil
}

func addStatic(web string, files map[string][]byte) error {
	static := filepath.Join(web, "static")
	entries, err := os.ReadDir(static)
	if err != nil {
		return err
	}
	for _, e := range entries {
		body, err := os.ReadFile(filepath.Join(static, e.Name()))
		if err != nil {
			return err
		}
		files[e.Name()] = body
	}
	return nil
}

// compare reports every difference between what is committed and what would be built.
func compare(dist string, files map[string][]byte) error {
	var wrong []error
	for name, body := range files {
		have, err := os.ReadFile(filepath.Join(dist, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			wrong = append(wrong, fmt.Errorf("%s is missing from web/dist", name))
		case err != nil:
			wrong = append(wrong, err)
		case !bytes.Equal(have, body):
			wrong = append(wrong, fmt.Errorf("%s in web/dist is not what web/src builds", name))
		}
	}
	for _, name := range strangers(dist, files) {
		wrong = append(wrong, fmt.Errorf("%s in web/dist comes from nothing", name))
	}
	if len(wrong) > 0 {
		return errors.Join(append(wrong, errors.New("run: cd tools && go run ./webbuild"))...)
	}
	return nil
}

func write(dist string, files map[string][]byte) error {
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return err
	}
	for _, name := range strangers(dist, files) {
		if err := os.Remove(filepath.Join(dist, name)); err != nil {
			return err
		}
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dist, name), files[name], 0o644); err != nil {
			return err
		}
		fmt.Printf("%8d  %s\n", len(files[name]), name)
	}
	return nil
}

// strangers are the files of dist that the build does not make.
func strangers(dist string, files map[string][]byte) []string {
	entries, err := os.ReadDir(dist)
	if err != nil {
		return nil // no dist yet: nothing in it is strange
	}
	var names []string
	for _, e := range entries {
		if _, made := files[e.Name()]; !made {
			names = append(names, e.Name())
		}
	}
	return names
}
