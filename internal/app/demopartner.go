package app

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"sync"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/clock"
	"twoweave/internal/base/lang"
	"twoweave/internal/demo"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/exchange"
	"twoweave/internal/manage/matter"
	"twoweave/internal/platform/notify"
	"twoweave/internal/registry"
)

// partners are the simulated systems with which the demo exchanges work orders.
type partners struct{ hotline, power partner }

type partner struct {
	*demo.Partner
	url     string
	secret  notify.Secret
	closing func() error
}

// hotlineOrders is about how often the simulated hotline has an order.
const hotlineOrders = 40 * time.Second

// demoAreas are where the simulated hotline's callers live.
var demoAreas = []string{"310115004000", "310115005000", "310115007000", "310115008000", "310115009000"}

// demoPartners starts a simulated 12345 and a power company, and sets them up as peers.
func demoPartners(o *DemoOptions) (p partners, err error) {
	if p.hotline, err = newPartner(o, "12345 市民服务热线 / citizens' hotline"); err != nil {
		return p, err
	}
	p.hotline.Say = demo.Hotline(o.TruthSeed, hotlineOrders, demoAreas)
	if p.power, err = newPartner(o, "供电公司 / power company"); err != nil {
		return p, err
	}
	p.power.Hear = demo.Repairs(o.TruthSeed)
	classes := map[string]matter.ClassID{}
	for theirs, class := range demo.HotlineClasses {
		classes[theirs] = matter.ClassID(class)
	}
	o.Config.Notify.Source = "urn:twoweave:demo"
	o.Config.Notify.Allow = append(o.Config.Notify.Allow, "127.0.0.1")
	o.Config.Exchange.Peers = append(o.Config.Exchange.Peers,
		&exchange.Peer{ID: demo.HotlinePeer, Name: lang.Text{ZH: "12345 热线", EN: "Hotline 12345"}, Webhook: p.hotline.hook(), Secrets: []notify.Secret{p.hotline.secret}, Role: access.Operator,
			Classes: classes, Class: "bus-shelter", Area: event.AreaCode(demoAreas[0]), Words: theirWords, Pull: p.hotline.url + "/feed", Every: 20 * time.Second},
		&exchange.Peer{ID: demo.PowerPeer, Name: lang.Text{ZH: "供电公司", EN: "Power company"}, Webhook: p.power.hook(), Secrets: []notify.Secret{p.power.secret}, Role: access.FieldWorker,
			Purpose: access.Casework, Words: theirWords, Units: []registry.UnitID{demo.PowerPeer}, Pull: p.power.url + "/feed", Every: 20 * time.Second})
	return p, nil
}

// theirWords is how both call where a case stands.
var theirWords = map[casework.State]string{
	casework.Accepted: "已受理", casework.Filed: "已立案", casework.Dispatched: "已派单", casework.Handling: "办理中", casework.Suspended: "暂缓", casework.Returned: "重新派单", casework.Handled: "已办理",
	casework.Verified: "已核实", casework.Closed: "已办结", casework.Voided: "不予受理", casework.Merged: "并入同一诉求",
}

func newPartner(o *DemoOptions, title string) (p partner, err error) {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	p.secret = notify.Secret("whsec_" + base64.StdEncoding.EncodeToString(key))
	p.Partner = &demo.Partner{Title: title, Secret: key, Clock: clock.System{}, Log: o.Log.With("part", "demo")}
	p.url, p.closing, err = outside(p.Partner)
	return p, err
}

func (p *partner) hook() exchange.Webhook {
	return exchange.Webhook{URL: p.url + "/hook", Secrets: []notify.Secret{p.secret}}
}

// run lets the partners speak to a program; what it returns stops them.
func (p *partners) run(ctx context.Context, base string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	for id, one := range map[string]partner{demo.HotlinePeer: p.hotline, demo.PowerPeer: p.power} {
		one.Connect(base + "/api/v1/exchange/" + id + "/orders")
		all.Go(func() { _ = one.Run(ctx) }) // ends with ctx
	}
	return func() { cancel(); all.Wait() }
}

func (p *partners) close() {
	_ = p.hotline.closing()
	_ = p.power.closing()
}
