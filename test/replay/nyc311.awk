# What a replay of a New York 311 file must report. Run with csv.awk before it, the pack's map as the first file and the CSV as the second,
# and csvfile set to the CSV's name:  awk -v csvfile=FILE.csv -f csv.awk -f nyc311.awk MAP.yaml FILE.csv
# From the map only its lists of words are taken; what is done with them is written anew here.

function quoted(text) { match(text, /"[^"]*"/); return substr(text, RSTART + 1, RLENGTH - 2) }

FILENAME != csvfile && /^  unplaced:/ { rest = $0; while (match(rest, /"[^"]*"/)) { nowhere[substr(rest, RSTART + 1, RLENGTH - 2)] = 1; rest = substr(rest, RSTART + RLENGTH) } }
FILENAME != csvfile && /^  codes:/ { section = "codes"; next }
FILENAME != csvfile && /^    values:/ { section = "values"; next }
FILENAME != csvfile && /^    unmapped:/ { section = "unmapped"; next }
FILENAME != csvfile && /^[a-z]/ { section = "" }
FILENAME != csvfile && /^  - / { section = "" }
FILENAME != csvfile && section == "codes" { area[quoted($0)] = 1 }
FILENAME != csvfile && section == "values" { word = quoted($0); class[word] = $NF }
FILENAME != csvfile && section == "unmapped" { left[quoted($0)] = 1 }

function value(column,   v) { v = trim(f[name[column]]); return (v == "N/A" || v == "Unspecified") ? "" : v }

# "05/01/2022 12:00:03 AM" in New York's summer time; -1 when it is no such time.
function moment(text,   p, h) {
	if (text !~ /^[0-9][0-9]\/[0-9][0-9]\/[0-9][0-9][0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9] [AP]M$/) return -1
	split(text, p, /[\/ :]/)
	if (p[1] < 1 || p[1] > 12 || p[2] < 1 || p[2] > days_in(p[3] + 0, p[1] + 0) || p[4] > 12 || p[5] > 59 || p[6] > 59) return -1
	h = p[4] % 12 + (p[7] == "PM" ? 12 : 0)
	return seconds(p[3] + 0, p[1] + 0, p[2] + 0, h + 4, p[5] + 0, p[6] + 0)
}

function problem(   t, a, c) {
	if (value("Unique Key") == "") return "Unique Key: the id is missing"
	t = value("Created Date")
	if (t == "") return "Created Date: the time is missing"
	if (moment(t) < 0) return "Created Date: \"" t "\" is not a time of the form \"01/02/2006 03:04:05 PM\""
	a = value("Community Board")
	if (a != "" && !(a in area) && !(a in nowhere)) return "Community Board: \"" a "\" is neither an area of the map nor listed as unplaced"
	c = value("Complaint Type")
	if (c == "") return "Complaint Type: the value is missing"
	if (!(c in class) && !(c in left)) return "Complaint Type: \"" c "\" is neither mapped nor listed as unmapped"
	return ""
}

function row(   why, c, t, a, id, address, subject, key) {
	why = problem()
	if (why != "") { refuse(why); return }
	accepted++
	c = value("Complaint Type"); t = moment(value("Created Date")); a = value("Community Board"); id = value("Unique Key")
	if (c in left) unmapped["Complaint Type: " c]++
	if (!(a in area)) unplaced++
	address = value("Incident Address")
	subject = (address == "" || a == "") ? "" : address " " a
	if (t > now) now = t
	key = subject SUBSEP id
	if (key in seen) { if (seen[key] == record) duplicate++; else conflict++; return }
	seen[key] = record
	if (t < now - 3600) { late++; return }
	evaluated++
	if (!(c in class)) return
	key = "nyc-" class[c] "\t" (subject == "" ? id : subject)
	if (!(key in open)) { open[key] = t; detections["nyc-" class[c]]++; print "episode " key "\t" t "\t" t "\t0" }
}

function finish() {}
