package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"twoweave/internal/access"
	"twoweave/internal/base/fault"
	"twoweave/internal/base/ident"
	"twoweave/internal/flow"
	"twoweave/internal/manage/detect"
	"twoweave/internal/platform/blob"
	"twoweave/internal/platform/signing"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/reform/pack"
	"twoweave/internal/registry"
	"twoweave/packs"
)

// contentInForce is the set of packs that new events are checked against. Detection has its own, from the log's control messages.
type contentInForce struct {
	mu  sync.RWMutex
	set *pack.Set
}

func (c *contentInForce) get() *pack.Set {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.set
}

func (c *contentInForce) put(set *pack.Set) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set = set
}

// readPacks reads folders, or the program's own pack when there are none. All problems of all folders are told at once. Where people must vouch for packs, those
// that too few have signed are problems too.
func readPacks(folders []string, trust signing.Trust) ([]*pack.Pack, error) {
	if len(folders) == 0 {
		return builtin(packs.Demo)
	}
	var all []*pack.Pack
	var problems []fault.Problem
	for _, folder := range folders {
		p, err := ReadPack(folder)
		if err == nil && trust.On() {
			p.Vouchers, err = vouchers(trust, folder, p)
		}
		if err != nil && !fault.Is(err, fault.Invalid) {
			return nil, err
		}
		if err != nil {
			problems = append(problems, fault.Problems(err)...)
			continue
		}
		all = append(all, p)
	}
	if problems != nil {
		return nil, fault.Invalidly("app.readPacks", problems...)
	}
	return all, nil
}

// ReadPack reads one pack folder; the problems name files by their path from here.
func ReadPack(folder string) (*pack.Pack, error) {
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return nil, fault.Invalidly("app.ReadPack", fault.Problem{File: folder, Message: "is no folder; a pack is a folder with a pack.yaml"})
	}
	return read(os.DirFS(folder), folder+"/")
}

func builtin(name string) ([]*pack.Pack, error) {
	folder, err := packs.FS(name)
	if err != nil {
		return nil, fault.Wrap("app.builtin", err)
	}
	p, err := read(folder, "packs/"+name+"/")
	return []*pack.Pack{p}, err
}

func read(folder fs.FS, prefix string) (*pack.Pack, error) {
	p, err := pack.Read(folder)
	if err != nil {
		return nil, InFolder(strings.TrimSuffix(prefix, "/"), err)
	}
	return p, nil
}

// InFolder puts a pack's folder before the files that its problems name.
func InFolder(folder string, err error) error {
	problems := fault.Problems(err)
	if problems == nil {
		return err
	}
	for i := range problems {
		problems[i].File = folder + "/" + problems[i].File
	}
	return fault.Invalidly("app.ReadPack", problems...)
}

// activate puts the configured packs in force at the start: nothing happens when they are in force already.
func (a *App) activate(ctx context.Context) error {
	set, err := a.readSet(ctx)
	if err != nil {
		return errors.Join(err, a.auditRefusedPacks(ctx, err))
	}
	return a.put(ctx, set)
}

func (a *App) readSet(ctx context.Context) (*pack.Set, error) {
	all, err := a.o.Packs()
	if err != nil {
		return nil, err
	}
	if _, err = pack.Combine(all...); err != nil { // what is wrong with the packs themselves is told with their files
		if len(a.config.Packs) == 1 { // of several packs, problems bear the pack's name already
			err = InFolder(a.config.Packs[0], err)
		}
		return nil, err
	}
	return a.city.Amended(ctx, all...)
}

// put keeps the packs' content, then writes the activation into the log, then lets new events be checked against it. A crash between these steps leaves
// content that nobody refers to, or an activation that the next start finds in force.
func (a *App) put(ctx context.Context, set *pack.Set) error {
	for _, p := range set.Packs {
		if err := a.blobs.Put(ctx, packKey(p.Hash()), p.Archive()); err != nil {
			return err
		}
	}
	last, err := a.lastActivation(ctx)
	if err != nil {
		return err
	}
	if last.Activation != set.Activation {
		if err := a.auditPacks(ctx, last, set); err != nil {
			return err
		}
		if err := a.writeActivation(ctx, set); err != nil {
			return err
		}
	}
	a.use(set)
	return nil
}

