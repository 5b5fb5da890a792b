// Package pack is content as a thing that can be named, checked and handed on: what a city watches for, in a folder of YAML.
//
// A pack is one folder:
//
//	pack.yaml          name, version, title, licence
//	events/*.yaml      event types, each with the JSON Schema of its data
//	scenarios/*.yaml   what is watched for
//	indicators/*.yaml  vital signs
//	classes/*.yaml     matter classes: who is responsible and how long they may take
//	areas.yaml         optional: areas and the frame of their schematic map
//	units.yaml         optional: units that handle cases
//	grids.yaml         optional: responsibility grids
//	routing.yaml       optional: rules about which unit is responsible
//	roster.yaml        optional: posts, shifts and who is on duty
//	tests/*.yaml       scripts with virtual time that prove the scenarios
//	maps/*.yaml        how rows of a CSV file become events, for replays
//
// Every file may hold several YAML documents. Reading is strict: an unknown field, a repeated key, a wrong type or an empty text in one
// language is a problem, and all problems of all files are reported at once, each with file, line and what is allowed.
//
// Read gives a Pack: the content, not yet tied to other content. Combine ties several packs into a Set: names are resolved, rules are
// compiled against the schema of their event type, and what is inconsistent is refused. A Set never changes; a reload makes a new one.
// Archive is a pack's content as bytes that are the same wherever they are made; its hash names the content, and a log that was
// computed with it stays explicable.
//
// The package is pure: it reads the file system it is given and nothing else. It never runs a scenario: that is detection's work, and the
// trial package's for the tests of packs.
package pack
