// Package synctrace proves what a program has made durable, and shows what a power cut would have left.
//
// Killing a process proves nothing about durability, because the page cache survives it. This package runs a program under strace, reads
// the trace, and replays its file operations on a model of a disk that keeps only what was synced. Two questions are answered for any moment of the trace:
//
//   - Disk.Uncovered: which bytes and names had been written, but not yet covered by a sync that began after the write ended?
//     A test asks it at the moment an acknowledgement left the process. Disk.Holds asks the same for one request among many.
//   - Disk.Rebuild: what would a restart find after a power cut at that moment? Everything synced is there; of everything
//     else a seeded choice is there whole, torn, as zeros, or not at all. A test opens the real store on that folder.
//
// The model is stricter than the usual file systems and as strict as POSIX: syncing a file does not make its name durable, only syncing the
// folder does; unsynced writes of one file may survive in any combination; sync_file_range covers nothing. Names within one
// folder survive in the order they were made, as every journalling file system keeps them.
//
// Limits. The folder that is watched must be empty or absent when the trace starts, and named by an absolute path without symbolic links. Writes through shared
// memory maps do not show in a trace: SQLite's "-shm" file is one, which is rebuilt from the WAL and need not survive. Of several traced
// processes, two must not hold the same file open for plain write(2).
//
// It is for tests only; nothing in the program imports it.
package synctrace
