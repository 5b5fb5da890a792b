package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"twoweave/internal/app"
	"twoweave/internal/base/fault"
	"twoweave/internal/gateway/api"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/platform/bus"
)

func backtestCommand() command {
	return command{
		name: "backtest", synopsis: "--scenario FILE [--from TIME] [--to TIME] [FLAGS]",
		short: "try a changed or new scenario on the past",
		long: "Computes the retained log twice, with the scenario as it is in force and as it is in FILE, and prints what would have been found more (gained), not any more (lost), or\n" +
			"from another moment on (moved), with the readings behind each. Both sides use the packs in force now, and the city states and silences that were in force then.\n" +
			"With --url the running program there does it; without, the data folder of a stopped program is read. Nothing is changed.",
		flags: func(f *flag.FlagSet) {
			f.String("scenario", "", "file with the scenario, as in a pack's scenarios folder")
			f.String("id", "", "which of the file's scenarios, when it has several")
			f.String("from", "", "findings that start from here on, such as 2026-06-01T00:00:00+08:00; empty: from the log's beginning")
			f.String("to", "", "to here, not included; empty: to the log's end")
			f.Int("examples", 10, "how many of each kind to show")
			pastFlags(f)
		},
		run: backtestRun,
	}
}

func backtestRun(ctx context.Context, env *environment, flags *flag.FlagSet) error {
	t, err := trialOf(flags)
	if err != nil {
		return err
	}
	c, err := comparison(ctx, env, flags, t)
	if err != nil {
		return err
	}
	if isSet(flags, "json") {
		return printJSON(env.stdout, c)
	}
	return writeComparison(env.stdout, &c)
}

func trialOf(flags *flag.FlagSet) (t app.Trial, err error) {
	t = app.Trial{File: text(flags, "scenario"), ID: scenario.ID(text(flags, "id"))}
	if flags.NArg() > 0 || t.File == "" {
		return t, fault.New(fault.Invalid, "backtest", "which scenario? twoweave backtest --scenario FILE --from TIME --to TIME")
	}
	if t.Text, err = os.ReadFile(t.File); err != nil {
		return t, fault.New(fault.Invalid, "backtest", "%v", err)
	}
	if t.From, err = pointOf(flags, "from"); err != nil {
		return t, err
	}
	if t.To, err = pointOf(flags, "to"); err != nil {
		return t, err
	}
	t.Examples, err = strconv.Atoi(text(flags, "examples"))
	return t, err
}

func pointOf(flags *flag.FlagSet, name string) (time.Time, error) {
	s := text(flags, name)
	if s == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return at, fault.New(fault.Invalid, "backtest", "--%s is %q; it must be a time such as 2026-06-01T00:00:00+08:00", name, s)
	}
	return at, nil
}

func comparison(ctx context.Context, env *environment, flags *flag.FlagSet, t app.Trial) (scenario.Comparison, error) {
	if text(flags, "url") != "" {
		far, err := newRemote(flags)
		if err != nil {
			return scenario.Comparison{}, err
		}
		return far.backtest(ctx, t, progressTo(env.stderr))
	}
	past, err := openPast(ctx, env, flags)
	if err != nil {
		return scenario.Comparison{}, err
	}
	defer past.Close()
	return past.Backtest(ctx, t, progressTo(env.stderr))
}

