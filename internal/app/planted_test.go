package app

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/access/accesstest"
	"twoweave/internal/manage/casedesk"
	"twoweave/internal/manage/casework"
	"twoweave/internal/platform/backup"
)

// planted is what may stand in plain nowhere: of somebody who calls, and of somebody whom an event is about.
var planted = []string{"13987654321", "欧阳修竹", "13812349876", "司马青山"}

// What a caller says of himself, and what an event says of a person, is found in no file of the program, in none of its logs and in no list or page: only whoever asks
// for a caller by the number is told. Reports are taken, cases go to their end, messages leave, everything is listed, exported and drawn.
func TestPersonalValuesStandNowhereInPlain(t *testing.T) {
	t.Parallel()
	log := &safeBuffer{}
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	defer gateway.Close()
	m := newMatrix(t, Options{Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}, func(c *Config) { c.Notify.SMS.URL = gateway.URL })
	v := m.plant()
	read := 0
	for _, r := range accesstest.Routes(t, book) {
		if r.Method != http.MethodGet || r.Action == access.SendOrder || strings.HasSuffix(r.Path, "/stream") {
			continue
		}
		a := m.attempt(r, boss, false)
		if strings.HasPrefix(r.Path, "/api/v1/cases") {
			a = &attempt{method: r.Method, target: r.Path, media: "application/json"}
			m.look(a, r, v)
		}
		for _, me := range m.people {
			_, answer := m.send(me, a)
			read++
			found(t, r.String()+" by "+me.ID, answer)
		}
	}
	known := fmt.Sprint(m.asBoss(http.MethodPost, "/api/v1/callers", map[string]any{"phone": planted[0]}))
	parts := m.backUp()
	m.stop()
	files, plain := m.search()
	if !strings.Contains(known, planted[1]) || !plain {
		t.Errorf("whoever may ask for a caller got %s; what is not personal was found in the files: %v", known, plain)
	}
	found(t, "the program's log", log.String())
	t.Logf("%d answers, %d files, %d parts of a backup, %d bytes of log", read, files, parts, len(log.String()))
}

func found(t *testing.T, where, text string) {
	t.Helper()
	for _, value := range planted {
		if at := strings.Index(text, value); at >= 0 {
			t.Errorf("%s holds %s in plain: …%.200s", where, value, text[max(0, at-100):])
		}
	}
}

// plant takes a report of a person, takes the case to its end, so that the person is told, and sends an event about another person.
func (m *matrix) plant() casedesk.View {
	m.t.Helper()
	in := casedesk.Intake{Channel: casedesk.Phone, Name: planted[1], Phone: planted[0], Text: "路口积水", Class: "ponding", Area: ownArea, Place: casework.Place{Address: "潍坊路 1 号"}}
	taken, err := m.app.desk.Take(m.t.Context(), casedesk.TakeRequest{Actor: boss, IdempotencyKey: "planted", Route: "reports", Intake: in})
	m.must(err)
	v := *taken.Case
	for _, kind := range way[casework.Closed] {
		v = m.give(v, kind, boss)
	}
	m.asBoss(http.MethodPost, "/api/v1/events", map[string]any{"specversion": "1.0", "id": "planted", "source": "matrix", "type": "call.110", "subject": "planted", "area": ownArea,
		"time": time.Now(), "data": map[string]any{"status": "received", "level": 1, "category": "noise", "summary": "夜里施工", "caller_phone": planted[2], "caller_name": planted[3]}})
	return v
}

// backUp makes a backup in the data folder, where the search will look into it, and looks into its parts.
func (m *matrix) backUp() (parts int) {
	m.t.Helper()
	key, recipient := backupKey(m.t)
	var archive bytes.Buffer
	_, err := m.app.writeBackup(m.t.Context(), &archive, backup.Recipients{recipient})
	m.must(err)
	m.must(os.WriteFile(filepath.Join(m.app.config.Data, "backup.age"), archive.Bytes(), 0o600))
	_, err = backup.Read(&archive, key, func(name string, _ int64, body io.Reader) error {
		text, err := io.ReadAll(body)
		parts++
		found(m.t, "part "+name+" of the backup", string(text))
		return err
	})
	m.must(err)
	return parts
}

// search looks into every file that the program has kept. What a report says is no secret: it is found, or the search is blind.
func (m *matrix) search() (files int, plain bool) {
	m.t.Helper()
	m.must(filepath.WalkDir(m.app.config.Data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		files++
		found(m.t, path, string(body))
		plain = plain || bytes.Contains(body, []byte("路口积水"))
		return err
	}))
	return files, plain
}

// safeBuffer is a buffer for many writers.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
