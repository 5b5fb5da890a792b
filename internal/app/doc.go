// Package app is the composition root: it makes one program of all the parts.
//
// The program is a value. New checks a configuration; Start opens everything in order and binds every listener before the first part runs;
// Stop undoes it last in, first out; Reload reads packs anew and either puts all of them in force or changes nothing. Nothing here decides
// anything about events or cases: this package only says which part is handed to which.
package app
