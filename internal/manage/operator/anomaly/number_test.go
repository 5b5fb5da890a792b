package anomaly

import (
	"math"
	"testing"
	"unsafe"
)

func TestNumbersAreThoseOfTheStandardLibrary(t *testing.T) {
	t.Parallel()
	for x := 1e-300; x < 1e300; x *= 1.37 {
		if got, want := ln(x), math.Log(x); math.Abs(got-want) > 1e-14*math.Abs(want)+1e-15 {
			t.Fatalf("ln %v = %v, want %v", x, got, want)
		}
	}
	for x := -699.0; x < 699; x += 0.731 {
		if got, want := exp(x), math.Exp(x); math.Abs(got-want) > 1e-13*want {
			t.Fatalf("exp %v = %v, want %v", x, got, want)
		}
	}
	if exp(-1000) != 0 || math.IsInf(exp(1000), 0) || power(4, 0.5) != 2 {
		t.Error("the ends, or the root of four, are wrong")
	}
}

func TestEdgesBoundTheirBins(t *testing.T) {
	t.Parallel()
	for y := 1e-200; y < 1e200; y *= 1.013 {
		if b := binOf(y); edge(b) > y || edge(b+1) <= y {
			t.Fatalf("%v is in bin %d, from %v to %v", y, b, edge(b), edge(b+1))
		}
	}
}

func TestStateIsBounded(t *testing.T) {
	t.Parallel()
	if size := unsafe.Sizeof(machine{}); size > 8<<10 {
		t.Errorf("a state has %d bytes", size)
	}
}
