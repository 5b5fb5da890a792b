package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"twoweave/internal/base/fault"
	"twoweave/internal/gateway/limit"
	"twoweave/internal/gateway/mqtt"
	"twoweave/internal/manage/detect"
	"twoweave/internal/manage/exchange"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/signing"
)

// Config is how one program is set up. Zero fields are filled from the defaults.
type Config struct {
	Listen   string   `yaml:"listen"`   // HTTP address
	MQTT     string   `yaml:"mqtt"`     // MQTT address; "off" for none
	Data     string   `yaml:"data"`     // folder for everything the program keeps
	Database string   `yaml:"database"` // sqlite:PATH or postgres://…
	NATS     string   `yaml:"nats"`     // embedded or nats://…
	Blobs    string   `yaml:"blobs"`    // folder of snapshots and packs; empty = in Data
	Keys     string   `yaml:"keys"`     // folder of secrets; empty = in Data
	Packs    []string `yaml:"packs"`    // pack folders; none = the packs inside the program
	Topics   []string `yaml:"topics"`   // MQTT topic map
	Snapshot string   `yaml:"snapshot"` // how often detection's state is kept, by the log's time
	Log      string   `yaml:"log"`      // debug, info, warn, error

	Notify   notify.Config   `yaml:"notify"`   // how messages leave: SMS gateway, mail server, webhook receivers; in the file only
	Owners   Owners          `yaml:"owners"`   // who is told first of what is theirs; likewise
	Audit    Audit           `yaml:"audit"`    // how often the end of the audit is signed, and its witness; likewise
	Exchange exchange.Config `yaml:"exchange"` // the systems with which work orders are exchanged; likewise
	TLS      TLS             `yaml:"tls"`      // the certificate of pages and API; likewise
	Trust    signing.Trust   `yaml:"trust"`    // whose signatures packs need; likewise
	Limits   limit.Limits    `yaml:"limits"`   // what is too much at the gateways, and the proxies in front; likewise
	Backup   Backup          `yaml:"backup"`   // whose keys open backups; likewise
}

// Setting describes one setting, for the help text and the reference.
type Setting struct{ Name, Default, Help string }

// Settings are all settings, in the order people meet them.
var Settings = []Setting{
	{"listen", "127.0.0.1:8080", "address for pages and API; other machines may reach it only once an account exists (twoweave account add)"},
	{"mqtt", "127.0.0.1:1883", "address for devices (MQTT 5 and 3.1.1), or off"},
	{"data", "./data", "folder for everything the program keeps; one program at a time"},
	{"database", "sqlite:twoweave.db", "sqlite:PATH (relative to the data folder) or postgres://USER@HOST/NAME"},
	{"nats", "embedded", "embedded, or nats://USER:PASSWORD@HOST:PORT of a JetStream server"},
	{"blobs", "", "folder of snapshots and pack contents; empty for one in the data folder. Programs that share a log share it"},
	{"keys", "", "folder of the secrets; empty for one in the data folder. Better on another disk; programs that share a database share it"},
	{"packs", "", "pack folders, several separated by commas; empty for the packs inside the program"},
	{"topics", strings.Join(mqtt.DefaultTopics, ","), "MQTT topic patterns, such as city/{type}/{subject...}"},
	{"snapshot", "1m", "how often detection's state is kept, by the log's time; more often makes a restart after a crash shorter and costs writes"},
	{"log", "info", "what to log: debug, info, warn or error"},
}

// DefaultConfig is the configuration of a program that was told nothing.
func DefaultConfig() Config {
	var c Config
	for _, s := range Settings {
		c.Set(s.Name, s.Default)
	}
	c.Limits.Fill()
	return c
}

// Set gives one setting a value in the form of the command line. It reports whether there is such a setting.
func (c *Config) Set(name, value string) bool {
	switch name {
	case "listen":
		c.Listen = value
	case "mqtt":
		c.MQTT = value
	case "data":
		c.Data = value
	case "database":
		c.Database = value
	case "nats":
		c.NATS = value
	case "blobs":
		c.Blobs = value
	case "keys":
		c.Keys = value
	case "packs":
		c.Packs = list(value)
	case "topics":
		c.Topics = list(value)
	case "snapshot":
		c.Snapshot = value
	case "log":
		c.Log = value
	default:
		return false
	}
	return true
}

// ReadConfig reads a configuration file over the defaults. Unknown settings are problems, with their line.
func ReadConfig(path string) (Config, error) {
	c := DefaultConfig()
	body, err := os.ReadFile(path)
	if err != nil {
		return c, fault.New(fault.Invalid, "app.ReadConfig", "configuration file %s cannot be read: %v", path, errors.Unwrap(err))
	}
	decoder := yaml.NewDecoder(bytes.NewReader(body))
	decoder.KnownFields(true)
	err = decoder.Decode(&c)
	c.fillEmpty()
	if err != nil && !errors.Is(err, io.EOF) {
		// What could be read is checked too, so that all problems are told at once.
		return c, fault.Invalidly("app.ReadConfig", append(yamlProblems(path, err), fault.Problems(c.Check())...)...)
	}
	return c, nil
}

