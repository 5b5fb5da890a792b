package archtest

import "strings"

// level is the height of a package in the house: it may import what is below.
type level int

const (
	words    level = iota // what every package may use
	nouns                 // pure: no I/O, no clock but the one passed in
	platform              // databases, buses, files
	usecases              // what is done with the nouns, and their SQL
	gates                 // where the outside meets the program
	whole                 // everything put together
)

// layer places the packages in one folder, and below it, in the house.
type layer struct {
	path  string // folder from the root of the module
	level level
	each  bool     // each folder directly inside is a unit of its own; otherwise the folder with all below is one
	libs  []string // third-party modules that may be imported; nil: none, "*": any
	only  []string // when set, nothing else of the program may be imported
	free  bool     // may import other units of its level
}

var anyLib = []string{"*"}

// table is the import table of ARCHITECTURE.md. The longest path that fits a package counts.
var table = []layer{
	{path: "internal/base", level: words, each: true},
	{path: "internal/archtest", level: words},
	{path: "web", level: words},   // the files of the screens, embedded
	{path: "packs", level: words}, // the content of the demo city, embedded

	{path: "internal/schema", level: nouns, libs: []string{"github.com/santhosh-tekuri/jsonschema/v6", "golang.org/x/text"}}, // text: the words of its errors,
	{path: "internal/rule", level: nouns, libs: []string{"cel.dev/cel-go", "cel.dev/expr"}},
	{path: "internal/registry", level: nouns},
	{path: "internal/access", level: nouns},
	{path: "internal/manage/event", level: nouns},
	{path: "internal/manage/order", level: nouns},
	{path: "internal/manage/operator", level: nouns},
	{path: "internal/manage/scenario", level: nouns},
	{path: "internal/manage/indicator", level: nouns},
	{path: "internal/manage/matter", level: nouns},
	{path: "internal/manage/casework", level: nouns},
	{path: "internal/manage/appraisal", level: nouns},
	{path: "internal/manage/incident", level: nouns},
	{path: "internal/serve/catalogue", level: nouns},
	{path: "internal/serve/form", level: nouns},
	{path: "internal/serve/evidence", level: nouns},
	{path: "internal/serve/application", level: nouns},
	{path: "internal/serve/credential", level: nouns},
	{path: "internal/serve/benefit", level: nouns},
	{path: "internal/serve/delivery", level: nouns},
	{path: "internal/reform/pack", level: nouns, libs: []string{"go.yaml.in/yaml/v3"}}, // the one reader of pack files
	{path: "internal/reform/pilot", level: nouns},

	{path: "internal/platform", level: platform, each: true, libs: anyLib},

	{path: "internal/manage/ingest", level: usecases},
	{path: "internal/manage/detect", level: usecases},
	{path: "internal/manage/casedesk", level: usecases},
	{path: "internal/manage/orderdesk", level: usecases},
	{path: "internal/manage/dutydesk", level: usecases},
	{path: "internal/manage/incidentdesk", level: usecases},
	{path: "internal/manage/citydesk", level: usecases},
	{path: "internal/manage/appraisaldesk", level: usecases},
	{path: "internal/manage/exchange", level: usecases},
	{path: "internal/serve/servicedesk", level: usecases},
	{path: "internal/records", level: usecases, each: true},

	{path: "internal/flow", level: gates},
	{path: "internal/reform/backtest", level: gates}, // plays a log through a changed scenario, on detection's own code
	{path: "internal/reform/trial", level: gates},    // runs the tests of packs on detection's own code
	{path: "internal/gateway", level: gates, each: true, libs: anyLib},

	{path: "internal/demo", level: whole, libs: clients, only: []string{"internal/base"}},
	{path: "internal/app", level: whole, free: true, libs: anyLib},
	{path: "cmd", level: whole, each: true, free: true, libs: anyLib},
	{path: "test", level: whole, free: true, libs: anyLib},
	{path: "bench", level: whole, free: true, libs: anyLib},
}

// clients are the libraries with which simulated devices and officers come through the public gateways.
var clients = []string{"github.com/eclipse/paho.golang", "github.com/eclipse/paho.mqtt.golang"}

// edge is an import between two units of one level, allowed for a reason.
type edge struct{ from, to, reason string }

