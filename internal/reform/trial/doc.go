// Package trial proves packs: it runs their tests on detection's own code, and shows that the tests would notice a shifted threshold.
//
// Run plays each script of a pack: virtual time, events, ticks, and what must come out. Between two steps the ticks of the time between them
// are delivered, one each whole minute and one at the step itself; since detection decides by log time and not by how often it ticks, that
// gives what a tick each second gives. Orders of city states and silences reach every partition; an event reaches its own and, as a keyed copy, those of
// the scenarios that group it by another key. What comes out and was not expected fails a test as much as what was expected and does not.
//
// Mutate is the proof that the scripts are worth something. It shifts every constant of every rule, every duration, every band, one at a time, a
// little up and a little down, and runs the scripts against the shifted content. A shift that no script notices is a survivor: a threshold
// that someone could change by mistake without a test telling them.
//
// Measure gives what an event costs: the CPU time of detection over the scripts' events, decoding included.
//
// The package does no I/O. It never judges whether a threshold is right, only whether the tests hold it.
package trial
