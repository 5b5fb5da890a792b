// Package attack measures how a program holds that is attacked: the real binary, with the database and the log that it brings along, serves people and devices
// at a modest constant rate while others do their worst, each attack by itself and then all at once.
//
// What is measured of the good requests is counted from the moment at which each was due, so that a server that stands still is not flattered. Attackers run on the
// same machine and take their part of its processors; each is paced, and its pace is said with what it got. The program's memory is the peak of its resident set
// during each attack.
//
// After each attack that lies about events, what true devices said must have led to exactly the cases that it had to lead to.
//
// The test runs with TWOWEAVE_SLOW; -attack 30s sets how long each attack lasts (1.5 s otherwise). The short form has too few requests for a figure of one in a
// hundred: it sees that nothing fails, nothing true is lost and memory stays bounded, and that nobody waits for seconds.
package attack
