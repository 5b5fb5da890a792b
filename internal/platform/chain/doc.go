// Package chain makes a record that cannot be changed without a trace of a table that is only added to: the audit.
//
// # How it works
//
// Commands write their rows as ever, each in its own transaction; such a row has position 0, "not linked yet". One Linker an installation (a lease says which
// program's) finds rows that are committed and gives each the next position, the time, and a hash over the hash before and the row's canonical bytes.
// So commands do not wait for one another, and the order of positions is the order in which the linker saw them committed. A row that was changed,
// removed, moved or put in between no longer fits with the hash of its position, and neither does anything after it.
//
// Whoever holds the database and the program's key can compute the whole chain anew. So the Linker signs the end of the chain, a Head, every so many rows or
// minutes, and hands it to Options.Tell, which sends it to a witness outside. A chain that was computed anew, cut, or taken from a backup disagrees
// with the heads that the witness holds. Verify checks all of that.
//
// # What it promises and what not
//
// What happened up to the last head that reached the witness cannot be changed without Verify finding it. What came after can be: by whoever holds the machine,
// until the next head has left. Rows are found by their columns; a Table names them, and every one goes into the hash.
//
// It never decides what is written on the audit, nor how a head travels.
package chain
