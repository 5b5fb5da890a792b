package appraisal

import (
	"slices"
	"time"

	"twoweave/internal/base/lang"
)

// By is what figures are grouped by.
type By string

const (
	ByWorker   By = "worker"   // who handles and visits
	ByOperator By = "operator" // who takes, files and dispatches
	ByUnit     By = "unit"
	ByArea     By = "area"
	ByClass    By = "class"
	ByScenario By = "scenario"
)

// Groupings are all of them, in the order in which a page shows them.
func Groupings() []By { return []By{ByUnit, ByArea, ByWorker, ByOperator, ByClass, ByScenario} }

// Fate narrows acts by what became of their case until now.
type Fate string

const (
	AnyFate   Fate = ""
	Stood     Fate = "stood"     // it was not voided
	Confirmed Fate = "confirmed" // it was filed and not voided
	WasVoided Fate = "voided"
)

// Cond is which acts count.
type Cond struct {
	What   What
	Timing Timing // Untimed: whether in time or not
	Timed  bool   // only those of which that can be said
	Fate   Fate
}

// Shape says how a figure reads.
type Shape string

const (
	Count  Shape = "count"
	Rate   Shape = "rate" // Num / Of, or with Less 1 - Num / Of
	Mean   Shape = "mean" // of ratings
	Median Shape = "median"
	Ninth  Shape = "p90"     // the time within which nine of ten were done
	Open   Shape = "overdue" // cases that are over their limit now, whatever the period
	Score  Shape = "score"
)

// Figure is one figure: what counts, out of what, and its words.
type Figure struct {
	ID    string
	Shape Shape
	Num   Cond
	Of    Cond
	Less  bool // a rate of what did not happen: accuracy from mistakes
	High  bool // more is better
	Title lang.Text
	Help  lang.Text
}

// Against are the acts that a person asks for when a figure is not good: those that spoil a rate, else those that count.
func (f *Figure) Against() Cond {
	switch {
	case f.Shape == Rate && f.Num.Timing == InTime:
		c := f.Num
		c.Timing = Late
		return c
	case f.Shape == Rate && f.Num.Fate == Stood || f.Shape == Rate && f.Num.Fate == Confirmed:
		c := f.Num
		c.Fate = WasVoided
		return c
	}
	return f.Num
}

// Timed says whether the figure is of how long acts took.
func (f *Figure) Timed() bool { return f.Shape == Median || f.Shape == Ninth }

func words(zh, en, helpZH, helpEN string) (title, help lang.Text) {
	return lang.Text{ZH: zh, EN: en}, lang.Text{ZH: helpZH, EN: helpEN}
}

func count(id string, w What, high bool, zh, en, helpZH, helpEN string) Figure {
	f := Figure{ID: id, Shape: Count, Num: Cond{What: w}, High: high}
	f.Title, f.Help = words(zh, en, helpZH, helpEN)
	return f
}

func rate(id string, num, of Cond, less bool, zh, en, helpZH, helpEN string) Figure {
	f := Figure{ID: id, Shape: Rate, Num: num, Of: of, Less: less, High: less || num.Timing == InTime || num.Fate != AnyFate}
	f.Title, f.Help = words(zh, en, helpZH, helpEN)
	return f
}

func other(id string, s Shape, num Cond, zh, en, helpZH, helpEN string) Figure {
	f := Figure{ID: id, Shape: s, Num: num, High: s == Mean || s == Score}
	f.Title, f.Help = words(zh, en, helpZH, helpEN)
	return f
}

func inTime(id string, w What, zh, en, helpZH, helpEN string) Figure {
	return rate(id, Cond{What: w, Timing: InTime}, Cond{What: w, Timed: true}, false, zh, en, helpZH, helpEN)
}

