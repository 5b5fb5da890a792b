// Package sqldbtest gives tests a fresh database of each engine.
//
// A SQLite database is a file in the test's folder. A PostgreSQL database is made on a server that this package starts for the test binary when the first test
// asks: initdb into a temporary folder, a free port on 127.0.0.1, text in binary order, every sync on, as in production. PostgreSQL 15 or later must
// be installed (Debian: apt-get install postgresql); a test that needs it and does not find it fails, so that no engine is skipped unseen.
//
// The server stops when the last test that holds a database has ended, or, with Main, after all tests; Main spares its repeated start:
//
//	func TestMain(m *testing.M) { os.Exit(sqldbtest.Main(m)) }
//
// Two variables of the environment: TWOWEAVE_TEST_POSTGRES is the URL of a server whose user may create databases; then no server is started (the command pgserver
// sets it for a whole `go test`). TWOWEAVE_TEST_PG_FSYNC=off starts servers without syncs, for slow machines; nothing about durability is shown then.
package sqldbtest
