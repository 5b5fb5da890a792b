package notify_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/base/fault"
	"twoweave/internal/manage/event"
	"twoweave/internal/platform/notify"
	"twoweave/internal/platform/notify/notifytest"
)

const (
	oldSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	newSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
)

func endpoint(name, url string) notify.Endpoint {
	return notify.Endpoint{Name: name, URL: url, Secrets: []notify.Secret{oldSecret}}
}

// hooks is a carrier that may reach this machine.
func hooks(c clock.Clock, all ...notify.Endpoint) *notify.WebhookCarrier {
	return notify.NewWebhook(notify.WebhookOptions{Source: "https://city.example/twoweave", Directory: notify.Endpoints(all), Clock: c, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
}

// verify is the algorithm of the Standard Webhooks specification, written down once more, as a receiver would.
func verify(t *testing.T, r notifytest.Request, secret string, now time.Time) bool {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	stamp := r.Header["Webhook-Timestamp"][0]
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || now.Unix()-seconds > 300 || seconds-now.Unix() > 300 {
		return false
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte(strings.Join([]string{r.Header["Webhook-Id"][0], stamp, string(r.Body)}, ".")))
	want := "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
	for _, s := range strings.Split(r.Header["Webhook-Signature"][0], " ") {
		if s == want {
			return true
		}
	}
	return false
}

// The test vector that Standard Webhooks publishes with its libraries.
func TestSignatureOfThePublishedVector(t *testing.T) {
	t.Parallel()
	const id, body, want = "msg_p5jXN8AQM9LWM0D4loKWxJek", `{"test": 2432232314}`, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	at := time.Unix(1614265330, 0)
	if got, err := notify.Sign(id, at, []byte(body), oldSecret); got != want || err != nil {
		t.Errorf("signed %s (%v), want %s", got, err, want)
	}
	header := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {"1614265330"}, "Webhook-Signature": {"v1a,xx v1,AAAA " + want}}
	if got, err := notify.Verify(header, []byte(body), at.Add(5*time.Minute), newSecret, oldSecret); got != id || err != nil {
		t.Errorf("verified %s (%v)", got, err)
	}
	for name, bad := range map[string]func() error{
		"body":   func() error { _, err := notify.Verify(header, []byte(body+" "), at, oldSecret); return err },
		"secret": func() error { _, err := notify.Verify(header, []byte(body), at, newSecret); return err },
		"late": func() error {
			_, err := notify.Verify(header, []byte(body), at.Add(5*time.Minute+time.Second), oldSecret)
			return err
		},
		"early": func() error {
			_, err := notify.Verify(header, []byte(body), at.Add(-301*time.Second), oldSecret)
			return err
		},
		"missing": func() error { _, err := notify.Verify(http.Header{}, []byte(body), at, oldSecret); return err },
	} {
		if err := bad(); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWebhookIsASignedCloudEvent(t *testing.T) {
	t.Parallel()
	r := notifytest.NewSecureReceiver(t)
	c := clock.NewManual(start.Add(time.Hour))
	e := endpoint("12345", r.URL+"/in")
	e.Secrets = []notify.Secret{newSecret, oldSecret}
	w := notify.NewWebhook(notify.WebhookOptions{Source: "https://city.example/twoweave", Directory: notify.Endpoints{e}, Clock: c,
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Roots: r.Roots})
	m := hook("id-1", "12345")
	for range 2 {
		if err := w.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		c.Advance(time.Hour)
	}
	for i, got := range r.Got() {
		now := start.Add(time.Duration(i+1) * time.Hour)
		for _, secret := range []string{oldSecret, newSecret} { // a receiver with either is served
			if !verify(t, got, secret, now) {
				t.Errorf("not verified with %s", secret)
			}
			if id, err := notify.Verify(got.Header, got.Body, now, notify.Secret(secret)); id != "id-1" || err != nil {
				t.Error(id, err)
			}
		}
		if verify(t, got, "whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 24)), now) {
			t.Error("verified with a foreign secret")
		}
		ev, problems := event.FromJSON(got.Body) // the program's own reader of CloudEvents
		if len(problems) > 0 || ev.ID != "id-1" || ev.Source != "https://city.example/twoweave" || ev.Type != "twoweave.case.closed" || ev.Subject != "case-1" ||
			!ev.Time.Equal(start) || string(ev.Data) != `{"n":1}` {
			t.Errorf("%+v %v", ev, problems)
		}
		if got.Path != "/in" || got.Header.Get("Content-Type") != "application/cloudevents+json" {
			t.Errorf("%s %v", got.Path, got.Header)
		}
	}
}

// resolver answers each question with the next of its answers, and the last one for ever.
type resolver struct{ answers [][]string }

func (r *resolver) LookupNetIP(context.Context, string, string) (all []netip.Addr, err error) {
	for _, s := range r.answers[0] {
		all = append(all, netip.MustParseAddr(s))
	}
	if len(r.answers) > 1 {
		r.answers = r.answers[1:]
	}
	return all, nil
}

// dialed says whom a webhook to a URL reaches: the dialer notes the address that it is given and speaks to r instead.
func dialed(t *testing.T, r *notifytest.Receiver, res notify.Resolver, url string, allow ...string) (addresses []string, err error) {
	t.Helper()
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		addresses = append(addresses, address)
		return (&net.Dialer{}).DialContext(ctx, network, strings.TrimPrefix(r.URL, "https://"))
	}
	o := notify.WebhookOptions{Source: "https://city.example", Directory: notify.Endpoints{endpoint("x", url)}, Clock: clock.NewManual(start), Roots: r.Roots, Resolver: res, Dial: dial}
	for _, a := range allow {
		o.Allow = append(o.Allow, netip.MustParsePrefix(a))
	}
	err = notify.NewWebhook(o).Send(t.Context(), hook("a", "x"))
	return addresses, err
}

func TestGuardOnLiteralAddresses(t *testing.T) {
	t.Parallel()
	r := notifytest.NewSecureReceiver(t)
	for _, host := range []string{
		"127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "169.254.1.1", "169.254.169.254", "100.100.100.200",
		"192.0.0.192", "168.63.129.16", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.88.99.1",
		"[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::1]", "[2002:7f00:1::]",
		"[2001::1]", "[2001:db8::1]", "[fe80::1]", "[fe80::1%25lo]", "[fec0::1]", "[fc00::1]", "[fd12:3456::1]", "[fd00:ec2::254]", "[ff02::1]", "[100::1]", "[3fff::1]", "[5f00::1]",
		"2130706433", "017700000001", "0x7f000001", "0x7F.1", "127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.0x1", "127.0.0.1.", "256.256.256.256", "1.2.3.4.5", "0x",
	} {
		got, err := dialed(t, r, nil, "https://"+host+"/")
		f, is := err.(*notify.Failure)
		if !is || f.Verdict != notify.Refused || f.Answered || len(got) > 0 {
			t.Errorf("%s: dialled %v (%v)", host, got, err)
		}
	}
	if len(r.Got()) != 0 {
		t.Error("something was sent")
	}
}

func TestGuardLetsThePublicNetworkThrough(t *testing.T) {
	t.Parallel()
	r := notifytest.NewSecureReceiver(t)
	for _, ip := range []string{"93.184.216.34", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2400:3200::1"} {
		got, err := dialed(t, r, &resolver{[][]string{{ip}}}, "https://example.com/")
		if want := net.JoinHostPort(ip, "443"); err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s: dialled %v (%v)", ip, got, err)
		}
	}
}

func TestGuardOnNames(t *testing.T) {
	t.Parallel()
	r := notifytest.NewSecureReceiver(t)
	for _, ip := range []string{"127.0.0.1", "10.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "0.0.0.0", "fe80::1", "64:ff9b::a00:1"} {
		if got, err := dialed(t, r, &resolver{[][]string{{ip}}}, "https://example.com/"); err == nil || len(got) > 0 {
			t.Errorf("%s: dialled %v", ip, got)
		}
	}
	got, err := dialed(t, r, &resolver{[][]string{{"127.0.0.1", "93.184.216.34", "::1"}}}, "https://example.com/")
	if err != nil || len(got) != 1 || got[0] != "93.184.216.34:443" {
		t.Errorf("of several addresses it dialled %v (%v)", got, err)
	}
}

// A name that is public when somebody looks first and private when it is dialled: what is dialled is what was looked at, in each try anew.
func TestGuardAgainstRebinding(t *testing.T) {
	t.Parallel()
	r := notifytest.NewSecureReceiver(t)
	res := &resolver{[][]string{{"93.184.216.34"}, {"127.0.0.1"}, {"93.184.216.34"}, {"10.0.0.1"}}}
	for i, public := range []bool{true, false, true, false, false} {
		got, err := dialed(t, r, res, "https://example.com/")
		if public && (err != nil || len(got) != 1 || got[0] != "93.184.216.34:443") || !public && (err == nil || len(got) != 0) {
			t.Errorf("try %d: dialled %v (%v)", i, got, err)
		}
	}
}

func TestGuardFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	inside, r := notifytest.NewReceiver(t), notifytest.NewSecureReceiver(t)
	for _, code := range []int{301, 302, 303, 307, 308} {
		r.OnRequest(func(notifytest.Request) notifytest.Answer {
			return notifytest.Answer{Status: code, Header: map[string]string{"Location": inside.URL}}
		})
		_, err := dialed(t, r, &resolver{[][]string{{"93.184.216.34"}}}, "https://example.com/")
		if f, is := err.(*notify.Failure); !is || f.Verdict != notify.Refused || !f.Answered {
			t.Errorf("%d: %v", code, err)
		}
	}
	if len(inside.Got()) != 0 {
		t.Error("the redirect was followed")
	}
}

