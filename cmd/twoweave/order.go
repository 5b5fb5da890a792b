package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/order"
	"twoweave/internal/manage/orderdesk"
)

func stateCommand() command {
	return command{
		name: "state", synopsis: "[set|confirm ID|end ID] [FLAGS]", short: "show and order the state of the city: daily, special, emergency",
		long: "Without a verb: each area's level, until when, why, and the orders behind it. set orders special, or proposes an emergency, which another person\n" +
			"confirms within the hour (confirm ID) and which expires. end ID ends an order before its time, or refuses a proposal. Levels: " + levels() + ".\n" + remoteHelp,
		flags: func(f *flag.FlagSet) {
			remoteFlags(f)
			f.String("level", "", "with set: "+levels())
			f.String("area", "", "with set: an area's code; empty for the whole city")
			f.String("until", "", "with set: when it ends, such as 2026-07-01T20:00:00+08:00; an emergency lasts at most 7 days")
			f.String("for", "", "with set: instead of --until, how long from now, such as 6h")
			f.String("why", "", "with set and end: the reason")
		},
		run: stateRun,
	}
}

func silenceCommand() command {
	return command{
		name: "silence", synopsis: "[list|add|end ID] [FLAGS]", short: "say what is known and shall open no case: maintenance, permits",
		long: "list (or no verb) shows the silences in force. add makes one for scenarios, an area, subjects, or all three together; what is open stays open. end ID ends one\n" +
			"before its time.\n" + remoteHelp,
		flags: func(f *flag.FlagSet) {
			remoteFlags(f)
			f.String("scenarios", "", "with add: scenarios, separated by commas; empty for all")
			f.String("area", "", "with add: an area's code; empty for everywhere")
			f.String("subjects", "", "with add: subjects, separated by commas; empty for all")
			f.String("ground", string(order.Maintenance), "with add: maintenance or permit")
			f.String("from", "", "with add: when it begins; empty for now")
			f.String("until", "", "with add: when it ends, such as 2026-07-01T20:00:00+08:00")
			f.String("for", "", "with add: instead of --until, how long from now, such as 2h")
			f.String("why", "", "with add and end: the reason")
		},
		run: silenceRun,
	}
}

func levels() string {
	var names []string
	for _, l := range order.Levels()[1:] {
		names = append(names, string(l))
	}
	return strings.Join(names, ", ")
}

// verb takes the verb, the order's id where the verb needs one, and the flags behind them.
func verb(flags *flag.FlagSet, withID ...string) (name, id string, err error) {
	rest := flags.Args()
	if len(rest) > 0 {
		name, rest = rest[0], rest[1:]
	}
	if slices.Contains(withID, name) {
		if len(rest) == 0 || strings.HasPrefix(rest[0], "-") {
			return name, "", fault.New(fault.Invalid, "twoweave", "say which: %s ID, and flags behind it; without a verb the ids are listed", name)
		}
		id, rest = rest[0], rest[1:]
	}
	if err := flags.Parse(rest); err != nil {
		return name, id, fault.New(fault.Invalid, "twoweave", "%v", err)
	}
	return name, id, noArguments(flags)
}

func stateRun(ctx context.Context, env *environment, flags *flag.FlagSet) error {
	name, id, err := verb(flags, "confirm", "end")
	if err != nil {
		return err
	}
	program, err := newRemote(flags)
	if err != nil {
		return err
	}
	switch name {
	case "":
		return showStates(ctx, env.stdout, program)
	case "set":
		return give(ctx, env.stdout, program, "/api/v1/states", map[string]any{"level": text(flags, "level"), "area": text(flags, "area"), "why": text(flags, "why")}, flags)
	case "confirm":
		return act(ctx, env.stdout, program, id, "confirm", nil)
	case "end":
		return act(ctx, env.stdout, program, id, "end", map[string]string{"why": text(flags, "why")})
	}
	return fault.New(fault.Invalid, "state", "%q is none of set, confirm, end", name)
}

func silenceRun(ctx context.Context, env *environment, flags *flag.FlagSet) error {
	name, id, err := verb(flags, "end")
	if err != nil {
		return err
	}
	program, err := newRemote(flags)
	if err != nil {
		return err
	}
	switch name {
	case "", "list":
		return showOrders(ctx, env.stdout, program, order.PutSilence)
	case "add":
		body := map[string]any{"scenarios": words(text(flags, "scenarios")), "subjects": words(text(flags, "subjects")), "area": text(flags, "area"),
			"ground": text(flags, "ground"), "why": text(flags, "why")}
		if err := moment(body, "from", text(flags, "from")); err != nil {
			return err
		}
		return give(ctx, env.stdout, program, "/api/v1/silences", body, flags)
	case "end":
		return act(ctx, env.stdout, program, id, "end", map[string]string{"why": text(flags, "why")})
	}
	return fault.New(fault.Invalid, "silence", "%q is none of list, add, end", name)
}

