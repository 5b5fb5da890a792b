package app

import (
	"encoding/json"
	"io"
	"io/fs"
	"path"
	"runtime/debug"
	"slices"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"

	"twoweave/internal/base/fault"
	"twoweave/web"
)

// WriteSBOM writes the software bill of materials of this very program (CycloneDX, JSON): the Go modules that were linked, from what the linker wrote into the binary, the
// libraries inside the screens, and the Go release itself. The same binary gives the same text.
func WriteSBOM(w io.Writer) error {
	const op = "app.WriteSBOM"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return fault.New(fault.Unavailable, op, "the program was built without build information; build it with the go command")
	}
	bom := cyclonedx.NewBOM()
	root := component(cyclonedx.ComponentTypeApplication, "golang", info.Main.Path, Version())
	bom.Metadata = &cyclonedx.Metadata{Component: &root}
	parts := []cyclonedx.Component{component(cyclonedx.ComponentTypeLibrary, "golang", "std", strings.TrimPrefix(info.GoVersion, "go"))}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		c := component(cyclonedx.ComponentTypeLibrary, "golang", m.Path, m.Version)
		if m.Sum != "" {
			c.Properties = &[]cyclonedx.Property{{Name: "golang:h1", Value: m.Sum}} // of go.sum: a hash of the module's files, not of one archive
		}
		parts = append(parts, c)
	}
	scripts, err := screenLibraries()
	if err != nil {
		return fault.Wrap(op, err)
	}
	parts = append(parts, scripts...)
	bom.Components = &parts
	refs := make([]string, len(parts))
	for i, p := range parts {
		refs[i] = p.BOMRef
	}
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: root.BOMRef, Dependencies: &refs}}
	return fault.Wrap(op, cyclonedx.NewBOMEncoder(w, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom))
}

// component is one part under its package URL, by which scanners know it.
func component(kind cyclonedx.ComponentType, from, name, version string) cyclonedx.Component {
	url := "pkg:" + from + "/" + strings.ReplaceAll(name, "@", "%40") + "@" + version
	return cyclonedx.Component{BOMRef: url, Type: kind, Name: name, Version: version, PackageURL: url}
}

// screenLibraries are the npm packages whose files are bundled into the screens.
func screenLibraries() (all []cyclonedx.Component, err error) {
	err = fs.WalkDir(web.Vendored, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Base(name) != "package.json" {
			return err
		}
		body, err := web.Vendored.ReadFile(name)
		if err != nil {
			return err
		}
		var p struct{ Name, Version, License string }
		if err := json.Unmarshal(body, &p); err != nil {
			return err
		}
		c := component(cyclonedx.ComponentTypeLibrary, "npm", p.Name, p.Version)
		c.Licenses = &cyclonedx.Licenses{{License: &cyclonedx.License{ID: p.License}}}
		all = append(all, c)
		return nil
	})
	slices.SortFunc(all, func(a, b cyclonedx.Component) int { return strings.Compare(a.Name, b.Name) })
	return all, err
}
