// Package sqldb is the program's one way to a relational database: SQLite inside the process, or a PostgreSQL server.
//
// # One text, two engines
//
// The same SQL runs on both. Placeholders are $1, $2, …; inserts that may meet an existing row use ON CONFLICT … RETURNING; UPDATE … FROM, window
// functions and keyset paging are at hand. Column types are BIGINT, TEXT, BYTEA, BOOLEAN and DOUBLE PRECISION, and in a migration $identity for a key
// that the database counts up. Times are BIGINT microseconds (see Micros). Text sorts by its bytes. An empty BYTEA may come back as nil, and a
// nil one is NULL. Do without :: casts, ILIKE, = ANY, now(), and JSON operators: what is queried is a column.
//
// # What a transaction promises
//
// Update runs a function in a serialisable transaction: its effect is as if no other ran at the same time, and when Update returns nil, a power cut
// does not undo it (SyncMode says on what that rests). An error, a panic or a cancelled context leaves nothing behind. The function may run more
// than once, since engines refuse transactions that would disturb each other; so it does nothing outside its Tx that it cannot do twice, and
// it assigns to captured variables instead of adding to them. After a statement has failed, the transaction is lost on both engines: later
// statements return the same error, and so does Update.
//
// On SQLite there is one writer. It takes all Updates that wait, runs each inside a savepoint of one transaction, and commits once, so that they share
// the price of the sync to disk (group commit). A function that fails takes back only its own savepoint. All others wait while a function
// runs: it computes, and calls nobody outside. What is done in the Background gives way to the rest. On PostgreSQL each Update is a transaction of its own at level SERIALIZABLE, and is tried again when
// the server reports a conflict.
//
// View runs a function on one unchanging snapshot; it refuses to write.
//
// # What it never does
//
// It holds no business rules, knows no tables but its own list of migrations, and never starts an Update inside an Update.
package sqldb
