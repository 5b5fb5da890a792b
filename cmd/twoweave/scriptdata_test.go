package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/rogpeppe/go-internal/testscript"
)

// nowhere WORD...: the words stand in no file of the data folder, in no row of the database, and in nothing that was logged, in plain, in
// UTF-16, in base64 or in hexadecimal. "! nowhere WORD" says that the search would have found a word that is there.
func cmdNowhere(ts *testscript.TestScript, neg bool, args []string) {
	places := map[string][]byte{"serve.err": []byte(ts.ReadFile("serve.err"))}
	ts.Check(filepath.WalkDir(ts.MkAbs("data"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		body, err := os.ReadFile(path)
		places[path] = body
		return err
	}))
	if url := ts.Getenv("DATABASE"); strings.HasPrefix(url, "postgres") {
		ts.Check(readTables(url, places))
	}
	for _, word := range args {
		if where := find(places, word); (where == "") == neg {
			ts.Fatalf("%q stands in: %s (of %d places)", word, where, len(places))
		}
	}
}

func find(places map[string][]byte, word string) string {
	for place, body := range places {
		for _, form := range forms(word) {
			if bytes.Contains(body, form) {
				return place
			}
		}
	}
	return ""
}

// readTables adds every row of every table, as text.
func readTables(url string, places map[string][]byte) error {
	return withPostgres(url, func(db *sql.DB) error {
		tables, err := texts(db, `SELECT quote_ident(table_name) FROM information_schema.tables WHERE table_schema = 'public'`)
		for _, table := range tables {
			var rows []string
			if rows, err = texts(db, `SELECT t::text FROM `+table+` t`); err != nil {
				return err
			}
			places["table "+table] = []byte(strings.Join(rows, "\n"))
		}
		if len(tables) == 0 && err == nil {
			err = fmt.Errorf("the database has no tables")
		}
		return err
	})
}

func withPostgres(url string, do func(*sql.DB) error) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	return do(db)
}

func texts(db *sql.DB, query string, args ...any) ([]string, error) {
	rows, err := db.QueryContext(context.Background(), query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}

// audited N ACTOR ACTION true|false: the audit has N facts of this. The program must not be running.
func cmdAudited(ts *testscript.TestScript, _ bool, args []string) {
	needs(ts, args, 4, "audited N ACTOR ACTION true|false")
	query := `SELECT thing || ' ' || reason FROM audit WHERE actor = $1 AND action = $2 AND allowed = $3`
	var found []string
	ask := func(db *sql.DB) (err error) {
		found, err = texts(db, query, args[1], args[2], args[3] == "true")
		return err
	}
	url := ts.Getenv("DATABASE")
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(ts.MkAbs("data"), path)+"?mode=ro")
		ts.Check(err)
		defer db.Close()
		ts.Check(ask(db))
	} else {
		ts.Check(withPostgres(url, ask))
	}
	if fmt.Sprint(len(found)) != args[0] {
		ts.Fatalf("the audit has %d facts of %v: %s", len(found), args[1:], strings.Join(found, "; "))
	}
}