func words(list string) []string {
	all := []string{}
	for _, w := range strings.Split(list, ",") {
		if w = strings.TrimSpace(w); w != "" {
			all = append(all, w)
		}
	}
	return all
}

// moment puts a time of the command line into a body.
func moment(body map[string]any, field, value string) error {
	if value == "" {
		return nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02 15:04", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(form, value, time.Local); err == nil {
			body[field] = t
			return nil
		}
	}
	return fault.New(fault.Invalid, "twoweave", `--%s is %q; it must be a time such as 2026-07-01T20:00:00+08:00 or "2026-07-01 20:00" (this machine's)`, field, value)
}

func give(ctx context.Context, out io.Writer, program *remote, path string, body map[string]any, flags *flag.FlagSet) error {
	if err := moment(body, "until", text(flags, "until")); err != nil {
		return err
	}
	if last := text(flags, "for"); last != "" {
		body["for"] = last
	}
	var v orderdesk.View
	if err := program.command(ctx, path, body, &v); err != nil {
		return err
	}
	return tell(out, &v)
}

func act(ctx context.Context, out io.Writer, program *remote, id, what string, body any) error {
	if id == "" {
		return fault.New(fault.Invalid, "twoweave", "%s needs the id of an order", what)
	}
	var v orderdesk.View
	if err := program.command(ctx, "/api/v1/orders/"+id+"/"+what, body, &v); err != nil {
		return err
	}
	return tell(out, &v)
}

// tell says what became of an order, and what is missing.
func tell(out io.Writer, v *orderdesk.View) error {
	fmt.Fprintf(out, "order %s is %s: %s, %s, until %s\n", v.ID, v.Status, what(v), place(v), ends(v.Until))
	if v.Status == order.Proposed {
		fmt.Fprintf(out, "It is not in force yet. Another person confirms it by %s: twoweave state confirm %s\n", ends(v.Lapses), v.ID)
	}
	return nil
}

func what(v *orderdesk.View) string {
	if v.Kind == order.PutState {
		return string(v.Level)
	}
	parts := append([]string{"silence (" + string(v.Ground) + ")"}, v.Scenarios...)
	return strings.Join(append(parts, v.Subjects...), " ")
}

func place(v *orderdesk.View) string { return named(v.Area, v.AreaName.EN) }

func named(code event.AreaCode, name string) string {
	if code == "" || name == string(code) {
		return name
	}
	return string(code) + " " + name
}

func ends(t *time.Time) string {
	if t == nil {
		return "it is ended"
	}
	return t.Local().Format("2006-01-02 15:04 -0700")
}

func showStates(ctx context.Context, out io.Writer, program *remote) error {
	var board orderdesk.Board
	if err := program.get(ctx, "/api/v1/states", &board); err != nil {
		return err
	}
	fmt.Fprintf(out, "The city's highest level is %s; %d of %d areas stand above daily. %d silences, %d proposals wait for a second person.\n\n",
		board.Highest, board.Above, len(board.Areas), board.Silences, board.Proposed)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "AREA\tNAME\tLEVEL\tUNTIL\tWHY")
	for _, a := range board.Areas {
		until := ""
		if a.Level != order.Daily {
			until = ends(a.Until)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.Area, a.Name.EN, a.Level, until, line(a.Why))
	}
	if err := w.Flush(); err != nil || board.Above+board.Proposed == 0 {
		return err
	}
	fmt.Fprintln(out)
	if err := showOrders(ctx, out, program, order.PutState); !fault.Is(err, fault.Denied) {
		return err
	}
	fmt.Fprintln(out, "Who ordered it is not for this account to see.")
	return nil
}

// showOrders lists the live orders of a kind.
func showOrders(ctx context.Context, out io.Writer, program *remote, kind order.Kind) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0) // it holds back everything until it is flushed
	fmt.Fprintln(w, "ORDER\tSTATUS\tWHAT\tWHERE\tUNTIL\tBY\tCONFIRMED\tWHY")
	for _, status := range []order.Status{order.Proposed, order.Ordered} {
		for cursor, more := "", true; more; more = cursor != "" {
			var page orderdesk.Page
			if err := program.get(ctx, fmt.Sprintf("/api/v1/orders?kind=%s&status=%s&cursor=%s&limit=200", kind, status, cursor), &page); err != nil {
				return err
			}
			for i := range page.Items {
				v := &page.Items[i]
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", v.ID, v.Status, what(v), place(v), ends(v.Until), v.ByName, v.SecondName, line(v.Why))
			}
			cursor = page.Next
		}
	}
	return w.Flush()
}

// line keeps a text in its row.
func line(s string) string { return strings.Join(strings.Fields(s), " ") }
