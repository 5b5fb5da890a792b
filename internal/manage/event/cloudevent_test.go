package event_test

import (
	"testing"
	"time"

	"twoweave/internal/manage/event"
)

func TestFromJSONReadsACloudEvent(t *testing.T) {
	t.Parallel()
	e, problems := event.FromJSON([]byte(`{"specversion":"1.0","id":"a1","source":"/gauge/7","type":"water.level","subject":"p-7",
		"time":"2026-07-01T16:00:00.123456789+08:00","place":"geo:31.23,121.5;u=10","area":"310115004000","traceparent":"x","data":{"cm":17}}`))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if want := time.Date(2026, 7, 1, 8, 0, 0, 123456000, time.UTC); !e.Time.Equal(want) {
		t.Errorf("time = %v, want %v", e.Time, want)
	}
	if e.Place == nil || e.Place.Lat != 31.23 || e.Place.Lon != 121.5 {
		t.Errorf("place = %v", e.Place)
	}
	if e.ID != "a1" || e.Subject != "p-7" || e.Area != "310115004000" || string(e.Data) != `{"cm":17}` {
		t.Errorf("event = %+v", e)
	}
}

// Each bad input names its field.
func TestFromJSONNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for field, body := range map[string]string{
		"specversion":     `{"specversion":"0.3","id":"1","source":"s","type":"t"}`,
		"id":              `{"specversion":"1.0","source":"s","type":"t"}`,
		"source":          `{"specversion":"1.0","id":"1","source":7,"type":"t"}`,
		"type":            `{"specversion":"1.0","id":"1","source":"s","type":""}`,
		"time":            `{"specversion":"1.0","id":"1","source":"s","type":"t","time":"yesterday"}`,
		"place":           `{"specversion":"1.0","id":"1","source":"s","type":"t","place":"geo:121.5"}`,
		"datacontenttype": `{"specversion":"1.0","id":"1","source":"s","type":"t","datacontenttype":"text/xml"}`,
		"data_base64":     `{"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":"%"}`,
		"":                `[1]`,
	} {
		_, problems := event.FromJSON([]byte(body))
		found := false
		for _, p := range problems {
			found = found || p.Field == field
		}
		if !found {
			t.Errorf("%s: problems %v do not name %q", body, problems, field)
		}
	}
}

func FuzzFromJSON(f *testing.F) {
	f.Add([]byte(`{"specversion":"1.0","id":"1","source":"s","type":"t","place":"geo:1,2","data_base64":"e30="}`))
	f.Fuzz(func(t *testing.T, body []byte) { event.FromJSON(body) })
}
