// Package exchange gives work orders to other systems and takes theirs: the city's hotline (12345) sends an order and hears what becomes of it; a company that
// repairs what it owns gets the case as an order and answers when it is done.
//
// # The words
//
// A Peer is another system. An Order is one matter between it and us, made by one side under a number of its own: In is theirs and stands for a report, Out
// is ours and stands for a case that was dispatched to a unit which is reached through the peer. What the sides say about an order are messages: CloudEvents, of
// which each has an id, signed as Standard Webhooks. Package notify carries ours; Feed is the same messages once more, in order, for a peer that asks; and
// a Puller asks the peer for its own.
//
// # What is promised
//
// A message of a peer is carried out once, whichever way and however often it comes: Receive keeps it under the peer and its id in the transaction that carries it
// out, with the answer, and gives that answer again. A refusal is kept and given again as well. Another content under a known id is refused as a Conflict and
// kept for people to see. A message about an order that is not here yet is Unavailable: the peer sends it again, after the order. What a peer wants of a case is
// a command that casework and access decide as for anybody, under the peer's own account.
//
// Follow is called in the transaction that changes a case: what the peer is to hear of it is written there, as a line of the feed and a message for notify.
// So nothing is said of what did not happen, and everything that did is said. The lines of one order are numbered from 1: whoever gets an older number
// after a newer one passes it over. What an order was told last is always where its case stands, in the peer's own words; states for which the peer has
// no word are not told.
//
// # What stays at home
//
// Who called is kept sealed by the case desk and never sent. An order made by us holds no words of a reporter unless the peer's purpose lets access show them.
package exchange
