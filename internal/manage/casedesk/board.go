package casedesk

import (
	"time"

	"twoweave/internal/base/lang"
	"twoweave/internal/manage/event"
	"twoweave/internal/manage/indicator"
)

// Board is everything the wall shows in figures. Its cases come from one snapshot of the records, so that a list with the same filter counts the same.
type Board struct {
	At        time.Time `json:"at"` // log time of the latest value; zero before the first
	Signs     []Sign    `json:"signs"`
	OpenCases Counts    `json:"open_cases"`
	StaleSec  int       `json:"stale_after_s"`
}

// Sign is one indicator: the sum of its areas, and the areas.
type Sign struct {
	Indicator indicator.ID    `json:"indicator"`
	Title     lang.Text       `json:"title"`
	Unit      lang.Text       `json:"unit"`
	Value     float64         `json:"value"`
	Band      indicator.Band  `json:"band"`  // of the sum, by the city's bands
	At        time.Time       `json:"at"`    // log time of the latest value; zero before the first
	Cases     int             `json:"cases"` // open cases of the indicator's scenarios
	Bands     indicator.Bands `json:"bands"` // the city's
	Areas     []AreaSign      `json:"areas"`
}

// AreaSign is an indicator in one area.
type AreaSign struct {
	Area  event.AreaCode `json:"area"`
	Value float64        `json:"value"`
	Band  indicator.Band `json:"band"`
}
