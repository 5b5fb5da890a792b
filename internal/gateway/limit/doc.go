// Package limit is the doorkeeper of the HTTP gateways: how much anybody may ask for, and how slowly.
//
// Every limit stands in one table (Limits), with its default and what it is for; docs/operations.md shows the same table, and a test compares them. A limit is
// held by address, by account, or for the program as a whole. What is counted by address or account is kept for a bounded number of them: whoever was quiet
// longest is forgotten first, and then counts as new, which gives nobody more than one burst.
//
// The address of a client is that of its connection. Behind a proxy that the configuration trusts it is the last address in X-Forwarded-For that no trusted
// proxy has; what strangers write into that header counts for nothing.
//
// Whoever is over a limit is told so: 429 or 503 with Retry-After, 413 for too large, 408 for too slow, 400 for nested too deeply, 415 for a packed body; a
// connection too many is closed without a word, for words cost as much as an answer. Each refusal is counted under the limit's name
// (twoweave_gate_refused_total).
package limit