var (
	handled = count("handled", Handled, true, "处置", "handled", "期内处置完毕的案件，当场办结的也算", "Cases handled in the period, those settled on the spot included")
	onTime  = inTime("on-time", Handled, "按时处置率", "on time", "有时限的处置中，在时限内完成的比例", "Of the handlings that have a limit, those within it")
	rework  = rate("rework", Cond{What: Reworked}, Cond{What: Handled}, false, "返工率", "rework", "核查不通过的次数与处置次数之比", "Handlings that verification sent back, against all handlings")
	median  = other("median", Median, Cond{What: Handled}, "处置中位时长", "median time", "从派遣到处置完毕，一半案件所用的时间不超过它", "From dispatch to handled: half of the cases took no longer")
	ninth   = other("p90", Ninth, Cond{What: Handled}, "九成时长", "nine in ten within", "从派遣到处置完毕，九成案件所用的时间不超过它", "From dispatch to handled: nine of ten cases took no longer")
	overdue = other("overdue", Open, Cond{}, "当前超时", "overdue now", "此刻已超时限、尚未处置的案件，与所选期间无关", "Cases over their limit at this moment, whatever the period")
	begun   = count("opened", Opened, false, "受理", "opened", "期内开始的案件", "Cases that began in the period")
	ended   = count("closed", Closed, true, "结案", "closed", "期内结案的案件", "Cases closed in the period")
	again   = rate("reopened", Cond{What: Reopened}, Cond{What: Closed}, false, "重新打开率", "reopened", "重新打开的次数与结案次数之比", "Cases opened again, against cases closed")
	rating  = other("rating", Mean, Cond{What: Rated}, "满意度", "rating", "诉求人评价的平均分，一至五分", "The mean of what reporters said, 1 to 5")
	score   = other("score", Score, Cond{}, "综合评分", "score",
		"满分 100：按时处置率占 50，不返工 20，不重开 15，满意度 15；没有数据的部分不计，按其余部分折算",
		"Out of 100: on time 50, no rework 20, not reopened 15, rating 15; a part without data is left out and the others count for it")
)

// Figures are those of a grouping, in the order of the page's columns.
func Figures(by By) []Figure {
	switch by {
	case ByWorker:
		return []Figure{
			count("reports", Reported, true, "上报", "reported", "自己发现并上报的案件", "Cases that they found and reported themselves"),
			rate("valid", Cond{What: Reported, Fate: Stood}, Cond{What: Reported}, false, "有效上报率", "valid", "上报后没有作废的比例", "Of their reports, those that were not voided"),
			handled, onTime, rework,
			count("verified", Verified, true, "核查", "verified", "核查处置结果，或立案前到现场核实", "Verified what was handled, or visited a place before filing"),
			inTime("verified-on-time", Verified, "按时核查率", "verified on time", "四小时内完成核查的比例", "Of the verifications, those within four hours"),
			median,
		}
	case ByOperator:
		return []Figure{
			count("taken", Taken, true, "接报", "taken", "接听并受理的诉求", "Reports of the public that they took"),
			count("filed", Filed, true, "立案", "filed", "立案的案件", "Cases that they filed"),
			inTime("filed-on-time", Filed, "按时立案率", "filed on time", "受理后三十分钟内立案的比例", "Filed within thirty minutes of acceptance"),
			count("dispatched", Dispatched, true, "派遣", "dispatched", "派遣的案件", "Cases that they dispatched"),
			inTime("dispatched-on-time", Dispatched, "按时派遣率", "dispatched on time", "立案后三十分钟内派遣的比例", "Dispatched within thirty minutes of filing"),
			rate("accuracy", Cond{What: Misdirected}, Cond{What: Dispatched}, true, "派遣准确率", "right unit", "派遣后没有被退回的比例", "Of their dispatches, those that no unit gave back"),
			count("closed", Closed, true, "结案", "closed", "结案的案件", "Cases that they closed"),
		}
	case ByScenario:
		return []Figure{
			count("detected", Opened, false, "发现", "detected", "场景在期内发现并受理的案件", "Cases that the scenario found in the period"),
			rate("precision", Cond{What: Opened, Fate: Confirmed}, Cond{What: Opened}, false, "准确率", "precision", "发现的案件中，已立案且没有作废的比例", "Of what it found, what was filed and not voided"),
			other("detect", Median, Cond{What: Opened}, "发现用时（中位）", "time to detect (median)", "从情况开始到受理", "From when the condition began to acceptance"),
			handled, onTime, median, ninth, overdue,
		}
	case ByUnit:
		return []Figure{
			handled, onTime, overdue, rework,
			rate("returned", Cond{What: Returned}, Cond{What: Dispatched}, false, "退单率", "given back", "退回的案件与派来的案件之比", "Cases given back, against cases dispatched to it"),
			rate("extended", Cond{What: Extended}, Cond{What: Dispatched}, false, "延期率", "extended", "延期的次数与派来的案件之比", "Extensions, against cases dispatched to it"),
			count("urged", Urged, false, "督办", "urged", "被督办的次数", "How often it was urged"),
			count("escalated", Escalated, false, "超时升级", "escalated", "时限已过而升级的次数", "How often a limit passed and the next level was called"),
			median, ninth,
		}
	case ByArea:
		return []Figure{score, begun, ended, onTime, overdue, rework, again, rating, median, ninth}
	case ByClass:
		return []Figure{begun, ended, onTime, overdue, rework, again, rating, median, ninth}
	}
	return nil
}

