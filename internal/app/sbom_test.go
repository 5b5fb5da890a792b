package app

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

// What scanners read names each library that is linked, with the version that go.mod pins, and each that the screens bring.
func TestTheBillOfMaterialsNamesWhatIsInside(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "twoweave") // the linker tells test binaries nothing of their libraries
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", program, "twoweave/cmd/twoweave").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	said := func() []byte {
		out, err := exec.CommandContext(t.Context(), program, "version", "--sbom").Output()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	out := said()
	if !bytes.Equal(out, said()) {
		t.Error("said twice, it differs")
	}
	bom := new(cyclonedx.BOM)
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(out), cyclonedx.BOMFileFormatJSON).Decode(bom); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, c := range *bom.Components {
		found[c.Name] = c.Version
		if !strings.HasPrefix(c.PackageURL, "pkg:golang/") && !strings.HasPrefix(c.PackageURL, "pkg:npm/") {
			t.Errorf("%s has the package URL %q", c.Name, c.PackageURL)
		}
	}
	pinned, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"modernc.org/sqlite", "github.com/nats-io/nats-server/v2", "github.com/jackc/pgx/v5", "filippo.io/age"} {
		m := regexp.MustCompile(regexp.QuoteMeta(name) + ` (v\S+)`).FindSubmatch(pinned)
		if m == nil || found[name] != string(m[1]) {
			t.Errorf("%s is %q; go.mod pins %s", name, found[name], m)
		}
	}
	for _, name := range []string{"std", "preact", "@preact/signals", "@preact/signals-core"} {
		if found[name] == "" {
			t.Errorf("%s is missing", name)
		}
	}
}
