package casedesk

import (
	"time"

	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
)

// Board is everything the wall shows in figures. What it says of open cases comes from one snapshot of the records, so that a list with the same filter
// counts the same; signs measured from cases come from another one, a second or two older.
type Board struct {
	At        time.Time         `json:"at"` // log time of the latest value; zero before the first
	Classes   []indicator.Class `json:"classes"`
	Signs     []Sign            `json:"signs"` // by class, in the order of the pack
	OpenCases Counts            `json:"open_cases"`
	StaleSec  int               `json:"stale_after_s"`
}

// Sign is one indicator: the city, and its areas.
type Sign struct {
	Indicator indicator.ID      `json:"indicator"`
	Title     lang.Text         `json:"title"`
	Unit      lang.Text         `json:"unit"`
	Class     indicator.ClassID `json:"class"`  // empty: it has none
	From      indicator.Source  `json:"from"`   // events, or cases: then Cases are the cases it is measured from
	Known     bool              `json:"known"`  // false: no data yet, and Value says nothing
	Value     float64           `json:"value"`  // of the city, to three decimals
	Band      indicator.Band    `json:"band"`   // by the city's bands
	At        time.Time         `json:"at"`     // log time of the latest value, of cases when they were counted; zero before the first
	Before    *float64          `json:"before"` // the value 15 minutes before; null when it is not known
	Normal    *Normal           `json:"normal"` // null: there is less than a week of history
	Cases     int               `json:"cases"`  // behind it: the open ones of the indicator's scenarios, or those it is measured from
	Bands     indicator.Bands   `json:"bands"`  // the city's; with an alarm below attention, lower is worse
	Areas     []AreaSign        `json:"areas"`
}

// Normal is what is usual for the city at this hour: over the hours around this moment of the week, of as many of the last four weeks as there are.
type Normal struct {
	Mean   float64 `json:"mean"`
	Spread float64 `json:"spread"` // standard deviation
	Weeks  int     `json:"weeks"`  // 1 to 4
}

// AreaSign is an indicator in one area.
type AreaSign struct {
	Area  event.AreaCode `json:"area"`
	Value float64        `json:"value"`
	Band  indicator.Band `json:"band"`
}
