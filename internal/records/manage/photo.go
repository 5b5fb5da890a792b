package manage

import (
	"database/sql"

	"twoweave/internal/base/fault"
	"twoweave/internal/base/geo"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/sqldb"
)

// The pixels are in the file store, under their hash.
var photoTables = []sqldb.Migration{{Name: "manage-photo-1", SQL: `
CREATE TABLE case_photo (
	case_id  TEXT   NOT NULL,
	hash     TEXT   NOT NULL,
	kind     TEXT   NOT NULL,
	at       BIGINT NOT NULL,
	taken_at BIGINT NOT NULL, -- as the device says
	by_id    TEXT   NOT NULL,
	by_name  TEXT   NOT NULL,
	lon      DOUBLE PRECISION,
	lat      DOUBLE PRECISION,
	accuracy DOUBLE PRECISION NOT NULL,
	width    BIGINT NOT NULL,
	height   BIGINT NOT NULL,
	bytes    BIGINT NOT NULL,
	PRIMARY KEY (case_id, hash)
);`}}

const photoColumns = `case_id, hash, kind, at, taken_at, by_id, by_name, lon, lat, accuracy, width, height, bytes`

// KeepPhoto keeps a photo that the case does not have yet.
func (s Store) KeepPhoto(tx *sqldb.Tx, p casedesk.Photo) (casedesk.Photo, error) {
	var lon, lat sql.NullFloat64
	if p.Point != nil {
		lon, lat = sql.NullFloat64{Float64: p.Point.Lon, Valid: true}, sql.NullFloat64{Float64: p.Point.Lat, Valid: true}
	}
	_, err := tx.Exec(`INSERT INTO case_photo (`+photoColumns+`) VALUES (`+placeholders(1, 13)+`) ON CONFLICT (case_id, hash) DO NOTHING`,
		string(p.Case), p.Hash, string(p.Kind), sqldb.Micros(p.At), sqldb.Micros(p.TakenAt), p.By, p.ByName, lon, lat, p.Accuracy, p.Width, p.Height, p.Bytes)
	if err != nil {
		return casedesk.Photo{}, fault.Wrap("records.KeepPhoto", err)
	}
	return s.Photo(tx, p.Case, p.Hash)
}

// Photo is the photo of a case with the hash.
func (Store) Photo(tx *sqldb.Tx, id casework.ID, hash string) (casedesk.Photo, error) {
	p, err := scanPhoto(tx.QueryRow(`SELECT `+photoColumns+` FROM case_photo WHERE case_id = $1 AND hash = $2`, string(id), hash))
	return p, missing("records.Photo", err, "photo", hash)
}

// FindPhotos is a case's photos, the first that came first.
func (Store) FindPhotos(tx *sqldb.Tx, id casework.ID) ([]casedesk.Photo, error) {
	found, err := collect(tx, func(r *sql.Rows) (casedesk.Photo, error) { return scanPhoto(r) },
		`SELECT `+photoColumns+` FROM case_photo WHERE case_id = $1 ORDER BY at, hash`, string(id))
	return found, fault.Wrap("records.FindPhotos", err)
}

func scanPhoto(row scanner) (casedesk.Photo, error) {
	var p casedesk.Photo
	var at, taken int64
	var lon, lat sql.NullFloat64
	err := row.Scan(&p.Case, &p.Hash, &p.Kind, &at, &taken, &p.By, &p.ByName, &lon, &lat, &p.Accuracy, &p.Width, &p.Height, &p.Bytes)
	p.At, p.TakenAt = sqldb.FromMicros(at), sqldb.FromMicros(taken)
	if lon.Valid && lat.Valid {
		p.Point = &geo.Point{Lon: lon.Float64, Lat: lat.Float64}
	}
	return p, err
}
