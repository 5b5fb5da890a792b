// Package packs is the content that comes with the program, embedded: what Pudong's demonstration watches for, and two packs that replay public
// files of other cities.
//
// The folders are ordinary packs; everything about them is in their YAML files, and `twoweave pack test packs/*` proves them. This package
// only hands out the files, so that the demo needs nothing but the program.
package packs

import (
	"embed"
	"io/fs"
)

//go:embed pudong nyc311 beijing-air
var files embed.FS

// Demo is the name of the pack that the demo city runs.
const Demo = "pudong"

// Names are the packs that come with the program.
func Names() []string { return []string{"beijing-air", "nyc311", "pudong"} }

// FS is the folder of one pack. fs.ErrNotExist: no pack of that name comes with the program.
func FS(name string) (fs.FS, error) {
	if _, err := fs.Stat(files, name); err != nil {
		return nil, err
	}
	return fs.Sub(files, name)
}
