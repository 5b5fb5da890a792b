// Package notify brings messages to people and to other systems: by SMS, by mail, by webhook, and into the inbox of the program itself.
//
// # How it works
//
// Put writes a message as a row in the caller's transaction: nothing is sent before that commits, and if it does not commit, nothing was said. A Sender
// leases rows that are due and hands each to the carrier of its channel. What arrived is marked as sent. What failed is tried again, after seconds at
// first and after an hour at last. What is refused for good, or has been tried for a day, becomes a dead letter: it is kept with the reason in plain
// words until somebody mends it (Mend), sends it again (Resend) or gives it up (Cancel). What a receiver says to us rather than to the message (HTTP 401
// and 407, everything that a mail server says before it is given a mail) is no refusal: it waits until the configuration is put right. An in-app message
// needs no Sender: it stands in its recipient's Inbox as soon as it is committed and its time has come.
//
// # What it promises
//
// The same ID put twice is one message, as long as its row is kept (Options.KeepSent). Every message is sent at least once: if the program dies between the
// receiver's answer and its own note of it, the message goes again, under the same key (Message.Key), by which receivers recognise it: the idempotency
// key of an SMS, the Message-ID of a mail, the webhook-id and the CloudEvents id of a webhook. A receiver that does not compare keys may get a message
// twice. Messages are in no order, not even those to one receiver; whoever needs one reads it from the content.
//
// Receivers do not wait for one another. Each has places of its own (Options.Parallel), and each pauses by itself when several messages in a row fail
// there: the SMS gateway, the mail server, and every webhook receiver by its name. After a pause one message at a time tries it, until one gets through.
// A receiver's Retry-After is kept to, up to an hour. Any number of Senders may work on one database.
//
// # Personal values
//
// The address and the text of a message are personal. They are kept in the row until it is removed: sent and cancelled ones after 30 days, dead letters
// and inboxes after 90, by Options; Erase removes all messages of one recipient at once. Lists show the address masked and the text not at all, unless a
// caller that has asked access says Plain. No log, no error and no reason of this package holds an address or a text in full, nor what a receiver
// answered beyond its status, since answers repeat addresses; a Message that is logged or printed shows itself masked. Who must keep a person's values
// under the person's key (package vault) puts sealed values into a message and gives the Sender Options.Reveal, which opens them for the moment of
// sending.
//
// It never decides who is told what, and knows no cases: About is a caller's word.
package notify
