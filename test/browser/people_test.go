package browser_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

const passphrase = "correct horse battery"

// firstStart starts a program in which nobody has an account, and reads the link that it prints.
func firstStart(t *testing.T) (url, link string) {
	t.Helper()
	cmd := exec.Command(built, "serve", "--data", filepath.Join(t.TempDir(), "data"), "--listen", "127.0.0.1:0", "--mqtt", "off", "--log", "warn", "--packs", "../../packs/pudong")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Signal(os.Interrupt); cmd.Wait() })
	printed := regexp.MustCompile(`(http://127\.0\.0\.1:\d+)(/welcome/\S+)`)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if m := printed.FindStringSubmatch(lines.Text()); m != nil {
			return m[1], m[2]
		}
	}
	t.Fatal("the first start printed no link")
	return "", ""
}

// choose follows a one-time link to a passphrase, and signs in with it.
func (p *tab) choose(link, account string) {
	p.t.Helper()
	p.check(link, "zh-CN")
	if p.eval(`String(document.querySelector("input[name=name]") !== null)`) == "true" {
		p.typeAt(`input[name="name"]`, "李娜")
		p.typeAt(`#account`, account)
	}
	p.typeAt(`#passphrase`, passphrase)
	p.typeAt(`#again`, passphrase+"\r")
	p.until(`location.pathname === "/signin"`)
	p.sign(account)
}

func (p *tab) sign(account string) {
	p.t.Helper()
	p.until(`document.querySelector("#passphrase") !== null`)
	p.typeAt(`#name`, account)
	p.typeAt(`#passphrase`, passphrase+"\r")
	p.until(`document.querySelector("#passphrase") === null && document.querySelector("h1") !== null`)
}

// authenticate sets up the second step, as an authenticator on a phone would, and gives a recovery code.
func (p *tab) authenticate() (recovery string) {
	p.t.Helper()
	p.until(`document.querySelector("main svg") !== null`)
	p.axe("the second step")
	code, err := totp.GenerateCode(p.eval(`document.querySelector('[data-test="secret"]').innerText`), time.Now())
	if err != nil {
		p.t.Fatal(err)
	}
	p.typeAt(`#code`, code+"\r")
	p.until(`document.querySelectorAll('[data-test="codes"] code').length === 10`)
	p.axe("recovery codes")
	recovery = p.eval(`document.querySelector('[data-test="codes"] code').innerText`)
	p.click(`[data-test="goon"]`)
	return recovery
}

// A first start, its administrator with a second step, somebody invited, a lost phone, and somebody blocked, as people see it.
func TestFromTheFirstStartToABlockedPerson(t *testing.T) {
	t.Parallel()
	url, link := firstStart(t)
	admin := openAt(t, url, 1280, 800)
	admin.choose(link, "li.na")
	recovery := admin.authenticate()
	admin.goTo("/console/people")
	admin.until(`document.querySelector('[data-account="li.na"][data-state="active"]') !== null`)
	admin.axe("people")
	admin.typeAt(`#name`, "王芳")
	admin.typeAt(`#account`, "wang.fang")
	admin.click(`input[value="operator"]`)
	admin.click(`form.form button.main`)
	admin.until(`document.querySelector('[data-test="link"]') !== null`)
	admin.axe("an invitation")
	invitation := admin.eval(`new URL(document.querySelector('[data-test="link"]').innerText).pathname`)
	wang := openAt(t, url, 390, 844)
	wang.choose(invitation, "wang.fang")
	wang.check("/me", "zh-CN")
	wang.goTo(invitation)
	wang.until(`document.querySelector("form.form") === null`)

	admin.goTo("/me")
	admin.axe("the own sign-in")
	admin.click(`[data-test="end-all"]`)
	admin.sign("li.na")
	admin.until(`document.querySelector("#code") !== null`)
	admin.axe("the code")
	admin.typeAt(`#code`, "000000\r")
	admin.until(`document.querySelector(".summary") !== null`)
	admin.axe("a wrong code")
	admin.typeAt(`#code`, recovery+"\r")
	admin.until(`location.pathname === "/wall" || location.pathname.startsWith("/console")`)

	admin.goTo("/console/audit")
	admin.click(`[data-test="verify"]`)
	admin.until(`document.querySelector('[data-test="verified"]') !== null && document.querySelector('tr[data-action="people.keep"]') !== null`)
	admin.axe("the audit")
	admin.picture("audit")
	admin.eval(`document.cookie = "tw_lang=en; path=/"`)
	admin.check("/console/audit?from=1", "en")
	admin.check("/console/audit", "en")
	admin.picture("audit-en")
	admin.eval(`document.cookie = "tw_lang=zh; path=/; max-age=0"`)

	admin.goTo("/console/people")
	admin.click(`[data-account="wang.fang"] [data-test="block"]`)
	admin.until(`document.querySelector('[data-account="wang.fang"][data-state="blocked"]') !== null`)
	wang.goTo("/me")
	wang.until(`location.pathname === "/signin"`)
	wang.typeAt(`#name`, "wang.fang")
	wang.typeAt(`#passphrase`, passphrase+"\r")
	wang.until(`document.querySelector(".summary") !== null`)
	wang.axe("a refused sign-in")
	if wide := wang.eval(`String(document.documentElement.scrollWidth)`); wide != "390" {
		t.Errorf("the sign-in is %s pixels wide on a phone", wide)
	}
}
