// Package notifytest has the other ends of package notify, for tests: an HTTP receiver for SMS and webhooks, and a mail server. Both speak their real
// protocol on a socket of this machine, keep what they got, and answer as they are told; they know nothing of how notify works inside.
package notifytest
