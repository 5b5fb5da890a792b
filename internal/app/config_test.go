package app

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"twoweave/internal/base/fault"
)

func TestDefaultsAreGood(t *testing.T) {
	t.Parallel()
	c := DefaultConfig()
	if err := c.Check(); err != nil {
		t.Error(fault.Problems(err))
	}
}

// A setting has one name, which the command line, the file and the reference know alike.
func TestEverySettingIsKnownEverywhere(t *testing.T) {
	t.Parallel()
	samples := map[string]string{"listen": "127.0.0.1:1", "mqtt": "off", "data": "d", "database": "sqlite:x.db", "nats": "nats://h:1", "blobs": "b", "keys": "k",
		"packs": "p,q", "topics": "city/{type}", "snapshot": "7s", "log": "error"}
	for _, s := range Settings {
		sample, known := samples[s.Name]
		if !known || sample == s.Default {
			t.Errorf("this test has no value for %s that is not its default", s.Name)
			continue
		}
		flagged := DefaultConfig()
		if !flagged.Set(s.Name, sample) {
			t.Errorf("%s cannot be set", s.Name)
		}
		line := s.Name + ": " + `"` + sample + `"`
		if s.Name == "packs" || s.Name == "topics" {
			line = s.Name + `: ["` + strings.ReplaceAll(sample, ",", `", "`) + `"]`
		}
		path := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(path, []byte(line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		filed, err := ReadConfig(path)
		if err != nil {
			t.Errorf("%s in a file: %v", s.Name, fault.Problems(err))
		}
		if reflect.DeepEqual(flagged, DefaultConfig()) || !reflect.DeepEqual(flagged, filed) {
			t.Errorf("%s: the flag gives %+v, the file %+v", s.Name, flagged, filed)
		}
	}
	if n := reflect.TypeFor[Config]().NumField() - len(blocks); n != len(Settings) {
		t.Errorf("there are %d settings and %d fields", len(Settings), n)
	}
	c := DefaultConfig()
	if c.Set("colour", "blue") {
		t.Error("a setting that does not exist can be set")
	}
}

// blocks are parts of a configuration file that no flag can say.
var blocks = []string{"notify", "owners", "audit", "exchange", "tls", "trust", "limits", "backup"}

func TestEmptyValuesInAFileMeanTheDefaults(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "config.yaml")
	for _, body := range []string{"", "# nothing\n", "listen:\nmqtt: \"\"\ntopics: []\nlog:\n"} {
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := ReadConfig(path)
		if err != nil || len(c.Packs) != 0 {
			t.Fatal(c.Packs, err)
		}
		if c.Packs = nil; !reflect.DeepEqual(c, DefaultConfig()) {
			t.Errorf("%q gives %+v", body, c)
		}
	}
}

func TestWhoCanReachAnAddress(t *testing.T) {
	t.Parallel()
	for address, only := range map[string]bool{"127.0.0.1:1": true, "[::1]:1": true, "localhost:1": true, "127.9.9.9:0": true,
		":1": false, "0.0.0.0:1": false, "[::]:1": false, "192.168.1.1:1": false, "example.org:1": false, "nonsense": false, "localhost.example.org:1": false} {
		if loopback(address) != only {
			t.Errorf("%s: only this machine: %v", address, !only)
		}
	}
}
