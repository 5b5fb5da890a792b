// Package backtest looks back: it computes the retained log once more, on detection's own code.
//
// An Explainer tells how a finding came about. It follows the scenario and subject through the log, with the packs, states and silences that were in force
// then, until the finding comes out again, and keeps every look that led to it.
//
// A Trial compares: the same log through the packs in force and through the same packs with one scenario changed or added, and what would have been found
// more, less, or at another time. Keyed copies are made anew from the events, for each side as its packs want them.
//
// Both read the log from its beginning, since only a fold of the log is what was found; what cannot matter any more is skipped, not computed. Nothing is
// written, and nobody's position in the log moves.
package backtest
