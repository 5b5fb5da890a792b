package replay

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	neturl "net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"twoweave/internal/app"
	"twoweave/internal/platform/sqldb"
	"twoweave/internal/platform/sqldb/sqldbtest"
)

func TestMain(m *testing.M) { os.Exit(sqldbtest.Main(m)) }

const (
	root   = "../.."
	shared = root + "/../shared/data/"
)

// file is one way of replaying: a map, a script that recomputes, and CSV files.
type source struct {
	name   string
	public string // in shared
	pack   string
	script string
	most   int // rows of the public file that the default run takes; 0 = all
	make   func(seed uint64) []byte
}

var sources = []source{
	{name: "nyc311", public: "nyc311-2022-05-01.csv", pack: "nyc311", script: "nyc311.awk", make: makeRequests},
	{name: "beijing-air", public: "beijing-air-dongsi-2016.csv", pack: "beijing-air", script: "beijing-air.awk", most: 500, make: makeAir},
}

func (s source) mapFile() string { return filepath.Join(root, "packs", s.pack, "maps", s.pack+".yaml") }

func TestPublicFiles(t *testing.T) {
	t.Parallel()
	for _, s := range sources {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			agree(t, s, publicFile(t, s, s.most), sqldbtest.SQLiteURL, sqldbtest.PostgresURL)
		})
	}
}

// A year takes minutes, for every hour is kept durably before the next: it is replayed once, when there is time.
func TestWholeYear(t *testing.T) {
	t.Parallel()
	if os.Getenv("TWOWEAVE_SLOW") == "" {
		t.Skip("waits for TWOWEAVE_SLOW=1")
	}
	s := sources[1]
	agree(t, s, publicFile(t, s, 0), sqldbtest.SQLiteURL)
}

func TestFilesWithBrokenRows(t *testing.T) {
	t.Parallel()
	for _, s := range sources {
		for seed := range uint64(often()) {
			t.Run(fmt.Sprintf("%s/%d", s.name, seed), func(t *testing.T) {
				t.Parallel()
				agree(t, s, keep(t, s.make(seed)), sqldbtest.SQLiteURL, sqldbtest.PostgresURL, sqldbtest.SQLiteURL, sqldbtest.PostgresURL)
			})
		}
	}
}

// often is how many files are made of each kind.
func often() int {
	if os.Getenv("TWOWEAVE_SLOW") != "" {
		return 3
	}
	return 1
}

// publicFile is the public file, or its first rows when most is not 0, or one made here when it is absent.
func publicFile(t *testing.T, s source, most int) string {
	text, err := os.ReadFile(shared + s.public)
	if errors.Is(err, fs.ErrNotExist) {
		t.Logf("%s is absent: a small file made by this test is replayed in its place", shared+s.public)
		return keep(t, s.make(99))
	}
	if err != nil {
		t.Fatal(err)
	}
	if most > 0 {
		t.Logf("only the first %d rows; all of them with TWOWEAVE_SLOW=1", most)
		text = bytes.Join(bytes.SplitAfterN(text, []byte("\n"), most+2)[:most+1], nil)
	}
	return keep(t, text)
}

func keep(t *testing.T, text []byte) string {
	path := filepath.Join(t.TempDir(), "file.csv")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// agree replays a file once for each of the databases: the reports are what the script finds, the detections are the same bytes.
func agree(t *testing.T, s source, file string, databases ...func(testing.TB) string) {
	want, episodes := recompute(t, s, file)
	if want["rows"] == 0 || want["evaluated"] == 0 || len(episodes) == 0 {
		t.Fatalf("the file proves nothing: %v, %d episodes", want, len(episodes))
	}
	dumps := make([]string, len(databases))
	t.Run("each", func(t *testing.T) {
		for i, fresh := range databases {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				url := fresh(t)
				got := facts(replayed(t, s, file, url))
				if diff := difference(want, got); diff != "" {
					t.Errorf("the report and the script disagree:\n%s", diff)
				}
				dumps[i] = dump(t, url)
				if found := query(t, url, episodeColumns, "detection"); !slices.Equal(found, episodes) {
					t.Errorf("the episodes kept and those of the script differ: %s", firstDifference(episodes, found))
				}
			})
		}
	})
	for i := range dumps {
		if dumps[i] != dumps[0] {
			t.Errorf("replays 0 and %d of one file differ: %s", i, firstDifference(strings.Split(dumps[0], "\n"), strings.Split(dumps[i], "\n")))
		}
	}
}

