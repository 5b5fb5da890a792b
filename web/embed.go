// Package web holds the screens: the bundled surfaces (dist), the templates of the pages that need no JavaScript, and the words in both languages.
//
// dist is built from src, css, static and vendor by `make web` and committed, so that Go alone builds and runs the program; a check compares it
// byte for byte. This package only hands out the files; the web gateway serves them.
package web

import "embed"

// Files are dist, templates and i18n.
//
//go:embed dist templates i18n
var Files embed.FS

// Vendored are the descriptions of the libraries that the bundles are made of.
//
//go:embed vendor/preact/package.json vendor/@preact/signals/package.json vendor/@preact/signals-core/package.json
var Vendored embed.FS
