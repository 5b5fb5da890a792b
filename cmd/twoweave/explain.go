package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"twoweave/internal/app"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
)

func explainCommand() command {
	return command{
		name: "explain", synopsis: "DETECTION-ID [FLAGS]", short: "tell how a detection came about",
		long: "Computes the log once more and prints every reading behind the detection, what was measured after each, and the rule part by part as it stood when it decided.\n" +
			"With --url the running program there is asked; without, the data folder of a stopped program is read. Values about persons stay sealed.",
		flags: func(f *flag.FlagSet) {
			pastFlags(f)
		},
		run: explain,
	}
}

// pastFlags say where the past is: in a running program or in a data folder.
func pastFlags(f *flag.FlagSet) {
	f.String("url", "", "where a running program answers; empty to read the data folder of a stopped one")
	f.String("key", "", "with --url: file with an account's key; without it the environment variable "+keyVariable+" holds the key")
	f.String("config", "", "configuration file (YAML)")
	f.String("data", "./data", "data folder")
	f.String("database", "sqlite:twoweave.db", "sqlite:PATH or postgres://…")
	f.String("nats", "embedded", "embedded, or nats://USER:PASSWORD@HOST:PORT of a JetStream server")
	f.String("blobs", "", "folder of snapshots and pack contents; empty for one in the data folder")
	f.String("keys", "", "folder of the secrets; empty for one in the data folder")
	f.String("log", "warn", "what to log: debug, info, warn or error")
	f.Bool("json", false, "print JSON")
}

func explain(ctx context.Context, env *environment, flags *flag.FlagSet) error {
	id := flags.Arg(0)
	if id == "" {
		return fault.New(fault.Invalid, "explain", "say which: twoweave explain DETECTION-ID; the pages and /api/v1/detections show the ids")
	}
	if err := flags.Parse(flags.Args()[1:]); err != nil { // flags may stand behind the id as well
		return fault.New(fault.Invalid, "explain", "%v", err)
	}
	if err := noArguments(flags); err != nil {
		return err
	}
	x, err := explanation(ctx, env, flags, id)
	if err != nil {
		return err
	}
	if isSet(flags, "json") {
		return printJSON(env.stdout, x)
	}
	return writeExplanation(env.stdout, &x)
}

func isSet(flags *flag.FlagSet, name string) bool { return text(flags, name) == "true" }

func printJSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(v)
}

func explanation(ctx context.Context, env *environment, flags *flag.FlagSet, id string) (x scenario.Explanation, err error) {
	if text(flags, "url") != "" {
		far, err := newRemote(flags)
		if err != nil {
			return x, err
		}
		far.client.Timeout = 0 // the log may be long
		err = far.get(ctx, "/api/v1/detections/"+url.PathEscape(id)+"/explanation", &x)
		return x, err
	}
	past, err := openPast(ctx, env, flags)
	if err != nil {
		return x, err
	}
	defer past.Close()
	return past.Explain(ctx, id, progressTo(env.stderr))
}

func openPast(ctx context.Context, env *environment, flags *flag.FlagSet) (*app.Past, error) {
	config, err := configuration(flags)
	if err != nil {
		return nil, err
	}
	return app.OpenPast(ctx, config, app.NewLog(env.stderr, config.Log))
}

// progressTo says how far the reading of a long log has come.
func progressTo(w io.Writer) func(done, of bus.Seq) {
	return func(done, of bus.Seq) { fmt.Fprintf(w, "%d of %d messages of the log\n", done, of) }
}

// printer writes lines and remembers the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func writeExplanation(w io.Writer, x *scenario.Explanation) error {
	p := &printer{w: w}
	d := &x.Definition
	p.line("%s, version %d: %s (%s)", d.Scenario, d.Version, d.Title.EN, d.Title.ZH)
	p.line("  subject   %s, episode %d", x.Subject, x.Episode)
	p.line("  area      %s, city state %s, severity %s", x.Area, x.State, x.Severity)
	p.line("  since     %s", x.Since.Format(time.RFC3339Nano))
	p.line("  started   %s", x.Started.Format(time.RFC3339Nano))
	if x.Ended != nil {
		p.line("  ended     %s", x.Ended.Format(time.RFC3339Nano))
	}
	p.line("  operator  %s", strings.TrimSuffix(string(d.Operator)+": "+d.Part, ": "))
	for _, part := range []struct{ name, text string }{{"limits", d.Limits}, {"where", d.Where}, {"when", d.When}, {"until", d.Until}, {"for", d.For}, {"note", d.Note}} {
		if part.text != "" {
			p.line("  %-9s %s", part.name, strings.TrimSpace(part.text))
		}
	}
	for _, m := range x.Measures {
		p.line("  measured  %s = %s", m.Name, m.Value)
	}
	p.looks(x)
	p.decision(x.Decision)
	for _, r := range x.Remarks {
		p.line("note: %s", r.EN)
	}
	return p.err
}

// looks are the readings, and what was measured after each.
func (p *printer) looks(x *scenario.Explanation) {
	p.line("\nreadings")
	if x.Earlier > 0 {
		p.line("  (%d earlier ones are not listed)", x.Earlier)
	}
	t := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	for _, l := range x.Looks {
		what := "time passed"
		if l.Reading != nil {
			what = fmt.Sprintf("%s %s/%s %s", l.Reading.Type, l.Reading.Source, l.Reading.ID, l.Reading.Data)
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\n", l.At.Format(time.RFC3339), what, judged(&l))
	}
	if err := t.Flush(); p.err == nil {
		p.err = err
	}
}

func judged(l *scenario.Look) string {
	if !l.Judged {
		return ""
	}
	words := []string{fmt.Sprintf("when %v", l.When)}
	if l.Until != !l.When {
		words = append(words, fmt.Sprintf("until %v", l.Until))
	}
	for _, m := range l.Measures {
		words = append(words, m.Name+"="+m.Value)
	}
	return strings.Join(words, " ")
}

func (p *printer) decision(d *scenario.Decision) {
	if d == nil {
		return
	}
	p.line("\nthe rule at %s", d.At.Format(time.RFC3339Nano))
	for _, s := range d.When {
		p.line("  %s%s = %s", strings.Repeat("  ", s.Depth), s.Text, s.Value)
	}
	if len(d.Until) > 0 {
		p.line("until")
	}
	for _, s := range d.Until {
		p.line("  %s%s = %s", strings.Repeat("  ", s.Depth), s.Text, s.Value)
	}
}
