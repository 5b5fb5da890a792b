# Reads CSV, as little as is needed: quoted fields, doubled quotes, line ends inside quotes. Sets f[1..width] for each record and leaves
# broken = 1 for one that is not CSV. Line ends inside a field are not used by what is counted.

# A record ends where the quotes that were opened are closed.
function whole(text,   copy) { copy = text; return gsub(/"/, "", copy) % 2 == 0 }

function split_record(text,   n, value, rest, at) {
	n = 0; broken = 0; rest = text
	for (;;) {
		if (substr(rest, 1, 1) == "\"") {
			value = ""; rest = substr(rest, 2)
			for (;;) {
				at = index(rest, "\"")
				if (at == 0) { broken = 1; return 0 }
				value = value substr(rest, 1, at - 1)
				rest = substr(rest, at + 1)
				if (substr(rest, 1, 1) != "\"") break
				value = value "\""; rest = substr(rest, 2)
			}
			if (rest != "" && substr(rest, 1, 1) != ",") { broken = 1; return 0 }
			f[++n] = value
			if (rest == "") return n
			rest = substr(rest, 2)
		} else {
			at = index(rest, ",")
			value = at == 0 ? rest : substr(rest, 1, at - 1)
			if (index(value, "\"")) { broken = 1; return 0 }
			f[++n] = value
			if (at == 0) return n
			rest = substr(rest, at + 1)
		}
	}
}

function trim(s) { sub(/^[ \t]+/, "", s); sub(/[ \t]+$/, "", s); return s }

# Seconds since 1970 of a moment given in UTC.
function seconds(y, mo, d, h, mi, s,   era, yoe, doy) {
	if (mo <= 2) y--
	era = int(y / 400); yoe = y - era * 400
	doy = int((153 * (mo + (mo > 2 ? -3 : 9)) + 2) / 5) + d - 1
	return ((era * 146097 + yoe * 365 + int(yoe / 4) - int(yoe / 100) + doy - 719468) * 24 + h) * 3600 + mi * 60 + s
}

function days_in(y, mo) {
	if (mo == 2) return (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)) ? 29 : 28
	return (mo == 4 || mo == 6 || mo == 9 || mo == 11) ? 30 : 31
}

function refuse(reason) { refused++; reasons[reason]++ }

function report(   key) {
	print "rows", rows + 0; print "accepted", accepted + 0; print "refused", refused + 0; print "unplaced", unplaced + 0
	print "evaluated", evaluated + 0; print "duplicate", duplicate + 0; print "conflict", conflict + 0; print "late", late + 0
	for (key in reasons) print "reason " key, reasons[key]
	for (key in unmapped) print "unmapped " key, unmapped[key]
	for (key in detections) print "detections " key, detections[key]
}

# Records may begin on the line where the one before ended only at a line end; a carriage return before it is no content.
{ sub(/\r$/, "") }
FILENAME == csvfile || csvfile == "" {
	pending = pending == "" ? $0 : pending "\n" $0
	if (pending == "" || (!whole(pending))) next
	record = pending; pending = ""
	width = split_record(record)
	if (!header) { for (i = 1; i <= width; i++) { name[f[i]] = i; }; header = width; next }
	rows++
	if (broken) { refuse("the row is not CSV"); next }
	if (width != header) { refuse("the row has " width " columns; the header has " header); next }
	row()
	next
}
END {
	if (pending != "") { rows++; refuse("the row is not CSV") } # a quote that nothing closes
	finish(); report()
}
