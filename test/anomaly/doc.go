// Package anomaly scores the anomaly operator by the Numenta Anomaly Benchmark (Lavin and Ahmad, 2015), standard profile, beside the benchmark's own
// windowed Gaussian detector.
//
// There is only a test here.
package anomaly
