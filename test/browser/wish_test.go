package browser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// A unit asks for more time and for a suspension; the centre sees who asks what and why, grants the one and declines the other. While the centre writes, the
// unit returns the case: the page says so and what was written stays.
func TestWishesOfAUnitAndTwoAtOnce(t *testing.T) {
	t.Parallel()
	centre := open(t, 1440, 900)
	centre.enter("visitor-duty")
	id := centre.sentOut("wish")
	street := open(t, 390, 844)
	street.enter("visitor-field")
	task := fmt.Sprintf(`[data-test="task"][data-id="%s"] `, id)
	street.until(fmt.Sprintf(`document.querySelector('%s')`, task))
	street.click(task + `[data-test="task-start"]`)
	street.until(fmt.Sprintf(`document.querySelector('%s[data-test="task-finish"]') !== null`, task))
	wish := func(kind string) {
		t.Helper()
		street.until(fmt.Sprintf(`document.querySelector('%s[data-test="task-more"] [data-test="task-ask-extension"]') !== null`, task)) // nothing is asked any more
		street.click(task + `[data-test="task-more"] summary`)
		street.click(task + fmt.Sprintf(`[data-test="task-%s"]`, kind))
		street.click(task + ".chip")
		street.picture(kind)
		street.axe("the form of " + kind)
		street.click(task + fmt.Sprintf(`[data-test="give-%s"]`, kind))
	}
	wish("ask-extension")
	centre.goTo("/console/cases/" + id)
	centre.until(`document.querySelector('[data-test="asked"]') !== null`)
	centre.picture("asked")
	centre.axe("a wish")
	if said := centre.eval(`document.querySelector('[data-test="asked"]').innerText`); !strings.Contains(said, "水务处置员") || strings.Count(said, "\n") > 3 {
		t.Errorf("the wish says %q", said)
	}
	centre.click(`[data-test="cmd-extend"]`)
	centre.until(`document.querySelector('[data-test="asked"]') === null && document.querySelector('[data-test="marks"]').innerText.includes("1")`)

	wish("ask-suspension")
	centre.until(`document.querySelector('[data-test="asked"]') !== null`)
	centre.click(`[data-test="cmd-decline"]`)
	centre.until(`document.querySelector('[data-test="form-decline"] .chip') !== null`)
	centre.click(`[data-test="form-decline"] .chip`)
	centre.click(`[data-test="give-decline"]`)
	centre.until(`document.querySelector('[data-test="asked"]') === null`)

	centre.click(`[data-test="more"] summary`)
	centre.click(`[data-test="more-urge"]`)
	do(centre, chromedp.SendKeys(chromedp.CSS(`[data-test="reason"]`), "half a sentence"))
	wish("return")
	centre.until(`document.querySelector('[data-test="refusal"]') !== null`)
	centre.picture("news")
	centre.axe("news")
	if said := centre.eval(`document.querySelector('[data-test="refusal"]').innerText`); !strings.Contains(said, "水务处置员") || !strings.Contains(said, "退回") {
		t.Errorf("the news says %q", said)
	}
	if typed := centre.eval(`document.querySelector('[data-test="reason"]').value`); typed != "half a sentence" {
		t.Errorf("what was typed became %q", typed)
	}
	centre.click(`[data-test="give-urge"]`)
	centre.until(`document.querySelector('[data-test="chain-steps"]').innerText.includes("half a sentence")`)
	centre.until(`document.querySelector('[data-test="cmd-arbitrate"], [data-test="more-arbitrate"]') !== null`)
	centre.click(`[data-test="more"] summary`)
	centre.click(`[data-test="more-arbitrate"]`)
	centre.picture("arbitrate")
	centre.axe("an arbitration")
	centre.click(`[data-test="give-arbitrate"]`)
	centre.waitState("dispatched")
}
