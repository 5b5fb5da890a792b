package access

// ReadAudit is to search the audit, take it away as a table, and verify its chain.
const ReadAudit Action = "audit.read"

// ManyLooks is no row: the program flags with it that one account has looked at very many persons in a short time.
const ManyLooks Action = "personal.alarm"

// IdleLook is no row either: it flags a look at personal values beside any task.
const IdleLook Action = "personal.idle"

// Flags are the actions of rows that flag what was allowed.
var Flags = []Action{ManyLooks, IdleLook}

// Idle is the row beside that of an allowed look which belonged to no task.
func (a Audit) Idle(why string) Audit {
	a.Action, a.Decision.Reason = IdleLook, why
	return a
}

// auditing are the rows about the audit. Whoever reads it stands on it as well.
var auditing = []row{
	{Admin, ReadAudit, []Purpose{Supervision}, nil},
}
