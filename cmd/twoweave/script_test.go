package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

// TestMain makes the test binary answer to the name "twoweave" as well, so that scripts run the real program in processes of its own, and keeps
// one PostgreSQL for all of them.
func TestMain(m *testing.M) {
	testscript.Main(withServer{m}, map[string]func(){"twoweave": main})
}

type withServer struct{ m *testing.M }

func (w withServer) Run() int { return sqldbtest.Main(w.m) }

// TestScripts runs every script of test/script on both databases. In a script, $DATABASE is what --database takes; doc.txt beside the scripts
// tells which commands there are besides testscript's own.
func TestScripts(t *testing.T) {
	t.Parallel()
	for engine, fresh := range map[sqldb.Engine]func(testing.TB) string{
		sqldb.SQLite:   func(testing.TB) string { return "sqlite:twoweave.db" }, // in the data folder, as people have it
		sqldb.Postgres: sqldbtest.PostgresURL,
	} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			runScripts(t, string(engine), fresh)
		})
	}
}

func runScripts(t *testing.T, engine string, fresh func(testing.TB) string) {
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "../../test/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Condition:           func(name string) (bool, error) { return name == engine, nil },
		Setup: func(env *testscript.Env) error {
			env.Setenv("DATABASE", fresh(env.T().(testing.TB)))
			env.Setenv("ROOT", root+"/../..")
			s := &session{keys: map[string]string{}}
			env.Values[sessionKey{}] = s
			env.Defer(s.kill)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": cmdServe, "stop": cmdStop, "crash": cmdCrash, "reload": cmdReload, "logged": cmdLogged,
			"account": cmdAccount, "as": cmdAs, "http": cmdHTTP, "do": cmdDo, "json": cmdJSON, "save": cmdSave, "await": cmdAwait,
			"nowhere": cmdNowhere, "audited": cmdAudited,
		},
	})
}
