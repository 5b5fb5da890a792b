// Package citydesk is the desk at which the city's own content is changed on a screen: areas, units, grids, classes and their limits, routing, the roster,
// holidays.
//
// # Revisions
//
// Packs say how a city begins; a city then changes every week. Each change is a revision: the entry before, the entry after, who, when and why. It is
// never edited; going back is a revision too. The entries that were changed last make up an amending pack of the name Local (pack.Amend), which is put in
// force together with the packs: by the log, at one position, like any pack. So detection replays with the city as it was, nothing needs a restart, and
// whoever wants to can take what was changed on screens as a pack file.
//
// # Guarantees
//
// A change is tried before it is kept: the whole content is tied together with it, and whatever it would break is told with the field, or with the entry
// that is left behind. Two who change one entry at once do not overwrite each other: a change names the revision it was made from. A change is kept in one
// transaction with its audit fact and its answer; it is put in force right after, and, should the program die in between, at the next start or by Settle.
//
// # What it never does
//
// It does not touch what is under way: a case keeps the limits and the unit with which it was dispatched.
package citydesk
