package rule

import (
	"testing"

	"pgregory.net/rapid"
)

// Whatever the rule, one with a comparison turned compiles too, and is another text.
func TestATurnedRuleCompiles(t *testing.T) {
	t.Parallel()
	env := testEnv(t)
	turned := 0
	rapid.Check(t, func(t *rapid.T) {
		src := writer{drawn{t}}.expr(Bool, 4)
		p, err := env.Compile(src)
		if err != nil {
			return
		}
		for _, c := range p.Comparisons() {
			for _, to := range c.Alternatives {
				turned++
				text := src[:c.Offset] + to + src[c.Offset+c.Length:]
				if _, err := env.Compile(text); err != nil || text == src {
					t.Fatalf("%s\nturned %s\n%v", src, text, err)
				}
			}
		}
	})
	if turned == 0 {
		t.Error("nothing was turned")
	}
}
