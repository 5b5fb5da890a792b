package notify

import "twoweave/internal/platform/sqldb"

// Migrations are the tables of this package.
//
// try_at is when a waiting message may be tried; a lease is an owner and a try_at that lies ahead. first_at is when it was tried first, or would have
// been had its receiver not been known to fail: from then on its day runs.
var Migrations = []sqldb.Migration{{Name: "notify-1", SQL: `
	CREATE TABLE notify (
		seq        $identity,
		id         TEXT   NOT NULL UNIQUE,
		channel    TEXT   NOT NULL,
		lane       TEXT   NOT NULL,
		recipient  TEXT   NOT NULL,
		lang       TEXT   NOT NULL,
		subject_zh TEXT   NOT NULL,
		subject_en TEXT   NOT NULL,
		body_zh    TEXT   NOT NULL,
		body_en    TEXT   NOT NULL,
		type       TEXT   NOT NULL,
		data       BYTEA  NOT NULL,
		about      TEXT   NOT NULL,
		at         BIGINT NOT NULL,
		not_before BIGINT NOT NULL,
		not_after  BIGINT NOT NULL,
		revision   BIGINT NOT NULL DEFAULT 0,
		status     TEXT   NOT NULL,
		owner      TEXT   NOT NULL DEFAULT '',
		try_at     BIGINT NOT NULL,
		first_at   BIGINT NOT NULL DEFAULT 0,
		attempts   BIGINT NOT NULL DEFAULT 0,
		done_at    BIGINT NOT NULL,
		read_at    BIGINT NOT NULL DEFAULT 0,
		reason_zh  TEXT   NOT NULL DEFAULT '',
		reason_en  TEXT   NOT NULL DEFAULT ''
	);
	CREATE INDEX notify_due ON notify (status, lane, try_at, seq);
	CREATE INDEX notify_done ON notify (status, channel, done_at);
	CREATE INDEX notify_recipient ON notify (recipient, channel, seq);
	CREATE INDEX notify_about ON notify (about, seq);`}}
