package access

// AddPhoto is to put a photo to a case. Who may read the case sees its photos.
const AddPhoto Action = "photo.add"

// casePhotos are its rows: the unit that works on a case and those involved show what they found and did; the centre, what was told or verified.
var casePhotos = []row{
	{FieldWorker, AddPhoto, work, anyUnit},
	{Operator, AddPhoto, work, nil},
	{Verifier, AddPhoto, work, nil},
}
