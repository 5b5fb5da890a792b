package access

// ReadAudit is to search the audit, take it away as a table, and verify its chain.
const ReadAudit Action = "audit.read"

// ManyLooks is no row: the program flags with it that one account has looked at very many persons in a short time.
const ManyLooks Action = "personal.alarm"

// auditing are the rows about the audit. Whoever reads it stands on it as well.
var auditing = []row{
	{Admin, ReadAudit, []Purpose{Supervision}, nil},
}
