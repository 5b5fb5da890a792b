// Package crash proves the promises of the whole program at its hardest moments: with its real binary, from outside, as a sender or an officer sees it.
//
//   - Killed at random (kill -9) under load, on both databases: nothing acknowledged is lost or doubled, the accounting adds up,
//     and the audit's chain is whole.
//   - Its power cut, on a model of a disk that keeps only what was synced: nothing acknowledged is lost; and under strace, no acknowledgement
//     leaves before a sync that covers it.
//   - An owner of partitions stopped (SIGSTOP) and woken again after another took over: it writes nothing any more.
//   - A reading over a threshold, sent with mosquitto_pub: one case within a second, also when fifty send it at once and again after a restart.
//
// The client's log is in the test's own process: what was sent, and what was acknowledged. Seeds are printed; TWOWEAVE_CRASH_SEED sets one.
// The tests run short by default; TWOWEAVE_SLOW=1 runs them in full. strace, mosquitto_pub and PostgreSQL must be installed
// (Debian: apt-get install strace mosquitto-clients postgresql); a test that misses one fails.
package crash
