package main

import (
	"os"
	"path/filepath"
	"strings"
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

// TestScripts runs every script of test/script on both databases. In a script, $DATABASE is what --database takes, and $OTHER a second one; README.md beside the scripts
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
			env.Setenv("OTHER", fresh(env.T().(testing.TB)))
			env.Setenv("ROOT", root+"/../..")
			s := &session{keys: map[string]string{}}
			env.Values[sessionKey{}] = s
			env.Defer(s.kill)
			return nil
		},
		Cmds: scriptCommands,
	})
}

// scriptCommands are ours. None may have the name of one that testscript brings (TestNoCommandIsHidden): that one would run instead.
var scriptCommands = map[string]func(*testscript.TestScript, bool, []string){
	"serve": cmdServe, "shutdown": cmdShutdown, "crash": cmdCrash, "reload": cmdReload, "logged": cmdLogged,
	"account": cmdAccount, "as": cmdAs, "http": cmdHTTP, "do": cmdDo, "json": cmdJSON, "save": cmdSave, "await": cmdAwait,
	"nowhere": cmdNowhere, "audited": cmdAudited,
}

// A script that calls a command must come to ours; "stop", for one, would end it there and let it pass.
func TestNoCommandIsHidden(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	reached := map[string]bool{}
	commands := map[string]func(*testscript.TestScript, bool, []string){}
	var all strings.Builder
	for name := range scriptCommands {
		commands[name] = func(*testscript.TestScript, bool, []string) { reached[name] = true }
		all.WriteString(name + "\n")
	}
	if err := os.WriteFile(filepath.Join(dir, "all.txtar"), []byte(all.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("script", func(t *testing.T) { testscript.Run(t, testscript.Params{Dir: dir, Cmds: commands}) })
	for name := range scriptCommands {
		if !reached[name] {
			t.Errorf("the command %s is hidden by one of testscript's own", name)
		}
	}
}
