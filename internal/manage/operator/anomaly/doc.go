// Package anomaly scores how unusual a value is for its subject and season: a streaming detector without look-ahead, with one setting for all series.
//
// Each value is judged by what the subject's earlier values make likely, and then learned. How often values come is learned too; gaps, integers, flat lines,
// drift, shifts of level, daily and weekly seasons need no setting.
//
// # What is measured
//
//   - score, from 0 to 1: 0.5 is an alarm, the same for every series. It is s / (s + 9), where the surprise s is about −ln of the probability that
//     a value is so unusual.
//   - value, the number itself; expected, what the best predictor said in its place, missing for the first value.
//
// In plain noise of any kind about one value in 2,000 to 4,000 scores 0.5 or more; hardly one in 30,000 scores 0.6. Nothing scores before 60 values are learned.
//
// One alarm stands for what belongs to it: for the next 36 values, and an hour at least, and then until it is two thirds as surprising as the last alarm
// was, which fades to a half in some 460 values, what would be another scores one third at most. Half as surprising again is an alarm at any time, so a
// rule may ask for more than 0.5. A scenario that is to last as long as the unusual does ends its episodes by hold or by a lower score: when: score >=
// 0.5, until: score < 0.2.
//
// The time of what is judged is the event's. An event without a number, or older than the newest, is neither judged nor learned: predictors and seasons
// follow the order of time, and what was learned later cannot be taken back. Events of the same moment are judged in the order of the log. After 35
// days of silence everything begins anew.
//
// # How
//
// Each value deviates in five ways, and each has its own history (model.go):
//
//   - jump: from what the predictor says that has lately been best. Predictors are the last value, running means, and the profiles of the day (96
//     quarters of an hour) and the week (168 hours), as such and moved by how far the last values were off them (season.go);
//   - season: from the best of those that do not follow the last hours;
//   - swing and still: how much values change lately, against how much they usually do, and the reverse, so that noise, a lost rhythm and a sensor
//     that hangs are noticed;
//   - extent: from the level of thousands of values.
//
// A deviation's surprise comes from the sizes of earlier ones to the same side (usual.go). It is read off the tail of a Weibull distribution through the sizes that one in
// ten and one in a hundred reached, which fits light and heavy tails alike; it is capped by how often so much was really seen; and what is
// greater than ever has a surprise of its own, which grows with how far it is beyond. So the score means the same for each series, whatever
// its unit and its noise. The greatest surprise of the five counts.
//
// # Where it comes from
//
// That errors are judged by their own distribution, and an alarm by one threshold for all: Ahmad, Lavin, Purdy and Agha, "Unsupervised real-time anomaly
// detection for streaming data", Neurocomputing 262 (2017). That thresholds for streams come from the tail of what was seen: Siffer, Fouque, Termier and Largouët,
// "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017. That a season is a profile and the last hours' distance from it: Winters,
// "Forecasting Sales by Exponentially Weighted Moving Averages", Management Science 6 (1960). That the predictor is the one that did best lately: Herbster and
// Warmuth, "Tracking the Best Expert", Machine Learning 32 (1998). The numbers were chosen on the benchmark's three public series and on made-up ones of
// 22 kinds together; package test/anomaly shows the scores on these, and on ten kinds on which nothing was chosen.
//
// # Bounds
//
// A subject's state has less than 7 KB, in a snapshot about 4 KB; an event costs some microseconds. Scores are the same to the last bit on every machine: see
// number.go. Package anomalytest holds the definition of the score by the complete list of values, which the tests compare with.
package anomaly
