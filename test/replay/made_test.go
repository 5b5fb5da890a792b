package replay

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"time"
)

// made is a CSV file in the making; its rows come from a seed.
type made struct {
	rand *rand.Rand
	text bytes.Buffer
}

func newFile(seed uint64, header ...string) *made {
	m := &made{rand: rand.New(rand.NewPCG(seed, 311))}
	m.row(header...)
	return m
}

func (m *made) row(fields ...string) {
	w := csv.NewWriter(&m.text)
	w.Write(fields) // to memory: never fails
	w.Flush()
}

func (m *made) raw(line string) { m.text.WriteString(line + "\n") }

func (m *made) one(of ...string) string { return of[m.rand.IntN(len(of))] }

// every is true once in n times.
func (m *made) every(n int) bool { return m.rand.IntN(n) == 0 }

// makeRequests is a night of requests like New York's, with all that can be wrong with a row.
func makeRequests(seed uint64) []byte {
	m := newFile(seed, "Unique Key", "Created Date", "Closed Date", "Agency", "Complaint Type", "Descriptor", "Incident Zip", "Incident Address", "Community Board",
		"Open Data Channel Type", "Latitude", "Longitude")
	at := time.Date(2022, 5, 1, 0, 0, 0, 0, time.UTC)
	var before []string
	for i := range 160 {
		at = at.Add(time.Duration(m.rand.IntN(200)) * time.Second)
		row := []string{fmt.Sprint(1000 + i), m.clock(at), "", "NYPD",
			m.one("Noise - Residential", "Illegal Parking", "Street Condition", "Rodent", "Drinking", "Missed Collection", "Lost Property", "Taxi Complaint"),
			m.one("Loud", "Says \"please\", twice", "Two\nlines", ""), "10452", m.one("1 MAIN STREET", "2 MAIN STREET", "3, SIDE STREET", "N/A", ""),
			m.one("04 BRONX", "09 MANHATTAN", "0 Unspecified", "Unspecified QUEENS", ""), "ONLINE", "", ""}
		switch m.rand.IntN(12) {
		case 0:
			m.spoil(row)
		case 1:
			if before != nil { // the same again
				row = before
			}
		case 2:
			if before != nil { // the same id, another body
				row = append([]string(nil), before...)
				row[3] = "DSNY"
			}
		case 3: // out of order, some by more than the hour that is allowed
			row[1] = m.clock(at.Add(-time.Duration(m.rand.IntN(150)) * time.Minute))
		}
		m.row(row...)
		before = row
		m.unreadable(40)
	}
	m.raw(`9999,"a quote that nothing closes`)
	return m.text.Bytes()
}

func (m *made) clock(at time.Time) string { return at.Format("01/02/2006 03:04:05 PM") }

// spoil makes one thing wrong, or two.
func (m *made) spoil(row []string) {
	for range 1 + m.rand.IntN(2) {
		switch m.rand.IntN(6) {
		case 0:
			row[0] = ""
		case 1:
			row[1] = m.one("", "yesterday", "13/01/2022 01:00:00 AM", "02/30/2022 01:00:00 AM", "05/01/2022 13:00:00 AM", "2022-05-01T00:00:00Z")
		case 2:
			row[8] = m.one("99 BRONX", "Bronx", "04")
		case 3:
			row[4] = m.one("", "N/A", "Dragon", "noise - residential")
		case 4:
			row[1], row[4] = "05/01/2022", "Dragon"
		case 5:
			row[4], row[8] = "Dragon", "atlantis"
		}
	}
}

// unreadable writes, now and then, a line that is no row at all.
func (m *made) unreadable(n int) {
	if m.every(n) {
		m.raw(m.one(`1,2,3`, `one "quoted" word,2`, `"closed"early,2`, `a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t`, "", `""`))
	}
}

// makeAir is some days of a station's air, with gaps, wrong values and rows out of order.
func makeAir(seed uint64) []byte {
	m := newFile(seed, "No", "year", "month", "day", "hour", "PM2.5", "PM10", "SO2", "NO2", "CO", "O3", "TEMP", "RAIN", "WSPM", "station")
	at := time.Date(2016, 2, 27, 0, 0, 0, 0, time.UTC) // over the leap day
	pm, o3 := 130.0, 180.0
	for i := range 260 {
		at = at.Add(time.Hour)
		pm, o3 = max(0, pm+m.rand.NormFloat64()*18-(pm-130)*0.05), max(0, o3+m.rand.NormFloat64()*18-(o3-180)*0.05)
		row := []string{fmt.Sprint(i + 1), "", "", "", "", fmt.Sprintf("%.0f", pm), "80", "9", "40", "900", fmt.Sprintf("%.1f", o3), "-3.5", "0", "1.2", "Dongsi"}
		m.hour(row, at)
		switch m.rand.IntN(14) {
		case 0:
			row[5] = "NA"
		case 1:
			row[10] = m.one("NA", "")
		case 2:
			m.spoilAir(row)
		case 3: // older than the one before; by more than two hours it is late
			m.hour(row, at.Add(-time.Duration(m.rand.IntN(6))*time.Hour))
		case 4: // the same row twice, or the same number with another value
			m.row(row...)
			row = append([]string(nil), row...)
			row[6] = m.one("80", "81")
		case 5: // hours without anything
			at = at.Add(time.Duration(m.rand.IntN(5)) * time.Hour)
		}
		m.row(row...)
		m.unreadable(60)
	}
	return m.text.Bytes()
}

func (m *made) hour(row []string, at time.Time) {
	row[1], row[2], row[3], row[4] = fmt.Sprint(at.Year()), fmt.Sprint(int(at.Month())), fmt.Sprint(at.Day()), fmt.Sprint(at.Hour())
}

func (m *made) spoilAir(row []string) {
	switch m.rand.IntN(6) {
	case 0:
		row[0] = "NA"
	case 1:
		row[2] = m.one("13", "0", "May", "")
	case 2:
		row[4] = m.one("24", "noon", "NA")
	case 3:
		row[5] = m.one("high", "12,5", "5000")
	case 4:
		row[14] = m.one("Atlantis", "dongsi", "")
	case 5:
		row[3], row[5] = "31", "high" // there is no 31 February
	}
}
