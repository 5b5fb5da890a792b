package notify

import (
	"database/sql"
	"fmt"
	"strings"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/sqldb"
)

// Entry is a message and what has become of it.
type Entry struct {
	Message            // masked, without Subject, Body and Data, unless asked for plainly
	Status   Status    // what has become of it
	Attempts int64     // tries that failed, since it was put or resent
	Next     time.Time // of a waiting one: when it may be tried next; the zero time is at once
	Done     time.Time // when it was sent, died or was cancelled
	Read     time.Time // of an in-app one
	Reason   lang.Text // why it died, or why the last try failed
}

// Cursor is a place in a list; empty is the beginning, and after the last page.
type Cursor int64

// Filter says which messages to find. Zero fields allow all.
type Filter struct {
	Status  Status
	Channel Channel
	To      string // the recipient, exactly as it was put
	About   string
	After   Cursor // where the page before ended
	Limit   int    // at most 500; 0 is 50
	Plain   bool   // addresses and texts in full, for a caller that has asked access
}

// Page is a part of a list, newest first.
type Page struct {
	Entries []Entry
	Next    Cursor // 0: this was the last page
}

const (
	usualPage = 50
	maxPage   = 500
)

// columns are what scanEntry reads.
const columns = `seq, id, channel, recipient, lang, subject_zh, subject_en, body_zh, body_en, type, data, about, at, not_before, not_after, revision,
	status, attempts, try_at, done_at, read_at, reason_zh, reason_en`

// Find lists messages, the one put last first.
func Find(tx *sqldb.Tx, f Filter) (Page, error) {
	w := where{}
	w.equal("status", string(f.Status))
	w.equal("channel", string(f.Channel))
	w.equal("recipient", f.To)
	w.equal("about", f.About)
	p, err := find(tx, &w, f.After, f.Limit)
	if !f.Plain {
		for i := range p.Entries {
			p.Entries[i].hide()
		}
	}
	return p, fault.Wrap("notify.Find", err)
}

// Get is one message in full: its caller has asked access. One that is not there, or not any more, is a NotFound fault.
func Get(tx *sqldb.Tx, id ID) (Entry, error) {
	w := where{}
	w.equal("id", string(id))
	p, err := find(tx, &w, 0, 1)
	if err == nil && len(p.Entries) == 0 {
		err = notFound(id)
	}
	if err != nil {
		return Entry{}, fault.Wrap("notify.Get", err)
	}
	return p.Entries[0], nil
}

func notFound(id ID) error {
	return fault.New(fault.NotFound, "", "there is no message %q; messages are removed some time after they were sent", id)
}

// hide leaves of an entry what a list may show.
func (e *Entry) hide() {
	e.To = Mask(e.Channel, e.To)
	e.Subject, e.Body, e.Data = lang.Text{}, lang.Text{}, nil
}

// where is a condition that grows.
type where struct {
	terms []string
	args  []any
}

func (w *where) equal(column, value string) {
	if value != "" {
		w.add(column+" = $%d", value)
	}
}

// add adds a condition on one argument, whose number stands for %d.
func (w *where) add(condition string, arg any) {
	w.args = append(w.args, arg)
	w.terms = append(w.terms, fmt.Sprintf(condition, len(w.args)))
}

func (w *where) String() string {
	if len(w.terms) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.terms, " AND ")
}

func find(tx *sqldb.Tx, w *where, after Cursor, limit int) (p Page, err error) {
	if limit <= 0 {
		limit = usualPage
	}
	limit = min(limit, maxPage)
	if after > 0 {
		w.add("seq < $%d", int64(after))
	}
	args := append(w.args, limit+1) // one more tells whether there is a next page
	rows, err := tx.Query(fmt.Sprintf(`SELECT %s FROM notify%s ORDER BY seq DESC LIMIT $%d`, columns, w, len(args)), args...)
	if err != nil {
		return p, err
	}
	defer rows.Close()
	for rows.Next() {
		seq, e, err := scanEntry(rows)
		if err != nil {
			return p, err
		}
		if len(p.Entries) == limit {
			return p, nil
		}
		p.Entries, p.Next = append(p.Entries, e), Cursor(seq)
	}
	p.Next = 0
	return p, rows.Err()
}

// scanEntry reads columns, and into more what follows them.
func scanEntry(rows *sql.Rows, more ...any) (seq int64, e Entry, err error) {
	var at, before, after, next, done, read int64
	var data []byte
	err = rows.Scan(append([]any{&seq, &e.ID, &e.Channel, &e.To, &e.Lang, &e.Subject.ZH, &e.Subject.EN, &e.Body.ZH, &e.Body.EN, &e.Type, &data, &e.About, &at, &before, &after,
		&e.Revision, &e.Status, &e.Attempts, &next, &done, &read, &e.Reason.ZH, &e.Reason.EN}, more...)...)
	if len(data) > 0 {
		e.Data = data
	}
	e.At, e.NotBefore, e.NotAfter = sqldb.FromMicros(at), sqldb.FromMicros(before), sqldb.FromMicros(after)
	e.Done, e.Read = sqldb.FromMicros(done), sqldb.FromMicros(read)
	if e.Status == Waiting {
		e.Next = sqldb.FromMicros(next)
	}
	return seq, e, err
}

// Count is how many messages of a channel are in a state.
type Count struct {
	Channel Channel
	Status  Status
	N       int64
	Oldest  time.Time // when the oldest of them came about
}

// Counts are the numbers of messages by channel and state; combinations without any are left out.
func Counts(tx *sqldb.Tx) (all []Count, err error) {
	rows, err := tx.Query(`SELECT channel, status, COUNT(*), MIN(at) FROM notify GROUP BY channel, status ORDER BY channel, status`)
	if err != nil {
		return nil, fault.Wrap("notify.Counts", err)
	}
	defer rows.Close()
	for rows.Next() {
		var c Count
		var oldest int64
		if err := rows.Scan(&c.Channel, &c.Status, &c.N, &oldest); err != nil {
			return nil, fault.Wrap("notify.Counts", err)
		}
		c.Oldest = sqldb.FromMicros(oldest)
		all = append(all, c)
	}
	return all, fault.Wrap("notify.Counts", rows.Err())
}

// Sum is how many messages to one recipient are in a state.
type Sum struct {
	Status Status
	N      int64
	Oldest time.Time // when the oldest of them came about
	Latest time.Time // when the last of them was sent, died or was cancelled
}

// CountsTo are the numbers of messages to a recipient by state; states without any are left out.
func CountsTo(tx *sqldb.Tx, c Channel, to string) (all []Sum, err error) {
	const op = "notify.CountsTo"
	rows, err := tx.Query(`SELECT status, COUNT(*), MIN(at), MAX(done_at) FROM notify WHERE recipient = $1 AND channel = $2 GROUP BY status ORDER BY status`, to, string(c))
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	defer rows.Close()
	for rows.Next() {
		var s Sum
		var oldest, latest int64
		if err := rows.Scan(&s.Status, &s.N, &oldest, &latest); err != nil {
			return nil, fault.Wrap(op, err)
		}
		s.Oldest, s.Latest = sqldb.FromMicros(oldest), sqldb.FromMicros(latest)
		all = append(all, s)
	}
	return all, fault.Wrap(op, rows.Err())
}
