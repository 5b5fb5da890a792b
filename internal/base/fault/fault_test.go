package fault_test

import (
	"errors"
	"io"
	"testing"

	"twoweave/internal/base/fault"
)

func TestWrapKeepsKindMessageAndProblems(t *testing.T) {
	t.Parallel()
	inner := fault.Invalidly("schema.Validate", fault.Problem{File: "a.yaml", Line: 3, Field: "for", Message: "must be a duration such as 5m"})
	err := fault.Wrap("pack.Load", fault.Wrap("scenario.Parse", inner))
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("kind = %v, want invalid", fault.KindOf(err))
	}
	if got := fault.Message(err); got != inner.Msg {
		t.Errorf("message = %q, want %q", got, inner.Msg)
	}
	if got := fault.Problems(err); len(got) != 1 || got[0].String() != "a.yaml:3: for: must be a duration such as 5m" {
		t.Errorf("problems = %v", got)
	}
}

func TestForeignErrorsAreInternalAndNeverShown(t *testing.T) {
	t.Parallel()
	err := fault.Wrap("blob.Get", io.ErrUnexpectedEOF)
	if fault.KindOf(err) != fault.Internal || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("kind = %v, chain broken = %v", fault.KindOf(err), !errors.Is(err, io.ErrUnexpectedEOF))
	}
	if fault.Message(err) == io.ErrUnexpectedEOF.Error() {
		t.Error("the cause of an internal fault must not be shown to users")
	}
}

func TestNilIsNoFault(t *testing.T) {
	t.Parallel()
	if fault.Wrap("op", nil) != nil || fault.Is(nil, fault.Internal) {
		t.Error("nil became a fault")
	}
}
