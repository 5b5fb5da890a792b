package manage

import (
	"database/sql"
	"slices"
	"strings"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/platform/sqldb"
)

var sessionTables = []sqldb.Migration{{Name: "manage-session-1", SQL: `
CREATE TABLE session (
	token_hash TEXT   NOT NULL PRIMARY KEY, -- SHA-256 of the token; tokens are random, so that no salt is needed
	account    TEXT   NOT NULL,
	begun_at   BIGINT NOT NULL,
	seen_at    BIGINT NOT NULL
);
CREATE INDEX session_begun ON session (begun_at);`}, {Name: "manage-session-2", SQL: `
ALTER TABLE session ADD COLUMN rights TEXT NOT NULL DEFAULT ''; -- digest of the roles and the unit that the account had
ALTER TABLE session ADD COLUMN address TEXT NOT NULL DEFAULT '';
CREATE INDEX session_by_account ON session (account);`}}

const (
	// SessionLife is how long a session lasts at most: one shift with its hand-over.
	SessionLife = 12 * time.Hour
	// SessionIdle is how long it lasts when nobody asks anything: half a shift, for who works in the street with the phone in the pocket. Pages that show something
	// live ask by themselves.
	SessionIdle = 4 * time.Hour

	seenEvery = time.Minute // a session is written at most so often
)

// Session is one that is not over, as its person sees it.
type Session struct {
	Begun, Seen time.Time
	Address     string
	Own         bool // the one that asks
}

// rights is a digest of what an account may do: a session does not outlive a change of it.
func rights(roles []access.Role, unit string) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	slices.Sort(names)
	return ident.Derive("rights", unit, strings.Join(names, ","))
}

// BeginSession begins a session of an account, from a network address, and returns its token, which is kept only as a digest. Sessions that are over are removed.
func (Store) BeginSession(tx *sqldb.Tx, who access.Actor, address string, now time.Time) (token string, err error) {
	const op = "records.BeginSession"
	if _, err := tx.Exec(`DELETE FROM session WHERE begun_at <= $1 OR seen_at <= $2`, sqldb.Micros(now.Add(-SessionLife)), sqldb.Micros(now.Add(-SessionIdle))); err != nil {
		return "", fault.Wrap(op, err)
	}
	token = newKey()
	_, err = tx.Exec(`INSERT INTO session (token_hash, account, begun_at, seen_at, rights, address) VALUES ($1, $2, $3, $3, $4, $5)`, hashKey(token), who.ID, sqldb.Micros(now), rights(who.Roles, who.Unit), address)
	return token, fault.Wrap(op, err)
}

// SessionAccount is the account whose session a token is, and whether SeeSession is due. A token that is not known, a session that is over and an account that was
// disabled, or whose rights have changed since, are the same Unauthenticated fault.
func (Store) SessionAccount(tx *sqldb.Tx, token string, now time.Time) (a Account, due bool, err error) {
	const op = "records.SessionAccount"
	var seen int64
	var had string
	err = tx.QueryRow(`SELECT seen_at, rights FROM session WHERE token_hash = $1 AND begun_at > $2 AND seen_at > $3`,
		hashKey(token), sqldb.Micros(now.Add(-SessionLife)), sqldb.Micros(now.Add(-SessionIdle))).Scan(&seen, &had)
	if err == nil {
		a, err = scanAccount(tx.QueryRow(`SELECT `+accountColumns+` FROM account WHERE id = (SELECT account FROM session WHERE token_hash = $1) AND disabled_at = 0`, hashKey(token)))
	}
	if sqldb.NotFound(err) || err == nil && rights(a.Roles, string(a.Unit)) != had {
		return Account{}, false, fault.New(fault.Unauthenticated, op, "this session is over")
	}
	return a, now.Sub(sqldb.FromMicros(seen)) >= seenEvery, fault.Wrap(op, err)
}

// SeeSession notes that somebody asked in a session.
func (Store) SeeSession(tx *sqldb.Tx, token string, now time.Time) error {
	_, err := tx.Exec(`UPDATE session SET seen_at = $2 WHERE token_hash = $1 AND seen_at < $2`, hashKey(token), sqldb.Micros(now))
	return fault.Wrap("records.SeeSession", err)
}

// EndSession ends a session and says whose it was; empty when there was none.
func (Store) EndSession(tx *sqldb.Tx, token string) (account string, err error) {
	const op = "records.EndSession"
	err = tx.QueryRow(`SELECT account FROM session WHERE token_hash = $1`, hashKey(token)).Scan(&account)
	if sqldb.NotFound(err) {
		return "", nil
	}
	if err == nil {
		_, err = tx.Exec(`DELETE FROM session WHERE token_hash = $1`, hashKey(token))
	}
	return account, fault.Wrap(op, err)
}

// Sessions are those of an account that are not over, the latest first; token is that of the one that asks.
func (Store) Sessions(tx *sqldb.Tx, account, token string, now time.Time) ([]Session, error) {
	own := hashKey(token)
	all, err := collect(tx, func(r *sql.Rows) (s Session, err error) {
		var hash string
		var begun, seen int64
		err = r.Scan(&hash, &begun, &seen, &s.Address)
		s.Begun, s.Seen, s.Own = sqldb.FromMicros(begun), sqldb.FromMicros(seen), hash == own
		return s, err
	}, `SELECT token_hash, begun_at, seen_at, address FROM session WHERE account = $1 AND begun_at > $2 AND seen_at > $3 ORDER BY begun_at DESC, token_hash`,
		account, sqldb.Micros(now.Add(-SessionLife)), sqldb.Micros(now.Add(-SessionIdle)))
	return all, fault.Wrap("records.Sessions", err)
}

// EndSessions ends all sessions of an account.
func (Store) EndSessions(tx *sqldb.Tx, account string) error {
	_, err := tx.Exec(`DELETE FROM session WHERE account = $1`, account)
	return fault.Wrap("records.EndSessions", err)
}
