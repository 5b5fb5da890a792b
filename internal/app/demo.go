package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/demo"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/records/manage"
	"twoweave/internal/registry"
)

// DemoOptions say how a demo runs.
type DemoOptions struct {
	Config     Config
	Log        *slog.Logger
	Out        io.Writer     // what the person at the terminal reads
	Report     bool          // compare with the truth at the end
	For        time.Duration // how long; 0 = until told to stop
	TruthSeed  uint64
	DeviceSeed uint64
}

// visitors are the accounts that anyone may enter in the demo.
var visitors = []manage.Account{
	{ID: demo.VisitorPrefix + "duty", Name: "值班长 / Duty officer", Roles: []access.Role{access.Operator, access.Dispatcher, access.Verifier}},
	{ID: demo.VisitorPrefix + "field", Name: "水务处置员 / Water field worker", Roles: []access.Role{access.FieldWorker}, Unit: "water-bureau"},
	{ID: demo.VisitorPrefix + "wall", Name: "大屏观众 / Wall viewer", Roles: []access.Role{access.Viewer}},
	{ID: demo.VisitorPrefix + "admin", Name: "系统管理员 / Administrator", Roles: []access.Role{access.Admin}},
}

func visitorIDs() []string {
	ids := make([]string, len(visitors))
	for i, v := range visitors {
		ids[i] = v.ID
	}
	return ids
}

// Demo runs a program with a simulated city before its gateways, until ctx ends or the time is over. attend serves the program meanwhile (reloads, failures).
func Demo(ctx context.Context, o DemoOptions, attend func(context.Context, *App) error) error {
	begun := clock.System{}.Now()
	fmt.Fprintln(o.Out, "Starting: database, log, history …")
	fresh, err := tellPast(ctx, o, begun)
	if err != nil {
		return err
	}
	phones, closePhones, err := smsGateway()
	if err != nil {
		return err
	}
	defer closePhones()
	o.Config.Notify.SMS.URL = phones
	closeWitness, err := startWitness(&o.Config, clock.System{})
	if err != nil {
		return err
	}
	defer closeWitness()
	others, err := demoPartners(&o)
	if err != nil {
		return err
	}
	defer others.close()
	o.Config.Owners = append(o.Config.Owners, demoOwners...)
	program, err := New(o.Config, Options{Clock: clock.System{}, Log: o.Log, Demo: true, Visitors: visitorIDs()})
	if err != nil {
		return err
	}
	if err := program.Start(ctx); err != nil {
		return err
	}
	city, err := program.simulate(ctx, o, begun, fresh)
	if err != nil {
		return errors.Join(err, program.Stop(context.WithoutCancel(ctx)))
	}
	fmt.Fprintf(o.Out, "Ready after %s.\n\n    %s\n\nEverything you see is simulated. Data: %s. Devices: %s. SMS to residents: %s. Hotline 12345: %s. Power company: %s. Heads of the audit: %s. Ctrl-C stops.\n",
		clock.System{}.Now().Sub(begun).Round(10*time.Millisecond), program.URL(), o.Config.Data, devicesAt(program), phones, others.hotline.url, others.power.url, program.path(witnessFile))
	defer others.run(ctx, program.URL())()
	return program.live(ctx, o, city, attend)
}

// devicesAt is where devices come to, in words.
func devicesAt(a *App) string {
	if a.MQTT() == "" {
		return "not by MQTT"
	}
	return "mqtt://" + a.MQTT()
}

// demoOwners are told first of what is theirs: building sites, and a fleet of taxis.
var demoOwners = Owners{
	{Subject: "dust-*", Name: "工地值班室 / Site office", Phone: "13800001001"},
	{Subject: "site-*", Name: "工地值班室 / Site office", Phone: "13800001001"},
	{Subject: "沪A·DT*", Name: "出租车公司调度室 / Taxi company's control room", Phone: "13800001002"},
}

// smsGateway starts the made-up city's SMS provider, which shows what people would get on their phones.
func smsGateway() (url string, closing func() error, err error) {
	return outside(&demo.SMSGateway{Clock: clock.System{}})
}

// outside serves a simulated system on a port of its own.
func outside(h http.Handler) (url string, closing func() error, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fault.New(fault.Unavailable, "app.outside", "no port for a simulated system: %v", err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener) // ends with Close
	return "http://" + listener.Addr().String(), server.Close, nil
}

