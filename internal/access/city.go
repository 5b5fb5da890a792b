package access

// What is done with the city's own content: who, where, how long, on which days.
const (
	ReadCity Action = "city.read"
	KeepCity Action = "city.keep" // change it on a screen
)

// cityContent are its rows. The roster is the duty room's: KeepRoster says who changes it.
var cityContent = []row{
	{Operator, ReadCity, operate, nil},
	{Dispatcher, ReadCity, operate, nil},
	{Verifier, ReadCity, operate, nil},
	{Admin, ReadCity, operate, nil},
	{Admin, KeepCity, operate, nil},
}
