package access

// What is done in the duty room.
const (
	ReadRoster      Action = "roster.read"
	KeepRoster      Action = "roster.keep"      // who stands in for whom
	HandOver        Action = "shift.handover"   // by who leaves
	AcceptShift     Action = "shift.accept"     // by who comes
	PlaceCall       Action = "call.place"       // for something a person must know now
	AcknowledgeCall Action = "call.acknowledge" // or pass it on
)

// OnDuty is the purpose of the duty room: that somebody is there, and knows.
const OnDuty Purpose = "duty"

var notLeaver = &condition{"not own shift", func(r Request) (bool, why) {
	return r.Thing.By != r.Actor.ID, why{"access.own-shift", "who leaves does not accept"}
}}

var ownPost = &condition{"own post", func(r Request) (bool, why) {
	return r.Thing.Unit != "" && r.Thing.Unit == r.Actor.Unit, why{"access.other-post", "the post belongs to another unit"}
}}

var ownPostNotLeaver = &condition{"own post, not own shift", func(r Request) (bool, why) {
	if ok, not := ownPost.holds(r); !ok {
		return false, not
	}
	return notLeaver.holds(r)
}}

var duty = []Purpose{OnDuty}

// dutyRoom are the rows of the duty room. Whether somebody is on duty, or was called, the roster says; these say who may be asked at all.
var dutyRoom = []row{
	{Operator, ReadRoster, duty, nil},
	{Dispatcher, ReadRoster, duty, nil},
	{FieldWorker, ReadRoster, duty, nil},
	{Verifier, ReadRoster, duty, nil},
	{Admin, ReadRoster, duty, nil},

	{Dispatcher, KeepRoster, duty, nil},
	{Admin, KeepRoster, duty, nil},
	{FieldWorker, KeepRoster, duty, ownPost},

	{Operator, HandOver, duty, nil},
	{Dispatcher, HandOver, duty, nil},
	{Verifier, HandOver, duty, nil},
	{FieldWorker, HandOver, duty, ownPost},
	{Operator, AcceptShift, duty, notLeaver},
	{Dispatcher, AcceptShift, duty, notLeaver},
	{Verifier, AcceptShift, duty, notLeaver},
	{FieldWorker, AcceptShift, duty, ownPostNotLeaver},

	{System, PlaceCall, duty, nil},
	{Operator, AcknowledgeCall, duty, nil},
	{Dispatcher, AcknowledgeCall, duty, nil},
	{Verifier, AcknowledgeCall, duty, nil},
	{FieldWorker, AcknowledgeCall, duty, nil},
	{Admin, AcknowledgeCall, duty, nil},
}
