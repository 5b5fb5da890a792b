package app

import (
	"twoweave/internal/base/lang"
	"twoweave/internal/manage/appraisaldesk"
	"twoweave/internal/manage/scenario"
	"twoweave/internal/reform/pack"
)

// appraisalCity is the names of what figures of work are about.
func appraisalCity(set *pack.Set) appraisaldesk.City {
	c := appraisaldesk.City{Directory: set.Directory, Classes: set.Classes, Scenarios: map[scenario.ID]lang.Text{}}
	for _, s := range set.Scenarios {
		c.Scenarios[s.ID] = s.Title
	}
	return c
}
