package limit

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"twoweave/internal/base/fault"
)

// Rate is how much may come: so much a second in the long run, and so much at once.
type Rate struct {
	Second float64 `yaml:"second"`
	Burst  int     `yaml:"burst"`
}

// String is "5/s, 100 at once".
func (r Rate) String() string { return fmt.Sprintf("%g/s, %d at once", r.Second, r.Burst) }

// Bytes is a size.
type Bytes int

// String is "64 KiB".
func (b Bytes) String() string {
	for _, u := range []struct {
		size Bytes
		name string
	}{{1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if b >= u.size && b%u.size == 0 {
			return fmt.Sprintf("%d %s", b/u.size, u.name)
		}
	}
	return fmt.Sprintf("%d B", int(b))
}

// Limits are all limits. A zero field means its default.
type Limits struct {
	Proxies []string `yaml:"proxies"` // networks of the proxies in front that are believed when they say for whom they ask

	Connections        int           `yaml:"connections"`
	ConnectionsAddress int           `yaml:"connections-address"`
	RequestsAddress    int           `yaml:"requests-address"`
	HeaderTime         time.Duration `yaml:"header-time"`
	HeaderBytes        Bytes         `yaml:"header-bytes"`
	BodyTime           time.Duration `yaml:"body-time"`
	AnswerTime         time.Duration `yaml:"answer-time"`
	IdleTime           time.Duration `yaml:"idle-time"`
	FormBytes          Bytes         `yaml:"form-bytes"`
	BodyMemory         Bytes         `yaml:"body-memory"`
	BodiesAddress      Rate          `yaml:"bodies-address"`
	Depth              int           `yaml:"depth"`

	SignInAddress    Rate `yaml:"sign-in-address"`
	ReadAddress      Rate `yaml:"read-address"`
	ReadAccount      Rate `yaml:"read-account"`
	CommandAddress   Rate `yaml:"command-address"`
	CommandAccount   Rate `yaml:"command-account"`
	EventsAccount    Rate `yaml:"events-account"`
	Streams          int  `yaml:"streams"`
	StreamsAddress   int  `yaml:"streams-address"`
	StreamsAccount   int  `yaml:"streams-account"`
	Devices          int  `yaml:"devices"`
	DevicesAddress   int  `yaml:"devices-address"`
	PublishAccount   Rate `yaml:"publish-account"`
	SubjectsAccount  Rate `yaml:"subjects-account"`
	RememberClients  int  `yaml:"remember-clients"`
	RememberSubjects int  `yaml:"remember-subjects"`
}

// Row is one limit of the table.
type Row struct {
	Name    string
	Value   any // a pointer into the Limits: *int, *Bytes, *time.Duration or *Rate
	Default any
	Bounds  string
	Answer  string // what whoever is over it gets
}

// Rows is the one table of limits.
func (l *Limits) Rows() []Row {
	const wait, closed = "429, `Retry-After`", "the connection is closed"
	return []Row{
		{"connections", &l.Connections, 8192, "connections to pages and API, in all", closed},
		{"connections-address", &l.ConnectionsAddress, 1024, "the same, from one address; a trusted proxy may have all", closed},
		{"requests-address", &l.RequestsAddress, 128, "requests worked on at once for one address, streams apart", "503, `Retry-After`"},
		{"header-time", &l.HeaderTime, 10 * time.Second, "until the head of a request has come (TLS handshake likewise)", closed},
		{"header-bytes", &l.HeaderBytes, Bytes(64 << 10), "size of a request's head", "431"},
		{"body-time", &l.BodyTime, 30 * time.Second, "until a form or other body has come; the API's bodies have 5 s, photos 2 min, files 30 s", "408"},
		{"answer-time", &l.AnswerTime, 5 * time.Minute, "until an answer is taken; a stream has 10 s for each thing it says", closed},
		{"idle-time", &l.IdleTime, 2 * time.Minute, "a connection without a request stays open", closed},
		{"form-bytes", &l.FormBytes, Bytes(64 << 10), "size of a form of a page; of an API body 1 MiB, of photos 8 MiB, of events 8 MiB and 10,000 of them", "413"},
		{"body-memory", &l.BodyMemory, Bytes(64 << 20), "bodies that are being taken in at once, in all, what each has beyond its first 64 KiB", "503, `Retry-After`"},
		{"bodies-address", &l.BodiesAddress, Rate{8192, 65_536}, "KiB of large bodies from one address", "they are read more slowly"},
		{"depth", &l.Depth, 64, "levels of nesting in JSON", "400"},
		{"sign-in-address", &l.SignInAddress, Rate{1, 60}, "sign-ins, second steps and links from one address", wait},
		{"read-address", &l.ReadAddress, Rate{500, 3000}, "reading requests from one address", wait},
		{"read-account", &l.ReadAccount, Rate{100, 1000}, "reading requests of one account", wait},
		{"command-address", &l.CommandAddress, Rate{1000, 4000}, "other requests from one address", wait},
		{"command-account", &l.CommandAccount, Rate{100, 1000}, "other requests of one account", wait},
		{"events-account", &l.EventsAccount, Rate{5000, 50_000}, "events of one sender, over HTTP and MQTT together", wait + "; MQTT waits"},
		{"subjects-account", &l.SubjectsAccount, Rate{20, 5000}, "things of which one sender speaks for the first time", wait + "; by MQTT the event is refused"},
		{"streams", &l.Streams, 2048, "live streams, in all", wait},
		{"streams-address", &l.StreamsAddress, 512, "live streams to one address", wait},
		{"streams-account", &l.StreamsAccount, 32, "live streams of one account", wait},
		{"devices", &l.Devices, 8192, "MQTT connections, in all", closed},
		{"devices-address", &l.DevicesAddress, 2048, "MQTT connections from one address", closed},
		{"publish-account", &l.PublishAccount, Rate{1000, 5000}, "MQTT messages of one account", "its connections are read more slowly"},
		{"remember-clients", &l.RememberClients, 16_384, "addresses, and accounts, whose rates are remembered", "whoever was quiet longest is forgotten"},
		{"remember-subjects", &l.RememberSubjects, 1 << 20, "things of which senders spoke that are remembered", "what is forgotten counts as new"},
	}
}

// Fill gives every field that is zero its default.
func (l *Limits) Fill() {
	for _, r := range l.Rows() {
		switch v := r.Value.(type) {
		case *int:
			if *v == 0 {
				*v = r.Default.(int)
			}
		case *Bytes:
			if *v == 0 {
				*v = r.Default.(Bytes)
			}
		case *time.Duration:
			if *v == 0 {
				*v = r.Default.(time.Duration)
			}
		case *Rate:
			if *v == (Rate{}) {
				*v = r.Default.(Rate)
			}
		}
	}
}

// Check says what is wrong with limits that were filled.
func (l *Limits) Check() (problems []fault.Problem) {
	for _, r := range l.Rows() {
		if !positive(r.Value) {
			problems = append(problems, fault.Problem{Field: "limits." + r.Name, Message: "must be more than nothing; leave it out for the default"})
		}
	}
	for _, p := range l.Proxies {
		if _, err := prefix(p); err != nil {
			problems = append(problems, fault.Problem{Field: "limits.proxies", Message: fmt.Sprintf("%q is no address or network, such as 10.1.2.3 or 10.1.0.0/16", p)})
		}
	}
	return problems
}

func positive(value any) bool {
	switch v := value.(type) {
	case *int:
		return *v > 0
	case *Bytes:
		return *v > 0
	case *time.Duration:
		return *v > 0
	case *Rate:
		return v.Second > 0 && v.Burst > 0
	}
	return false
}

func prefix(text string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked(), nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// Table is the table of limits for the documentation, in Markdown.
func Table() string {
	var b strings.Builder
	b.WriteString("| limit | default | what | whoever is over it |\n|---|---|---|---|\n")
	for _, r := range new(Limits).Rows() {
		fmt.Fprintf(&b, "| `%s` | %v | %s | %s |\n", r.Name, r.Default, r.Bounds, r.Answer)
	}
	return b.String()
}
