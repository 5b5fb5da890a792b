package access

// ReadAppraisal is a look at the figures of work: of all, of one's own unit, or one's own.
const ReadAppraisal Action = "appraisal.read"

var ownFigures = &condition{"own figures", func(r Request) (bool, why) {
	own := r.Thing.By != "" && r.Thing.By == r.Actor.ID || r.Thing.Unit != "" && r.Thing.Unit == r.Actor.Unit
	return own, why{"access.others-figures", "these are the figures of somebody else"}
}}

var figures = []row{
	{Operator, ReadAppraisal, []Purpose{Supervision}, nil},
	{Dispatcher, ReadAppraisal, []Purpose{Supervision}, nil},
	{Verifier, ReadAppraisal, []Purpose{Supervision}, nil},
	{Admin, ReadAppraisal, []Purpose{Supervision}, nil},
	{FieldWorker, ReadAppraisal, []Purpose{Supervision}, ownFigures},
}
