package detect

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// slow gates the long tests: make slow sets TWOWEAVE_SLOW=1.
func slow() bool { return os.Getenv("TWOWEAVE_SLOW") == "1" }
