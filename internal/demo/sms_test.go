package demo

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"twoweave/internal/base/clock"
)

func TestTheSMSGatewayShowsEachMessageOnce(t *testing.T) {
	t.Parallel()
	g := &SMSGateway{Clock: clock.NewManual(time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC))}
	send := func(body string) int {
		w := httptest.NewRecorder()
		g.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)))
		return w.Code
	}
	for body, want := range map[string]int{`{"id":"a","to":"138","text":"<b>办结</b>"}`: 202, `{"to":"138"}`: 400, `nonsense`: 400} {
		if got := send(body); got != want {
			t.Errorf("%s: %d, want %d", body, got, want)
		}
	}
	send(`{"id":"a","to":"138","text":"again"}`)
	for i := range most + 10 {
		send(`{"id":"n` + strings.Repeat("i", i) + `","to":"139","text":"x"}`)
	}
	send(`{"id":"last","to":"137","text":"<b>办结</b>"}`)
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if page := w.Body.String(); strings.Count(page, "<li>") != most || !strings.Contains(page, "&lt;b&gt;办结") || strings.Index(page, "137") > strings.Index(page, "139") {
		t.Errorf("page: %d messages", strings.Count(page, "<li>"))
	}
}
