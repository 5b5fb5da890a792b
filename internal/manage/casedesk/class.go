package casedesk

import (
	"cmp"
	"slices"

	"twoweave/internal/base/lang"
	"twoweave/internal/manage/casework"
	"twoweave/internal/manage/matter"
)

// ClassView is a matter class as it is shown: its daily terms.
type ClassView struct {
	ID      matter.ClassID `json:"id"`
	Title   lang.Text      `json:"title"`
	Kind    matter.Kind    `json:"kind"`
	Major   lang.Text      `json:"major"`
	Filing  lang.Text      `json:"filing"`
	Closing lang.Text      `json:"closing"`
	Unit    string         `json:"unit"`   // kind of unit
	Limits  []string       `json:"limits"` // of each phase, as it is written: "2 working days"
	Phases  []PhaseView    `json:"phases"`
	Light   bool           `json:"light"`
	Source  string         `json:"source"`
	Assumed bool           `json:"assumed"`
}

// Classes answers all matter classes, by major class and title.
func (d *Desk) Classes() []ClassView {
	city, all := d.city.Load(), []ClassView{}
	for _, m := range city.Classes {
		limits := casework.LimitsOf(m, m.Terms, city.Calendar)
		v := ClassView{
			ID: m.ID, Title: m.Title, Kind: m.Kind, Major: m.Major, Filing: m.Filing, Closing: m.Closing, Unit: m.Unit, Limits: []string{},
			Phases: phaseViews(&limits), Light: m.Light, Source: m.Source, Assumed: m.Assumed,
		}
		for _, p := range m.All() {
			v.Limits = append(v.Limits, p.Limit.String())
		}
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b ClassView) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Major.ZH, b.Major.ZH), cmp.Compare(a.Title.ZH, b.Title.ZH), cmp.Compare(a.ID, b.ID))
	})
	return all
}
