package chain

import "time"

// checkHeads checks the heads that the database keeps.
func (v *verification) checkHeads() {
	v.Report.Trusted = v.Check.Trusted
	if v.Report.Trusted == "" && len(v.heads) > 0 {
		v.Report.Trusted = v.heads[0].Key
	}
	before := Head{}
	for _, h := range v.heads {
		if !v.head("the database's", h) {
			return
		}
		switch {
		case h.Number != before.Number+1:
			v.wrong(0, "the database's head %d follows head %d: heads were removed or put in", h.Number, before.Number)
			return
		case h.Position < before.Position:
			v.wrong(h.Position, "the database's head %d is before head %d: the chain went back", h.Number, before.Number)
			return
		case h.At.Before(before.At.Add(-clockSlack)):
			v.wrong(h.Position, "the clock was set back: head %d was signed at %s, the head before it at %s", h.Number, h.At.Format(time.RFC3339), before.At.Format(time.RFC3339))
			return
		}
		before = h
	}
}

// head checks one head by itself, and keeps it for when its position is reached.
func (v *verification) head(from string, h Head) bool {
	switch {
	case !h.genuine(v.Suite):
		v.wrong(h.Position, "%s head %d does not fit its signature: it was changed", from, h.Number)
	case h.Key != v.Report.Trusted:
		v.wrong(h.Position, "%s head %d is signed with another key than the installation's", from, h.Number)
	case h.Installation != v.Installation:
		v.wrong(h.Position, "%s head %d is of another installation (%s)", from, h.Number, h.Installation)
	case h.Position < 1:
		v.wrong(h.Position, "%s head %d is at no position", from, h.Number)
	case h.Position > v.Position:
		v.wrong(h.Position, "%s head %d is after the end of the chain at %d: rows were cut off, or an older copy of the database was put back", from, h.Number, v.Position)
	default:
		v.byPlace[h.Position] = append(v.byPlace[h.Position], signed{h, from})
		return true
	}
	return false
}

// checkAgainst checks the witness's heads. Any of them that the database does not have in the same words is a finding, and so is a number that
// came with two contents. That some are missing is none: the witness may have been away.
func (v *verification) checkAgainst() {
	v.Report.Against = len(v.Check.Against)
	if v.Report.Trusted == "" && len(v.Check.Against) > 0 {
		v.Report.Trusted = v.Check.Against[0].Key
	}
	kept := map[int64]Head{}
	for _, h := range v.heads {
		kept[h.Number] = h
	}
	for _, h := range v.Check.Against {
		if !v.head("the witness's", h) {
			return
		}
		mine, ok := kept[h.Number]
		switch {
		case !ok:
			v.wrong(h.Position, "the witness has head %d, the database has not: an older copy was put back, or heads were removed", h.Number)
			return
		case mine.Hash != h.Hash || mine.Position != h.Position || !mine.At.Equal(h.At) || mine.Installation != h.Installation || mine.Signature != h.Signature:
			v.wrong(h.Position, "the witness's head %d is not the one in the database: the chain was computed and signed anew", h.Number)
			return
		}
		v.Covered = max(v.Covered, h.Position)
	}
}
