package access

// What is done about people's accounts, and by people about their own.
const (
	KeepSelf   Action = "self.keep"   // the own passphrase
	ReadPeople Action = "people.read" // who has an account
	KeepPeople Action = "people.keep" // invite, block, give a new link
)

// SigningIn is the purpose of everything about identities.
const SigningIn Purpose = "identity"

var identities = []Purpose{SigningIn}

// notSelf keeps an administrator from locking the own account, and with the last one the installation.
var notSelf = &condition{"not oneself", func(r Request) (bool, why) {
	return r.Thing.By != r.Actor.ID, why{"access.oneself", "nobody blocks or resets the own account"}
}}

// people are the rows about identities. Who signs in and out is noted without a row: every account may.
var people = []row{
	{Viewer, KeepSelf, identities, nil},
	{Operator, KeepSelf, identities, nil},
	{Dispatcher, KeepSelf, identities, nil},
	{FieldWorker, KeepSelf, identities, nil},
	{Verifier, KeepSelf, identities, nil},
	{Admin, KeepSelf, identities, nil},

	{Admin, ReadPeople, identities, nil},
	{Admin, KeepPeople, identities, notSelf},
	{System, KeepPeople, identities, nil},
}
