// Package trial proves packs: it runs their tests on detection's own code, and shows that the tests would notice a change.
//
// Run plays each script of a pack: virtual time, events, ticks, and what must come out. Between two steps the ticks of the time between them
// are delivered, one each whole minute and one at the step itself; since detection decides by log time and not by how often it ticks, that
// gives what a tick each second gives. Orders of city states and silences reach every partition; an event reaches its own and, as a keyed copy, those of
// the scenarios that group it by another key; what findings raise and quiet is in force at once. What comes out of the scenarios that the script is about, or
// expects anything of, and was not expected fails a test as much as what was expected and does not.
//
// Mutate is the proof that the scripts are worth something. It changes every constant, comparison and logical operator of every rule, and every
// number and duration that decides something, one at a time, and runs the scripts against the changed content. A mutant that no script notices is a
// survivor: a threshold that someone could change by mistake without a test telling them, or a change that makes no difference. What counts for a scenario
// are the scripts about it; nine of ten of its mutants must be caught.
//
// Measure gives what an event costs: the CPU time of detection over the scripts' events, decoding included.
//
// The package does no I/O. It never judges whether a threshold is right, only whether the tests hold it.
package trial
