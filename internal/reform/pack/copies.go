package pack

import (
	"slices"

	"twoweave/internal/manage/event"
	"twoweave/internal/rule"
)

// CopyParts are the partitions that get a keyed copy of an event, each once, in the order of CopyKeys. row is one of the type's, overwritten. An event
// that cannot be read has none; detection says so of the event itself.
func (t *Type) CopyParts(e *event.Event, row *rule.Row) []int {
	if !t.Copied() || t.Fill(e, row) != nil {
		return nil
	}
	var parts []int
	for _, key := range t.CopyKeys(e, row) {
		if part := event.PartitionOf(key); !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return parts
}
