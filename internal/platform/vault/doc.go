// Package vault keeps what identifies people encrypted, each person under a key of their own, so that a person can be forgotten without
// rewriting history.
//
// # How it works
//
// Records hold no names and numbers: they hold a PersonID and sealed values ("tink1:…"). The person's key is made with the person, stored in
// the table person, and itself encrypted ("wrapped") under the master key. The master key is a file outside the database; a copy of the
// database alone opens nothing. Ciphers are Google Tink's AES-256-GCM, and every stored value names the format it is in, so that a later
// one can be told from it. A sealed value is bound to its person and field: moved to another person or field it does not open, and neither does
// a changed one.
//
// A person is found again by an identifying value (an identity number, a phone number) through a keyed hash of it, which is all that is
// stored. Values are compared after trimming and after turning full-width characters into ASCII ones; anything else that makes two
// writings equal, letter case for example, is the caller's to settle first.
//
// # Rotation
//
// The wrapping key has versions. A row of person names the version that it is under, and a version that a row names is not destroyed.
// Rotation makes a new version, has new persons wrapped under it from one transaction on, wraps the others anew a hundred at a time, and can be broken off
// anywhere: the next call goes on. Sealed values are not touched. The finding key has no versions: hashes are all that is kept of the identifying values, so
// they cannot be computed anew under another key.
//
// # What it promises
//
// Forget destroys the person's key and the hash in the caller's transaction. Once that has committed, no value of that person opens again, in
// no copy of the record, event or log line; the row stays, so that references stay whole. The same human being, met again, is a new
// person that shares nothing with the old one.
//
// # What it cannot promise
//
// A backup of the database holds the keys of its day together with the values; so backups must be kept no longer than the law allows, and the
// master key must be kept apart from them. A database engine may leave the bytes of a deleted key in its files for a while (until SQLite
// reuses the page or checkpoints its log, until PostgreSQL vacuums). Whoever holds the master key file and the database reads everything:
// put the file on another disk than the database, readable by this program's user only; the program refuses a file that others may read. A lost
// master key is lost data: keep a copy in a safe.
//
// The vault never writes a plain value to a log, an error or a table.
package vault
