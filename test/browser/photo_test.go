package browser_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

// camera writes a picture as a phone does: larger than needed, lying on its side, with its place and maker beside the pixels.
func camera(t *testing.T) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 2400, 1800))
	for i := 0; i < len(m.Pix); i += 4 {
		x, y := i/4%2400, i/4/2400
		c := color.RGBA{uint8(x / 10), uint8(y / 8), uint8((x ^ y) & 0xff), 255}
		m.Pix[i], m.Pix[i+1], m.Pix[i+2], m.Pix[i+3] = c.R, c.G, c.B, c.A
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	tiff := append([]byte("II*\x00\x08\x00\x00\x00"), 1, 0)
	tiff = le.AppendUint32(le.AppendUint16(le.AppendUint16(tiff, 0x0112), 3), 1)
	tiff = append(tiff, 6, 0, 0, 0)
	content := append(append([]byte("Exif\x00\x00"), tiff...), "GPS SECRETPLACE"...)
	segment := append(binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(content)+2)), content...)
	path := filepath.Join(t.TempDir(), "DCIM_0001.jpg")
	if err := os.WriteFile(path, slices.Concat(b.Bytes()[:2], segment, b.Bytes()[2:]), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// attach puts a file into a file input, as a person who takes a photo.
func (p *tab) attach(selector, path string) {
	p.t.Helper()
	do(p, chromedp.SetUploadFiles(chromedp.CSS(selector), []string{path}))
}

// In the cellar a photo is taken before the work and one after it. Both wait with the steps, survive closing the page, and come once; what the camera wrote
// beside the pixels stays behind.
func TestPhotosTakenWithoutANetworkComeOnce(t *testing.T) {
	t.Parallel()
	centre := open(t, 1280, 900)
	centre.enter("visitor-duty")
	id := centre.sentOut("photo")
	street := open(t, 390, 844)
	street.enter("visitor-field")
	task := fmt.Sprintf(`[data-test="task"][data-id="%s"]`, id)
	street.until(fmt.Sprintf(`document.querySelector('%s [data-test="photo-before"]')`, task))
	shot := camera(t)

	street.cut(true)
	street.until(`document.querySelector('[data-test="offline"]')`) // pushes what is below it down
	street.attach(task+` [data-test="photo-before"]`, shot)
	street.until(fmt.Sprintf(`document.querySelectorAll('%s [data-test="thumb"]').length === 1`, task))
	street.click(task + ` [data-test="task-start"]`)
	street.until(fmt.Sprintf(`document.querySelector('%s [data-test="task-finish"]') !== null`, task))
	do(street, chromedp.SendKeys(chromedp.CSS(task+` [data-test="note"]`), "抽干"))
	street.click(task + ` [data-test="task-finish"]`)
	street.until(`document.querySelector('[data-test="waiting"]')?.dataset.n === "3"`)
	street.picture("waiting")
	street.axe("photos that wait")
	if n := centre.photos(id); n != "[]" {
		t.Fatalf("before the network is back the server has %s", n)
	}

	do(street, chromedp.Navigate("about:blank"))
	street.cut(false)
	street.goTo("/field")
	street.until(fmt.Sprintf(`document.querySelector('%s [data-test="photos-there"]')?.dataset.n === "1" && document.querySelector('[data-test="waiting"]') === null`, task))
	if got := centre.kinds(id); got != "taken filed dispatched started handled" {
		t.Errorf("the server has %q", got)
	}
	if got := centre.photos(id); got != `["before 1200×1600 small clean field"]` {
		t.Errorf("the case has %s", got)
	}
	if left := street.eval(`(async () => { const db = await new Promise((done) => { const r = indexedDB.open("twoweave"); r.onsuccess = () => done(r.result); });
		return String(await new Promise((done) => { const r = db.transaction("photos").objectStore("photos").count(); r.onsuccess = () => done(r.result); })); })()`); left != "0" {
		t.Errorf("%s photos stay on the phone", left)
	}
	// The same picture again is no second photo of the case.
	street.attach(task+` [data-test="photo-after"]`, shot)
	street.until(fmt.Sprintf(`document.querySelector('%s [data-test="photos-there"]')?.dataset.n === "2"`, task))
	if got := centre.photos(id); got != `["before 1200×1600 small clean field"]` {
		t.Errorf("sent again, the case has %s", got)
	}

	centre.goTo("/console/cases/" + id)
	centre.until(`document.querySelector('[data-test="photo"] img')?.naturalWidth === 1200`)
	centre.click(`[data-test="photo"]`)
	centre.until(`document.querySelector('dialog[open] [data-test="large"]')?.complete`)
	centre.picture("large")
	centre.axe("a photo, large")
	do(centre, chromedp.SendKeys(chromedp.CSS(`[data-test="photo-close"]`), "\x1b"))
	centre.until(`document.querySelector('dialog[open]') === null && location.pathname.endsWith("` + id + `")`)
}

// photos are those of a case as the server has them.
func (p *tab) photos(id string) string {
	p.t.Helper()
	return p.eval(fmt.Sprintf(`(async () => {
		const d = await (await fetch("/api/v1/cases/%[1]s")).json();
		const all = [];
		for (const x of d.photos) {
			const text = new TextDecoder("latin1").decode(await (await fetch("/api/v1/cases/%[1]s/photos/" + x.hash)).arrayBuffer());
			all.push([x.kind, x.width + "×" + x.height, text.length <= 300 * 1024 ? "small" : text.length, /SECRET|Exif/.test(text) ? "secrets" : "clean", x.by.replace("visitor-", "")].join(" "));
		}
		return JSON.stringify(all);
	})()`, id))
}
