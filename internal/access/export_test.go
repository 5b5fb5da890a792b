package access

// Row is one line of the table, for the tests that change it.
type Row = row

// Condition narrows a row to some things.
type Condition = condition

// Table is the table.
var Table = table

// DecideBy answers from another table.
var DecideBy = decide

func (r Row) Is() (Role, Action, []Purpose, *Condition) { return r.role, r.action, r.purposes, r.only }

// With is the row with another condition, For the row for other purposes.
func (r Row) With(c *Condition) Row { r.only = c; return r }
func (r Row) For(all []Purpose) Row { r.purposes = all; return r }
func (r Row) Name() string          { return r.name() }
func (c *Condition) Holds(r Request) bool {
	if c == nil {
		return true
	}
	ok, _ := c.holds(r)
	return ok
}
