// Package schema checks JSON values against JSON Schema 2020-12.
//
// A schema is compiled once, when content is loaded, and then asked of every value that comes from outside. A schema must stand for itself:
// references to files, to the network or to other documents are errors of the schema. "format" is checked, not only noted.
//
// What it promises:
//
//   - Everything wrong with a value is reported at once, each with its place as a JSON Pointer and a sentence that says what is allowed there.
//     Sentences never repeat the value, which may be personal.
//   - Numbers keep every digit: they are compared as exact decimals, never as floats.
//   - Size, depth and the length of numbers are limited, so that a small text cannot cost much. A name that comes twice in an object is an error:
//     readers would disagree about which one counts.
//   - Schemas never change after Compile and may be shared between goroutines. No input makes it panic.
//
// It knows nothing of rules; [Schema.Fields] names the scalars of a schema in a form that rules can be given.
package schema
