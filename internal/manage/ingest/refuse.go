package ingest

// Refuse counts an event that a gateway could not even read, so that what is received and what became of it still add up.
func (in *Ingest) Refuse() {
	in.tally.receive(1)
	in.tally.refuse("", Undecodable, false)
}
