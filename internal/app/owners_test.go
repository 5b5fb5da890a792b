package app

import (
	"testing"

	"twoweave/internal/base/fault"
)

func TestWhoOwnsWhat(t *testing.T) {
	t.Parallel()
	all := Owners{{Subject: "site-7", Name: "Seven", Phone: "+86 138-0000-0007"}, {Subject: "site-*", Name: "Builders", Phone: "13800000001"}, {Subject: "shop-[0-9]", Name: "Shops", Phone: "12345"}}
	if wrong := all.Check(); wrong != nil {
		t.Fatal(wrong)
	}
	for subject, want := range map[string]string{"site-7": "Seven", "site-70": "Builders", "site-": "Builders", "shop-3": "Shops", "shop-33": "", "Site-7": "", "": ""} {
		if got, known := all.of(subject); got.Name != want || known != (want != "") {
			t.Errorf("%q is of %q, want %q", subject, got.Name, want)
		}
	}
	c := DefaultConfig()
	c.Owners = Owners{{Subject: "[", Name: "", Phone: "call me"}}
	fields := map[string]bool{}
	for _, p := range fault.Problems(c.Check()) {
		fields[p.Field] = true
	}
	if len(fields) != 3 || !fields["owners[0].subject"] || !fields["owners[0].name"] || !fields["owners[0].phone"] {
		t.Errorf("problems with %v", fields)
	}
}
