package wire_test

import (
	"encoding/binary"
	"testing"

	"twoweave/internal/base/wire"
)

func TestWhatIsWrittenIsReadAndNothingBeyond(t *testing.T) {
	t.Parallel()
	body := wire.AppendString(nil, "浦东")
	body = binary.AppendVarint(body, -7)
	body = binary.BigEndian.AppendUint64(body, 9)
	r := wire.Reader{Rest: append(body, 1)}
	if s, v, f, b := r.String(), r.Varint(), r.Fixed(), r.Byte(); s != "浦东" || v != -7 || f != 9 || b != 1 || !r.Done() {
		t.Errorf("read %q %d %d %d, done %v", s, v, f, b, r.Done())
	}
	for cut := range len(body) {
		r := wire.Reader{Rest: body[:cut]}
		r.Bytes()
		r.Varint()
		r.Fixed()
		if r.Done() || !r.Bad {
			t.Errorf("a record cut at %d was read as whole", cut)
		}
	}
}
