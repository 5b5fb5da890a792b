package ident_test

import (
	"testing"

	"twoweave/internal/base/ident"
)

func TestDeriveIsStableAndSeparatesItsParts(t *testing.T) {
	t.Parallel()
	first, again := ident.Derive("ponding", "p-17", "1"), ident.Derive("ponding", "p-17", "1")
	if first != again {
		t.Errorf("the same parts gave %s and %s", first, again)
	}
	if ident.Derive("ab", "c") == ident.Derive("a", "bc") {
		t.Error("parts run into each other")
	}
	if got := ident.Derive("ponding", "p-17", "1"); len(got) != ident.Len {
		t.Errorf("length of %q is %d", got, len(got))
	}
}

func TestNewDiffers(t *testing.T) {
	t.Parallel()
	if a, b := ident.New(), ident.New(); a == b || len(a) != ident.Len {
		t.Errorf("New gave %q and %q", a, b)
	}
}