// auditPacks puts on the audit which content is put in force, and who vouched for it. A crash before the activation leaves a row that the next start repeats.
func (a *App) auditPacks(ctx context.Context, last detect.Activation, set *pack.Set) error {
	var rows []access.Audit
	for _, p := range set.Packs {
		if slices.ContainsFunc(last.Packs, func(old detect.ActivatedPack) bool { return old.Hash == p.Hash() }) {
			continue
		}
		row, err := access.Ask(a.o.Clock.Now(), access.Request{Actor: access.Program("packs"), Action: access.ActivatePack, Purpose: access.Operation,
			Thing: access.Thing{Kind: "pack", ID: fmt.Sprintf("%s@%d/%s", p.Name, p.Version, p.Hash())}})
		if err != nil {
			return err
		}
		if len(p.Vouchers) > 0 {
			row.Decision.Reason = "signed by " + strings.Join(p.Vouchers, ", ")
		}
		rows = append(rows, row)
	}
	return a.database.Update(ctx, func(tx *sqldb.Tx) error { return a.records.AppendAudit(tx, rows...) })
}

// auditRefusedPacks puts on the audit that packs were not taken into force, and why.
func (a *App) auditRefusedPacks(ctx context.Context, refused error) error {
	why := fault.Message(refused)
	if problems := fault.Problems(refused); len(problems) > 0 {
		why = problems[0].String()
	}
	row := access.Audit{At: a.o.Clock.Now(), Actor: access.Program("packs").ID, Roles: string(access.System), Action: access.ActivatePack, Thing: "pack/" + strings.Join(a.config.Packs, ","),
		Purpose: access.Operation, Decision: access.Decision{Rule: "none", Reason: why}}
	return a.database.Update(ctx, func(tx *sqldb.Tx) error { return a.records.AppendAudit(tx, row) })
}

// use hands a set to whoever shows names or checks events.
func (a *App) use(set *pack.Set) {
	a.now.put(set)
	a.ingest.Use(set)
	a.desk.Use(flow.CityOf(set))
	a.orders.Use(orderCity(set))
	a.duty.Use(dutyCity(set))
	a.incidents.Use(set.Directory)
	a.appraisals.Use(appraisalCity(set))
	a.exchange.Use(exchangeCity(set))
	a.board.Use(set.Indicators)
}

// activationFile remembers the newest activation in the log, so that an unchanged start writes none. It is only a hint: an activation that is
// written twice changes nothing.
const activationFile = "activation"

func (a *App) lastActivation(ctx context.Context) (detect.Activation, error) {
	body, err := a.blobs.Get(ctx, activationFile)
	if fault.Is(err, fault.NotFound) {
		return detect.Activation{}, nil
	}
	if err != nil {
		return detect.Activation{}, err
	}
	var last detect.Activation
	if json.Unmarshal(body, &last) != nil {
		return detect.Activation{}, nil
	}
	return last, nil
}

func (a *App) writeActivation(ctx context.Context, set *pack.Set) error {
	body := detect.ActivationOf(set).Encode()
	seq, err := a.bus.AppendControl(ctx, "activate-"+ident.New(), body)
	if err != nil {
		return err
	}
	a.o.Log.Info("packs activated", "activation", set.Activation, "position", seq)
	return a.blobs.Put(ctx, activationFile, body)
}

// Reload reads the packs anew and puts all of them in force, or changes nothing. What is wrong is logged, every problem in its own line, and returned.
func (a *App) Reload(ctx context.Context) error {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	set, err := a.readSet(ctx)
	if err == nil {
		err = a.put(ctx, set)
	}
	if err == nil {
		a.o.Log.Info("reloaded", "activation", set.Activation)
		return nil
	}
	a.o.Log.Error("nothing was reloaded; what runs keeps running", "reason", fault.Message(err))
	if kept := a.auditRefusedPacks(ctx, err); kept != nil {
		a.o.Log.Error("the refusal could not be put on the audit", "reason", fault.Message(kept))
	}
	for _, p := range fault.Problems(err) {
		a.o.Log.Error("problem", "where", p.String())
	}
	return err
}

func packKey(h pack.Hash) string { return "packs/" + string(h) }

// loader gives detection the content that a control message names.
type loader struct{ blobs *blob.Dir }

func (l loader) Load(ctx context.Context, act detect.Activation) (*pack.Set, error) {
	var all []*pack.Pack
	for _, p := range act.Packs {
		body, err := l.blobs.Get(ctx, packKey(p.Hash))
		if err != nil {
			return nil, fault.Wrap("app.loader", err)
		}
		opened, err := pack.Open(body)
		if err != nil {
			return nil, fault.Wrap("app.loader", err)
		}
		all = append(all, opened)
	}
	return pack.Combine(all...)
}

// places gives the API the registry in force.
type places struct{ now *contentInForce }

func (p places) Directory() (*registry.Directory, float64, float64) {
	set := p.now.get()
	return set.Directory, set.Frame.Width, set.Frame.Height
}