// FigureOf is a grouping's figure with an id.
func FigureOf(by By, id string) (Figure, bool) {
	all := Figures(by)
	i := slices.IndexFunc(all, func(f Figure) bool { return f.ID == id })
	if i < 0 {
		return Figure{}, false
	}
	return all[i], true
}

// Value is a figure as a number. Known is false when there is nothing to make it from.
type Value struct {
	Known bool
	Value float64 // a rate is 0 to 1, a time is in seconds
	Num   int64   // how many acts count
	Of    int64   // of a rate: out of how many
}

// Tally is how many acts meet a condition, and the sum of their ratings.
type Tally struct {
	N   int64
	Sum int64
}

// Sums are what figures of one key are made of.
type Sums struct {
	Name    string // of who acted, when the key is a person
	Tallies map[Cond]Tally
	Times   map[What]Times
	Overdue int64
}

// Times are of acts of which it is known how long they took.
type Times struct {
	N              int64
	Median, Ninety time.Duration
}

// Of makes a figure of sums.
func (s *Sums) Of(f *Figure) Value {
	n := s.Tallies[f.Num].N
	switch f.Shape {
	case Count:
		return Value{Known: true, Value: float64(n), Num: n}
	case Rate:
		return share(n, s.Tallies[f.Of].N, f.Less)
	case Mean:
		return quotient(s.Tallies[f.Num].Sum, n)
	case Median:
		t := s.Times[f.Num.What]
		return Value{Known: t.N > 0, Value: t.Median.Seconds(), Num: t.N}
	case Ninth:
		t := s.Times[f.Num.What]
		return Value{Known: t.N > 0, Value: t.Ninety.Seconds(), Num: t.N}
	case Open:
		return Value{Known: true, Value: float64(s.Overdue), Num: s.Overdue}
	case Score:
		return s.score()
	}
	return Value{}
}

func share(n, of int64, less bool) Value {
	v := Value{Known: of > 0, Num: n, Of: of}
	if !v.Known {
		return v
	}
	if v.Value = float64(n) / float64(of); less {
		v.Value = 1 - v.Value
	}
	return v
}

func quotient(sum, n int64) Value {
	if n == 0 {
		return Value{}
	}
	return Value{Known: true, Value: float64(sum) / float64(n), Num: n}
}

// score is the combined score of an area. A part that is below nothing (more rework than handlings, by acts of earlier periods) counts as nothing.
func (s *Sums) score() Value {
	stars := s.Of(&rating)
	stars.Value = (stars.Value - 1) / 4
	var points, weight float64
	for _, part := range [...]struct {
		v      Value
		weight float64
		less   bool
	}{{s.Of(&onTime), 50, false}, {s.Of(&rework), 20, true}, {s.Of(&again), 15, true}, {stars, 15, false}} {
		if !part.v.Known {
			continue
		}
		good := part.v.Value
		if part.less {
			good = max(0, 1-good)
		}
		points, weight = points+part.weight*good, weight+part.weight
	}
	if weight == 0 {
		return Value{}
	}
	return Value{Known: true, Value: 100 * points / weight}
}

// Conds are all conditions that a grouping's figures ask for.
func Conds(by By) (all []Cond) {
	add := func(f *Figure, c Cond) {
		if c.What != "" && !slices.Contains(all, c) && !f.Timed() {
			all = append(all, c)
		}
	}
	figures := Figures(by)
	if by == ByArea {
		figures = append(figures, onTime, rework, again, rating)
	}
	for i := range figures {
		add(&figures[i], figures[i].Num)
		add(&figures[i], figures[i].Of)
	}
	return all
}

// Timed are the acts whose times a grouping's figures ask for.
func Timed(by By) (all []What) {
	for _, f := range Figures(by) {
		if f.Timed() && !slices.Contains(all, f.Num.What) {
			all = append(all, f.Num.What)
		}
	}
	return all
}
