package notify

import (
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/sqldb"
)

// InboxFilter says which part of an inbox to show.
type InboxFilter struct {
	Now    time.Time // what is not to be seen before then, or not after, is left out
	Unread bool      // without those that were read
	After  Cursor
	Limit  int
}

// Inbox lists the in-app messages of an account, in full, the one put last first. Its caller shows it to that account only.
func Inbox(tx *sqldb.Tx, account string, f InboxFilter) (Page, error) {
	w := inbox(account, f.Now, f.Unread)
	p, err := find(tx, w, f.After, f.Limit)
	return p, fault.Wrap("notify.Inbox", err)
}

// Unread is how many messages of an account's inbox were not read.
func Unread(tx *sqldb.Tx, account string, now time.Time) (n int64, err error) {
	w := inbox(account, now, true)
	err = tx.QueryRow(`SELECT COUNT(*) FROM notify`+w.String(), w.args...).Scan(&n)
	return n, fault.Wrap("notify.Unread", err)
}

// MarkRead notes that an account has read messages of its inbox, with the time of the first reading; none named means all that can be seen now. Ids of
// others' messages are passed over. It returns how many became read.
func MarkRead(tx *sqldb.Tx, account string, now time.Time, ids ...ID) (n int64, err error) {
	const op = "notify.MarkRead"
	if len(ids) == 0 {
		return markRead(tx, inbox(account, now, true), now)
	}
	for _, id := range ids {
		w := inbox(account, now, true)
		w.equal("id", string(id))
		one, err := markRead(tx, w, now)
		if err != nil {
			return 0, fault.Wrap(op, err)
		}
		n += one
	}
	return n, nil
}

func markRead(tx *sqldb.Tx, w *where, now time.Time) (int64, error) {
	var at where
	at.args = w.args
	at.add("read_at = $%d", sqldb.Micros(now))
	n, err := tx.Exec(`UPDATE notify SET `+at.terms[0]+w.String(), at.args...)
	return n, fault.Wrap("notify.MarkRead", err)
}

// inbox is the condition for what an account sees at a moment.
func inbox(account string, now time.Time, unread bool) *where {
	w := &where{}
	w.add("recipient = $%d", account)
	w.add("channel = $%d", string(App))
	w.add("status = $%d", string(Sent))
	w.add("not_before <= $%d", sqldb.Micros(now))
	w.add("(not_after = 0 OR not_after > $%d)", sqldb.Micros(now))
	if unread {
		w.add("read_at = $%d", 0)
	}
	return w
}