// backtest has the running program do it, which tells line by line how far it is.
func (r *remote) backtest(ctx context.Context, t app.Trial, progress func(done, of bus.Seq)) (scenario.Comparison, error) {
	const op = "backtest"
	query := url.Values{"id": {string(t.ID)}, "examples": {strconv.Itoa(t.Examples)}}
	for name, at := range map[string]time.Time{"from": t.From, "to": t.To} {
		if !at.IsZero() {
			query.Set(name, at.Format(time.RFC3339Nano))
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.base.String()+"/api/v1/backtests?"+query.Encode(), strings.NewReader(string(t.Text)))
	if err != nil {
		return scenario.Comparison{}, err
	}
	request.Header.Set("Authorization", "Bearer "+r.key)
	request.Header.Set("Content-Type", "application/yaml")
	r.client.Timeout = 0 // the log may be long
	response, err := r.client.Do(request)
	if err != nil {
		return scenario.Comparison{}, &fault.Error{Kind: fault.Unavailable, Op: op, Msg: fmt.Sprintf("nothing answers at %s; is the program running there?", r.base), Err: err}
	}
	defer response.Body.Close()
	if response.StatusCode >= 400 {
		answer, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20))
		return scenario.Comparison{}, refusal(response.StatusCode, answer)
	}
	return readComparison(response.Body, progress)
}

func readComparison(body io.Reader, progress func(done, of bus.Seq)) (scenario.Comparison, error) {
	lines := json.NewDecoder(bufio.NewReader(body))
	for {
		var l api.BacktestLine
		err := lines.Decode(&l)
		switch {
		case err != nil:
			return scenario.Comparison{}, &fault.Error{Kind: fault.Unavailable, Op: "backtest", Msg: "the answer broke off", Err: err}
		case l.Problem != nil:
			return scenario.Comparison{}, fault.New(fault.Unavailable, "backtest", "%s", l.Problem.Detail)
		case l.Result != nil:
			return *l.Result, nil
		case l.Progress != nil:
			progress(bus.Seq(l.Progress.Done), bus.Seq(l.Progress.Of))
		}
	}
}

func writeComparison(w io.Writer, c *scenario.Comparison) error {
	p := &printer{w: w}
	p.line("%s: %s (%s)", c.After.Scenario, c.After.Title.EN, c.After.Title.ZH)
	if c.Before != nil {
		p.line("  in force  version %d: %s", c.Before.Version, ruleOf(c.Before))
	}
	p.line("  tried     version %d: %s", c.After.Version, ruleOf(&c.After))
	p.line("  from      %s\n  to        %s\n  events    %d", c.From.Format(time.RFC3339), c.To.Format(time.RFC3339), c.Events)
	p.line("\ngained     %d\nlost       %d\nmoved      %d\nunchanged  %d, of which %d end at another time", c.Gained, c.Lost, c.Moved, c.Unchanged, c.OtherEnd)
	for _, d := range c.Examples {
		p.line("\n%s: %s, area %s", d.Kind, d.Subject, d.Area)
		p.episode("in force", d.Before)
		p.episode("tried", d.After)
	}
	for _, r := range c.Remarks {
		p.line("note: %s", r.EN)
	}
	return p.err
}

func ruleOf(d *scenario.Definition) string {
	s := strings.TrimSpace(string(d.Operator)+" "+d.Part) + ", when " + strings.TrimSpace(d.When)
	if d.Until != "" {
		s += ", until " + strings.TrimSpace(d.Until)
	}
	if d.For != "" {
		s += ", for " + d.For
	}
	if d.Where != "" {
		s += ", where " + strings.TrimSpace(d.Where)
	}
	if d.Limits != "" {
		s += ", limits " + d.Limits
	}
	return s
}

func (p *printer) episode(side string, e *scenario.Episode) {
	if e == nil {
		return
	}
	end := "still open"
	if e.Ended != nil {
		end = "ended " + e.Ended.Format(time.RFC3339)
	}
	p.line("  %s: since %s, started %s, %s, %s", side, e.Since.Format(time.RFC3339), e.Started.Format(time.RFC3339), end, e.Severity)
	for _, m := range e.Measures {
		p.line("    measured %s = %s", m.Name, m.Value)
	}
	t := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	for _, r := range e.Readings {
		fmt.Fprintf(t, "    %s\t%s %s/%s\t%s\n", r.Time.Format(time.RFC3339), r.Type, r.Source, r.ID, r.Data)
	}
	if err := t.Flush(); p.err == nil {
		p.err = err
	}
	if e.More > 0 {
		p.line("    and %d more", e.More)
	}
}
