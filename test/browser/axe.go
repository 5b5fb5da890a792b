// Package browser holds what the browser tests bring along: axe-core, which finds what people with assistive technology cannot use.
//
// It is only for tests, and never part of the program: axe-core is under the Mozilla Public License 2.0, see axe/LICENSE.
package browser

import _ "embed"

// Axe is axe-core's source, to be evaluated in a page.
//
//go:embed axe/axe.min.js
var Axe string