// fillEmpty gives a setting that the file names without a value its default.
func (c *Config) fillEmpty() {
	c.Limits.Fill()
	d := DefaultConfig()
	for _, f := range []struct{ have, want *string }{{&c.Listen, &d.Listen}, {&c.MQTT, &d.MQTT}, {&c.Data, &d.Data}, {&c.Database, &d.Database}, {&c.NATS, &d.NATS}, {&c.Snapshot, &d.Snapshot}, {&c.Log, &d.Log}} {
		if *f.have == "" {
			*f.have = *f.want
		}
	}
	if len(c.Topics) == 0 {
		c.Topics = d.Topics
	}
}

var yamlLine = regexp.MustCompile(`line (\d+): (.*)`)

// yamlProblems turns the YAML library's errors into problems with a line and what is allowed.
func yamlProblems(path string, err error) []fault.Problem {
	var problems []fault.Problem
	for _, text := range strings.Split(err.Error(), "\n") {
		m := yamlLine.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		line, _ := strconv.Atoi(m[1])
		problems = append(problems, fault.Problem{File: path, Line: line, Message: plainYAML(m[2])})
	}
	if problems == nil {
		problems = []fault.Problem{{File: path, Message: "is not YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}}
	}
	return problems
}

func plainYAML(text string) string {
	if name, _, ok := strings.Cut(strings.TrimPrefix(text, "field "), " not found"); ok {
		return fmt.Sprintf("there is no setting %q; the settings are %s", name, strings.Join(settingNames(), ", "))
	}
	return text
}

// Check says everything that is wrong with a configuration, without opening anything.
func (c *Config) Check() error {
	var problems []fault.Problem
	add := func(field, format string, args ...any) {
		problems = append(problems, fault.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		add("listen", "is %q; it must be HOST:PORT, such as 127.0.0.1:8080", c.Listen)
	}
	if _, _, err := net.SplitHostPort(c.MQTT); err != nil && c.MQTT != "off" {
		add("mqtt", "is %q; it must be HOST:PORT, such as 127.0.0.1:1883, or off", c.MQTT)
	}
	if !strings.HasPrefix(c.Database, "sqlite:") && !strings.HasPrefix(c.Database, "postgres://") && !strings.HasPrefix(c.Database, "postgresql://") {
		add("database", "is %q; it must be sqlite:PATH or postgres://…", c.Database)
	}
	if u, err := url.Parse(c.NATS); c.NATS != "embedded" && (err != nil || (u.Scheme != "nats" && u.Scheme != "tls")) {
		add("nats", "is %q; it must be embedded or nats://HOST:PORT", c.NATS)
	}
	for _, pattern := range c.Topics {
		if _, err := mqtt.ParseTopic(pattern); err != nil {
			add("topics", "%v", err)
		}
	}
	if every, err := time.ParseDuration(c.Snapshot); err != nil || every < time.Second {
		add("snapshot", "is %q; it must be a time of at least 1s, such as 30s or 1m", c.Snapshot)
	}
	if _, ok := logLevels[c.Log]; !ok {
		add("log", "is %q; it must be debug, info, warn or error", c.Log)
	}
	for _, p := range c.Notify.Check() {
		p.Field = "notify." + p.Field
		problems = append(problems, p)
	}
	problems = append(problems, c.Owners.Check()...)
	problems = append(problems, c.Audit.Check(c.Notify)...)
	problems = append(problems, c.checkExchange()...)
	problems = append(problems, c.TLS.check()...)
	problems = append(problems, c.Trust.Check(signing.Standard())...)
	problems = append(problems, c.Limits.Check()...)
	if err := c.Backup.Recipients.Check(); len(c.Backup.Recipients) > 0 && err != nil {
		add("backup.recipients", "%s", fault.Message(err))
	}
	if problems != nil {
		return fault.Invalidly("app.Check", problems...)
	}
	return nil
}

// snapshots is how often detection's state is kept, unless a program decides otherwise.
func (c *Config) snapshots(own detect.SnapshotPolicy) detect.SnapshotPolicy {
	if own != (detect.SnapshotPolicy{}) {
		return own
	}
	every, _ := time.ParseDuration(c.Snapshot) // Check has read it
	return detect.SnapshotPolicy{Every: every, AtLeast: min(30, int(every/time.Second))}
}

// databaseURL is the database setting with a relative SQLite path put into the data folder.
func (c *Config) databaseURL() string {
	path, ok := strings.CutPrefix(c.Database, "sqlite:")
	if !ok || filepath.IsAbs(path) {
		return c.Database
	}
	return "sqlite:" + filepath.Join(c.Data, path)
}

// folder is a folder of its own, or one in the data folder.
func (c *Config) folder(own, name string) string {
	if own != "" {
		return own
	}
	return filepath.Join(c.Data, name)
}

// loopback says whether only this machine can reach an address.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

func settingNames() []string {
	names := make([]string, len(Settings))
	for i, s := range Settings {
		names[i] = s.Name
	}
	return names
}

func list(value string) []string {
	var items []string
	for _, item := range strings.Split(value, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