// live lets the city live, reports when asked, and stops the program after its city.
func (a *App) live(ctx context.Context, o DemoOptions, city *demo.City, attend func(context.Context, *App) error) error {
	lifetime, end := context.WithCancel(ctx)
	defer end()
	if o.For > 0 {
		lifetime, end = context.WithTimeout(lifetime, o.For)
		defer end()
	}
	lived := make(chan error, 1)
	reported := make(chan struct{})
	go func() {
		defer close(reported)
		lived <- city.Run(lifetime)
		if o.Report {
			a.report(o.Out, city)
		}
	}()
	// The program is attended until the city has ended and its report is written.
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	go func() { <-reported; stop() }()
	err := attend(serving, a)
	end()
	<-reported
	return errors.Join(err, <-lived)
}

func (a *App) report(out io.Writer, city *demo.City) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	scores, err := city.Report(ctx)
	if err != nil {
		fmt.Fprintf(out, "No report: %s\n", err)
		return
	}
	fmt.Fprintln(out, "\nWhat happened in the simulated city, and what was found:")
	demo.WriteReport(out, scores)
}

// simulate makes the accounts of the city's people and devices and prepares the city.
func (a *App) simulate(ctx context.Context, o DemoOptions, begun time.Time, fresh bool) (*demo.City, error) {
	keys, err := a.demoKeys(ctx)
	if err != nil {
		return nil, err
	}
	var officers []demo.Officer
	for _, p := range a.cast() {
		if p.role != string(access.Device) && p.account.Unit != demo.PowerPeer { // the power company's work is done by its own system
			officers = append(officers, demo.Officer{Name: p.account.ID, Key: keys[p.account.ID], Role: p.role})
		}
	}
	return demo.New(ctx, demo.Options{Base: a.URL(), MQTT: a.MQTT(), DeviceName: "demo-devices", DeviceKey: keys["demo-devices"], WatchKey: keys["demo-operator-1"],
		Officers: officers, TruthSeed: o.TruthSeed, DeviceSeed: o.DeviceSeed, Begun: begun, Fresh: fresh, Clock: clock.System{}, Log: o.Log.With("part", "demo")})
}

// player is one simulated person, or the devices.
type player struct {
	account manage.Account
	role    string
}

// cast is everyone in the simulated city: the centre's officers, a field worker in every unit, and the devices.
func (a *App) cast() []player {
	all := []player{{manage.Account{ID: "demo-devices", Name: "设备 / Devices", Roles: []access.Role{access.Device}}, string(access.Device)}}
	add := func(id, name string, role access.Role, unit registry.UnitID) {
		all = append(all, player{manage.Account{ID: id, Name: name, Roles: []access.Role{role}, Unit: unit}, string(role)})
	}
	add("demo-operator-1", "模拟受理员 / Simulated operator", access.Operator, "")
	add("demo-dispatcher-1", "模拟派遣员 / Simulated dispatcher", access.Dispatcher, "")
	add("demo-verifier-1", "模拟核查员 / Simulated verifier", access.Verifier, "")
	for _, u := range a.now.get().Directory.Units {
		add("demo-field-"+string(u.ID), u.Name.ZH+"模拟处置员 / Simulated field worker, "+u.Name.EN, access.FieldWorker, u.ID)
	}
	return all
}

// demoKeys are the keys of the cast, kept beside the data so that the demo can be started again on it.
func (a *App) demoKeys(ctx context.Context) (map[string]string, error) {
	path := filepath.Join(a.config.folder(a.config.Keys, "keys"), "demo.json")
	keys := map[string]string{}
	if body, err := os.ReadFile(path); err == nil {
		return keys, fault.Wrap("app.demoKeys", json.Unmarshal(body, &keys))
	}
	err := a.database.Update(ctx, func(tx *sqldb.Tx) error {
		for _, p := range a.cast() {
			p.account.CreatedAt = a.o.Clock.Now()
			_, key, err := a.records.CreateAccount(tx, p.account)
			if err != nil {
				return err
			}
			keys[p.account.ID] = key
		}
		for _, v := range visitors {
			v.CreatedAt = a.o.Clock.Now()
			if _, _, err := a.records.CreateAccount(tx, v); err != nil {
				return err // its key is thrown away: visitors enter without
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(keys)
	if err != nil {
		return nil, err
	}
	return keys, fault.Wrap("app.demoKeys", writeDurably(path, body))
}