func TestAllowListOfTheGuard(t *testing.T) {
	t.Parallel()
	r := notifytest.NewSecureReceiver(t)
	for _, c := range []struct {
		url, allow string
		through    bool
	}{
		{"https://10.1.2.3/", "10.1.0.0/16", true},
		{"https://10.2.2.3/", "10.1.0.0/16", false},
		{"https://[::ffff:10.1.2.3]/", "10.1.0.0/16", true},
		{"https://169.254.169.254/", "0.0.0.0/0", false},
		{"https://100.100.100.200/", "100.64.0.0/10", false},
		{"https://[fd00:ec2::254]/", "fd00::/8", false},
		{"https://0.0.0.0/", "0.0.0.0/0", false},
		{"https://224.0.0.1/", "0.0.0.0/0", false},
		{"http://93.184.216.34/", "10.1.0.0/16", false}, // plain http is for the list alone
		{"http://10.1.2.3/", "10.1.0.0/16", true},
	} {
		got, _ := dialed(t, r, nil, c.url, c.allow) // the answer of r, in another name, is not looked at
		if through := len(got) > 0; through != c.through {
			t.Errorf("%s with %s: dialled %v", c.url, c.allow, got)
		}
	}
}

func TestEndpointsThatCannotBe(t *testing.T) {
	t.Parallel()
	w := hooks(clock.NewManual(start), notify.Endpoint{Name: "bare", URL: "https://example.com"}, endpoint("ftp", "ftp://example.com"), endpoint("user", "https://a:b@example.com"),
		notify.Endpoint{Name: "short", URL: "https://example.com", Secrets: []notify.Secret{"whsec_c2hvcnQ="}})
	for _, name := range []string{"nobody", "bare", "ftp", "user", "short"} {
		err := w.Send(t.Context(), hook("a", name))
		if f, is := err.(*notify.Failure); !is || f.Verdict != notify.Refused || !strings.Contains(f.Why.EN, name) || !strings.Contains(f.Why.ZH, name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
