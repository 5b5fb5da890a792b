package app

import (
	"twoweave/internal/access"
	"twoweave/internal/gateway/web"
)

// buildPages makes the pages for people.
func (a *App) buildPages() (*web.Handler, error) {
	return web.New(web.Options{Actor: a.signin.Actor, Demo: a.o.Demo, Visitors: a.visitorCards(), Log: a.o.Log.With("part", "web")})
}

// visitorCards are the accounts that the demo's landing page offers, each with the page that its work begins on.
func (a *App) visitorCards() []web.Visitor {
	if !a.o.Demo {
		return nil
	}
	var cards []web.Visitor
	for _, v := range visitors {
		to := "/console?open=true"
		switch v.Roles[0] {
		case access.FieldWorker:
			to = "/field"
		case access.Viewer:
			to = "/wall"
		}
		cards = append(cards, web.Visitor{ID: v.ID, Name: v.Name, To: to})
	}
	return cards
}
