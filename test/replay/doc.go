// Package replay holds the tests of replayed files: what `twoweave replay` reports of a file is recomputed from the file itself by short awk
// scripts that share nothing with the program, and must agree to the last row, reason and episode; and a file replayed twice, on either
// database, gives the same detections byte for byte.
//
// The public files are read from ../shared/data beside the repository. Where they are absent the tests say so and replay files that they
// make themselves; such files, with everything in them that can be wrong with a row, are replayed in any case. Whole years wait for
// TWOWEAVE_SLOW=1.
package replay
