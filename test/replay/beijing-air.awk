# What a replay of a station's year of Beijing air must report: awk -f csv.awk -f beijing-air.awk FILE.csv
# A sustained condition: "when" begins to hold, "until" does not come before its time is full; then an episode starts, which ends with "until".

function value(column,   v) { v = trim(f[name[column]]); return v == "NA" ? "" : v }

function number(v) { return v ~ /^-?[0-9]+(\.[0-9]+)?$/ }

# The hour of a row, Shanghai time; -1 when it is no hour.
function moment(   y, mo, d, h) {
	y = value("year"); mo = value("month"); d = value("day"); h = value("hour")
	if (y !~ /^[0-9][0-9][0-9][0-9]$/ || mo !~ /^[0-9][0-9]?$/ || d !~ /^[0-9][0-9]?$/ || h !~ /^[0-9][0-9]?$/) return -1
	y += 0; mo += 0; d += 0; h += 0 # texts until here
	if (mo < 1 || mo > 12 || d < 1 || d > days_in(y, mo) || h > 23) return -1
	return seconds(y, mo, d, h - 8, 0, 0)
}

function problem(   i, columns, v, t) {
	if (value("station") == "" || value("No") == "") return "station: the id is missing"
	t = value("year") " " value("month") " " value("day") " " value("hour")
	if (value("year") == "" || value("month") == "" || value("day") == "" || value("hour") == "") return "year: the time is missing"
	if (moment() < 0) return "year: \"" t "\" is not a time of the form \"2006 1 2 15\""
	if (value("station") !~ /^(Aotizhongxin|Changping|Dingling|Dongsi|Guanyuan|Gucheng|Huairou|Nongzhanguan|Shunyi|Tiantan|Wanliu|Wanshouxigong)$/)
		return "station: \"" value("station") "\" is neither an area of the map nor listed as unplaced"
	split("PM2.5 PM10 SO2 NO2 CO O3 TEMP RAIN WSPM", columns, " ")
	for (i = 1; i <= 9; i++) {
		v = value(columns[i])
		if (v != "" && !number(v)) return columns[i] ": \"" v "\" is not a number"
	}
	return ""
}

function row(   why, t, s, key) {
	why = problem()
	if (why != "") { refuse(why); return }
	t = moment(); s = value("station")
	if (t > now) { now = t; due("pm25-heavy", 3); due("ozone-high", 2) }
	if (value("PM2.5") != "" && value("PM2.5") + 0 > 2000) { refuse("data.pm25: must be at most 2000"); return }
	accepted++
	key = s SUBSEP value("No")
	if (key in seen) { if (seen[key] == record) duplicate++; else conflict++; return }
	seen[key] = record
	if (t < now - 7200) { late++; return }
	evaluated++
	look("pm25-heavy", s, t, value("PM2.5"), value("PM2.5") + 0 >= 150, value("PM2.5") + 0 < 115)
	look("ozone-high", s, t, value("O3"), value("O3") + 0 > 200, value("O3") + 0 <= 160)
}

# due starts the episodes whose time is full.
function due(scenario, hours,   key, parts) {
	for (key in since) {
		split(key, parts, SUBSEP)
		if (parts[1] != scenario || key in started || since[key] + hours * 3600 > now) continue
		started[key] = since[key] + hours * 3600
		detections[scenario]++
	}
}

function look(scenario, station, t, v, when, until,   key) {
	key = scenario SUBSEP station
	if ((key in last) && t < last[key]) return
	last[key] = t
	if (v == "") return
	if (key in started) {
		if (until) { tell(scenario, station, key, t); ended[key] = t; delete started[key]; delete since[key] }
	} else if (key in since) {
		if (until) delete since[key]
	} else if (when && !until && !(key in ended && t <= ended[key])) since[key] = t
}

function tell(scenario, station, key, end) { print "episode " scenario "\t" station "\t" since[key] "\t" started[key] "\t" end }

function finish(   key, parts) {
	now++
	due("pm25-heavy", 3); due("ozone-high", 2)
	for (key in started) { split(key, parts, SUBSEP); tell(parts[1], parts[2], key, 0) }
}