func replayed(t *testing.T, s source, file, url string) app.ReplayReport {
	config := app.DefaultConfig()
	config.MQTT, config.Data, config.Database = "off", filepath.Join(t.TempDir(), "data"), url
	report, err := app.Replay(context.Background(), app.ReplayOptions{Map: s.mapFile(), File: file, Config: config, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if report.Rows != report.Accepted+report.Refused || int64(report.Accepted) != report.Outcomes.Events {
		t.Errorf("the report does not add up: %+v", report)
	}
	return report
}

// facts is a report in the words of the scripts.
func facts(r app.ReplayReport) map[string]int {
	o := r.Outcomes
	all := map[string]int{"rows": r.Rows, "accepted": r.Accepted, "refused": r.Refused, "unplaced": r.Unplaced, "evaluated": int(o.Evaluated),
		"duplicate": int(o.Duplicate), "conflict": int(o.Conflict), "late": int(o.Late)}
	for reason, n := range r.Reasons {
		if strings.HasPrefix(reason, notCSV) {
			reason = notCSV // the script does not say what exactly is wrong with the quotes
		}
		all["reason "+reason] += n
	}
	for what, n := range r.Unmapped {
		all["unmapped "+what] = n
	}
	for scenario, n := range r.Detections {
		all["detections "+scenario] = n
	}
	return all
}

const notCSV = "the row is not CSV"

// recompute runs the script over the file. Its lines are "WORDS NUMBER", and "episode" with what the table of detections must hold.
func recompute(t *testing.T, s source, file string) (all map[string]int, episodes []string) {
	c := exec.Command("awk", "-v", "csvfile="+file, "-f", "csv.awk", "-f", s.script, s.mapFile(), file)
	c.Env = append(os.Environ(), "LC_ALL=C")
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("awk: %v", err)
	}
	all = map[string]int{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		if episode, is := strings.CutPrefix(lines.Text(), "episode "); is {
			episodes = append(episodes, episode)
			continue
		}
		at := strings.LastIndexByte(lines.Text(), ' ')
		n, err := strconv.Atoi(lines.Text()[at+1:])
		if err != nil {
			t.Fatalf("the script says %q", lines.Text())
		}
		all[lines.Text()[:at]] = n
	}
	slices.Sort(episodes)
	return all, episodes
}

func difference(want, got map[string]int) string {
	var b strings.Builder
	keys := slices.Sorted(maps.Keys(want))
	for key := range got {
		if _, in := want[key]; !in {
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		if want[key] != got[key] {
			fmt.Fprintf(&b, "%s: the script counts %d, the report says %d\n", key, want[key], got[key])
		}
	}
	return b.String()
}

func firstDifference(want, got []string) string {
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(want):
			return fmt.Sprintf("%d more, the first\n%s", len(got)-len(want), got[i])
		case i >= len(got):
			return fmt.Sprintf("%d fewer, the first\n%s", len(want)-len(got), want[i])
		case want[i] != got[i]:
			return fmt.Sprintf("at %d\n%s\n%s", i, want[i], got[i])
		}
	}
	return "not at all"
}

// The columns are put together as text by the database, so that both engines give the same. Seconds: the files know nothing finer.
const (
	episodeColumns = `scenario || '	' || subject || '	' || (since / 1000000) || '	' || (started_at / 1000000) || '	' || (ended_at / 1000000)`
	caseColumns    = `id || '|' || state || '|' || version || '|' || unit || '|' || opened_at || '|' || ended_at || '|' || updated_at`
	allColumns     = `id || '|' || scenario || '|' || subject || '|' || episode || '|' || version || '|' || rule || '|' || area || '|' || severity || '|' || class
		|| '|' || since || '|' || started_at || '|' || ended_at || '|' || case_id || '|' || more || '|' || evidence`
)

// dump is the whole table of detections, and of their cases what does not depend on the order of partitions.
func dump(t *testing.T, url string) string {
	return strings.Join(append(query(t, url, allColumns, "detection"), query(t, url, caseColumns, "cases")...), "\n")
}

func query(t *testing.T, url, columns, table string) []string {
	driver, source := "pgx", url
	if path, is := strings.CutPrefix(url, "sqlite:"); is {
		driver, source = "sqlite", "file:"+path+"?mode=ro"
	}
	if driver == "pgx" {
		u, err := neturl.Parse(url)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Del(sqldb.UnsafeParameter)
		u.RawQuery = q.Encode()
		source = u.String()
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(context.Background(), "SELECT "+columns+" FROM "+table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}
