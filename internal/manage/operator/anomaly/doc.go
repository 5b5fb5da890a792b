// Package anomaly scores how unusual a value is for its subject and season: a streaming detector without look-ahead.
//
// Each value is compared with what its own past makes likely, then learned.
package anomaly
