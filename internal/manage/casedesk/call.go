package casedesk

import (
	"fmt"
	"strings"

	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/sqldb"
)

// calls has people called when a case's limit has passed or it was urged, and withdraws the calls once its clock no longer runs.
func (d *Desk) calls(tx *sqldb.Tx, done decided) error {
	if d.Roster == nil {
		return nil
	}
	fact, c := &done.result.Facts[0], &done.after
	switch {
	case fact.Kind == casework.FactEscalated:
		return d.Roster.Call(tx, callID(c, "late", c.DueAt.UnixMicro()), c, lang.Text{
			ZH: fmt.Sprintf("案件 %s“%s”已超过处置时限", c.Number, c.Title.ZH), EN: fmt.Sprintf("Case %s (%s) is past its limit", c.Number, c.Title.EN),
		})
	case fact.Kind == casework.FactUrged && c.Unit != "":
		return d.Roster.Call(tx, callID(c, "urged", fact.Version), c, lang.Text{
			ZH: fmt.Sprintf("督办案件 %s“%s”：%s", c.Number, c.Title.ZH, fact.Note), EN: fmt.Sprintf("Case %s (%s) is urged: %s", c.Number, c.Title.EN, fact.Note),
		})
	case done.before.Escalated && !done.before.DueAt.IsZero() && (!c.Escalated || c.DueAt.IsZero()):
		return d.Roster.Withdraw(tx, callID(c, "late", done.before.DueAt.UnixMicro()), lang.Text{
			ZH: fmt.Sprintf("案件 %s 的时限不再计时", c.Number), EN: fmt.Sprintf("the limit of case %s no longer runs: it is %s", c.Number, c.State),
		})
	}
	return nil
}

// callID names one call about a case: the same limit calls once.
func callID(c *casework.Case, why string, n int64) string {
	return strings.Join([]string{"case", string(c.ID), why, fmt.Sprint(n)}, ".")
}
