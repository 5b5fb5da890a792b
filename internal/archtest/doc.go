// Package archtest holds the house rules that a compiler does not know, and a test that fails when the tree breaks one.
//
// The rules are: who may import whom (the levels of the table in table.go; a package at one level imports lower levels, and its own
// level only along the listed edges); which third-party libraries a package may use; that every package says in a comment what it is for; that
// no package is a drawer for odds and ends; that time comes from a clock that is passed in; and that no test is skipped in silence.
//
// Tests (_test.go files) may import what their package may, anything up to the platform level, and any library; packages whose name ends in
// "test" are for them alone. The command line and whole-program tests may import everything.
//
// Check works on a folder of Go files and needs no compiler, so the rules themselves are tested on small trees made for the purpose. When it
// names a package that stands in no level, the answer is a line in table.go, with thought.
package archtest
