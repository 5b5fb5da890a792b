// Package anomaly scores the anomaly operator by the Numenta Anomaly Benchmark, standard profile, beside the benchmark's own windowed Gaussian detector.
//
// The scoring is that of Lavin and Ahmad, "Evaluating Real-Time Anomaly Detection Algorithms – the Numenta Anomaly Benchmark" (2015): of the alarms in a
// labelled window the earliest counts, the more the earlier; an alarm outside costs 0.11, less when it comes right after a window; a window without an alarm
// costs 1; the first 15 percent of a series, of at most 5000 rows, are not judged. One threshold holds for all series of a corpus. A test shows that the baseline
// gets what the benchmark has published for it. The public series are read from ../shared/data beside the repository, and their absence fails the test; series
// of 22 more kinds are made up here, from a seed.
//
// There is only a test here.
package anomaly