var edges = []edge{
	{"internal/base/worktime", "internal/base/lang", "a limit is read by people"},
	{"internal/base/geo", "internal/base/fault", "a bad position is a fault of the input"},

	{"internal/registry", "internal/manage/event", "registry names areas by the id that events carry"},
	{"internal/manage/scenario", "internal/manage/event", "a scenario watches event types"},
	{"internal/manage/scenario", "internal/rule", "its conditions are rules"},
	{"internal/manage/scenario", "internal/manage/operator", "it says how events are looked at"},
	{"internal/manage/scenario", "internal/manage/order", "thresholds differ by city state"},
	{"internal/manage/order", "internal/manage/event", "an order is for an area"},
	{"internal/manage/operator", "internal/manage/event", "a machine is fed with events"},
	{"internal/manage/operator", "internal/rule", "what it measures, rules ask for"},
	{"internal/manage/matter", "internal/manage/order", "limits differ by city state"},
	{"internal/manage/scenario", "internal/manage/matter", "it says which class of matter its cases are"},
	{"internal/manage/indicator", "internal/manage/event", "an indicator is measured from events"},
	{"internal/manage/indicator", "internal/manage/scenario", "and from what scenarios find in them"},
	{"internal/manage/indicator", "internal/rule", "what counts for it is a rule"},
	{"internal/manage/event", "internal/schema", "an event type declares its data's schema"},
	{"internal/manage/appraisal", "internal/manage/casework", "what counts is what was done to cases"},
	{"internal/manage/appraisal", "internal/manage/event", "and where"},
	{"internal/manage/appraisal", "internal/manage/matter", "of which class"},
	{"internal/manage/appraisal", "internal/manage/scenario", "found by what"},
	{"internal/manage/appraisal", "internal/registry", "for which unit"},
	{"internal/manage/appraisal", "internal/access", "the program's own acts are nobody's"},
	{"internal/manage/casework", "internal/access", "every command carries who decided that it may be done"},
	{"internal/manage/casework", "internal/manage/event", "a case has a place and evidence"},
	{"internal/manage/casework", "internal/manage/matter", "a case is of a class, which sets its limits"},
	{"internal/manage/casework", "internal/manage/scenario", "a case begins with a detection"},
	{"internal/manage/casework", "internal/registry", "a case is routed to units and persons"},
	{"internal/manage/incident", "internal/access", "every command carries who decided that it may be done"},
	{"internal/manage/incident", "internal/manage/casework", "an incident gathers cases"},
	{"internal/manage/incident", "internal/manage/event", "and is in areas"},
	{"internal/manage/incident", "internal/manage/order", "and has the level of the city's state"},
	{"internal/manage/incident", "internal/registry", "its tasks are for units and persons"},
	{"internal/access", "internal/registry", "rights are of persons in units and areas"},

	{"internal/records/manage", "internal/manage/casedesk", "it implements the store that the desk declares beside itself"},
	{"internal/records/manage", "internal/manage/detect", "likewise for detection"},
	{"internal/records/manage", "internal/manage/orderdesk", "likewise for orders"},
	{"internal/records/manage", "internal/manage/dutydesk", "likewise for the duty room"},
	{"internal/records/manage", "internal/manage/incidentdesk", "likewise for incidents"},
	{"internal/records/manage", "internal/manage/citydesk", "keeps its revisions"},
	{"internal/records/manage", "internal/manage/appraisaldesk", "likewise for figures of work"},
	{"internal/records/manage", "internal/manage/exchange", "likewise for work orders of other systems"},
	{"internal/records/manage", "internal/manage/ingest", "likewise for ingest"},

	{"internal/platform/chain", "internal/platform/sqldb", "it links rows of the database"},
	{"internal/platform/chain", "internal/platform/signing", "it signs their end"},
	{"internal/platform/command", "internal/platform/sqldb", "a command is carried out in one transaction"},
	{"internal/platform/identity", "internal/platform/sqldb", "what proves identities is rows, in the transaction of what it is for"},
	{"internal/platform/notify", "internal/platform/sqldb", "messages are rows in the caller's transaction"},
	{"internal/platform/timer", "internal/platform/sqldb", "timers are rows in the caller's transaction"},
	{"internal/platform/outbox", "internal/platform/sqldb", "messages are rows in the caller's transaction"},
	{"internal/platform/vault", "internal/platform/sqldb", "keys are rows in the caller's transaction"},
}

// packReads is what pack files hold: the pack is the one place where all nouns of the content meet.
var packReads = []string{"internal/rule", "internal/schema", "internal/registry", "internal/manage/event", "internal/manage/scenario",
	"internal/manage/indicator", "internal/manage/matter", "internal/manage/casework", "internal/manage/operator", "internal/manage/order"}

func allowedEdge(from, to string) bool {
	if from == "internal/reform/pack" {
		for _, p := range packReads {
			if p == to {
				return true
			}
		}
	}
	for _, e := range edges {
		if e.from == from && e.to == to {
			return true
		}
	}
	return false
}

// place is where a package stands: its layer and the unit that it belongs to.
type place struct {
	layer
	unit string
}

// classify finds the place of the package in a folder, or false when the table has none.
func classify(dir string) (p place, ok bool) {
	for _, l := range table {
		rest, within := strings.CutPrefix(dir+"/", l.path+"/")
		if !within || len(l.path) < len(p.path) {
			continue
		}
		name, _, _ := strings.Cut(rest, "/")
		switch {
		case !l.each:
			p, ok = place{l, l.path}, true
		case name != "":
			p, ok = place{l, l.path + "/" + name}, true
		}
	}
	return p, ok
}
