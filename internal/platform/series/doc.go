// Package series keeps the city's measures as time series and answers PromQL about them.
//
// A series is a metric name with labels ("open_cases", area=310115005); a sample is one value of it at one time. The store underneath
// is the Prometheus time series database in a folder of its own, and the query language is Prometheus' own engine, so every dashboard
// tool that speaks to Prometheus can read the city.
//
// What it is: history for screens and comparisons, which can be rebuilt. The event log and the SQL records are the truth; a series is
// never read to decide anything. That is why an append is not synced to disk before it returns: after a power cut the last seconds may be
// missing, and after the loss of the folder a replay of the log fills a new one.
//
// What it promises. No sample disappears in silence: each one offered is stored, or is counted in Stats under the reason it was not, and
// the log says so once a minute. Samples may come late by up to OutOfOrderWindow behind the newest sample of the store; the same sample
// twice is harmless. A sample far ahead of the clock is refused, because one such sample would make every later true one too old. A query is
// bounded in time, in samples and in points, and exceeding a bound is an error, never a shortened answer.
//
// What it never does: it reads no clock but the one passed in for what it decides itself (retention, "now" of a query), and it keeps no
// personal values: labels are areas, scenarios and devices.
package series
