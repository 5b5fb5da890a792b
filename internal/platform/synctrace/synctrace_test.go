package synctrace_test

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"twoweave/internal/platform/synctrace"
)

// trace builds a trace from lines in which «…» is a path or bytes, to be written in hexadecimal as strace does.
func trace(t *testing.T, lines ...string) *synctrace.Trace {
	t.Helper()
	braces := regexp.MustCompile(`«[^»]*»`)
	text := braces.ReplaceAllStringFunc(strings.Join(lines, "\n")+"\n", func(s string) string {
		var b strings.Builder
		for _, c := range []byte(strings.Trim(s, "«»")) {
			b.WriteString(`\x` + hex.EncodeToString([]byte{c}))
		}
		return b.String()
	})
	tr, err := synctrace.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func anyPath(string) bool { return true }

// at describes what is uncovered before operation i, and what a power cut that loses all of it leaves.
func at(t *testing.T, tr *synctrace.Trace, i int) (open []string, left map[string]string) {
	t.Helper()
	d := synctrace.NewDisk(tr, "/d")
	if err := d.Advance(i); err != nil {
		t.Fatal(err)
	}
	for _, u := range d.Uncovered(anyPath) {
		open = append(open, u.String())
	}
	dir := t.TempDir()
	if err := d.Rebuild(dir, nil); err != nil {
		t.Fatal(err)
	}
	return open, files(t, dir)
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	left := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name := strings.TrimPrefix(path, dir+"/")
		if e.IsDir() {
			left[name+"/"] = ""
			return nil
		}
		body, err := os.ReadFile(path)
		left[name] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return left
}

const (
	create  = `1 openat(AT_FDCWD<«/»>, "«/d/a»", O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 3<«/d/a»>`
	write   = `1 write(3<«/d/a»>, "«hello»", 5) = 5`
	syncA   = `1 fsync(3<«/d/a»>) = 0`
	syncDir = `1 fsync(4<«/d»>) = 0`
	answer  = `1 write(9<TCP:[127.0.0.1:80->127.0.0.1:99]>, "«HTTP/1.1 202»", 12) = 12`
)

func TestBytesAndNamesNeedTheirOwnSync(t *testing.T) {
	t.Parallel()
	tr := trace(t, create, write, answer, syncA, answer, syncDir, answer)
	answers := tr.Find(func(op *synctrace.Op) bool { return op.Kind == synctrace.Send })
	for i, want := range []struct {
		open []string
		left map[string]string
	}{
		{[]string{"/d/a: its name (operation 0)", "/d/a: 5 bytes at 0 (operation 1)"}, map[string]string{}},
		{[]string{"/d/a: its name (operation 0)"}, map[string]string{}},
		{nil, map[string]string{"a": "hello"}},
	} {
		open, left := at(t, tr, answers[i])
		if !slices.Equal(open, want.open) || fmt.Sprint(left) != fmt.Sprint(want.left) {
			t.Errorf("answer %d: uncovered %q, left %q", i, open, left)
		}
	}
}

func TestHoldsNeedsBytesAndName(t *testing.T) {
	t.Parallel()
	tr := trace(t, create, write, answer, syncA, answer, syncDir, answer)
	d := synctrace.NewDisk(tr, "/d")
	for _, c := range []struct {
		op   int
		want bool
	}{{2, false}, {4, false}, {6, true}} {
		if err := d.Advance(c.op); err != nil {
			t.Fatal(err)
		}
		if got := d.Holds([]byte("ell"), anyPath); got != c.want {
			t.Errorf("before operation %d: %v", c.op, got)
		}
	}
	if d.Holds([]byte("ell"), func(path string) bool { return path == "/d/b" }) || d.Holds([]byte("HTTP"), anyPath) {
		t.Error("found in another file")
	}
}

func TestASyncCoversOnlyWhatEndedBeforeItBegan(t *testing.T) {
	t.Parallel()
	tr := trace(t, create, syncDir,
		`1 write(3<«/d/a»>, "«old»", 3) = 3`,
		`2 fsync(3<«/d/a»> <unfinished ...>`,
		`1 write(3<«/d/a»>, "«new»", 3) = 3`,
		`3 write(9<pipe:[5]>, "«too early»", 9) = 9`,
		`2 <... fsync resumed>) = 0`,
		`3 write(9<pipe:[5]>, "«partly»", 6) = 6`,
	)
	if open, _ := at(t, tr, 5); len(open) != 2 {
		t.Errorf("while the sync runs: %q", open)
	}
	open, left := at(t, tr, 6)
	if want := []string{"/d/a: 3 bytes at 3 (operation 4)"}; !slices.Equal(open, want) || left["a"] != "old" {
		t.Errorf("after the sync: %q, %q", open, left)
	}
}

func TestWritesOpenedForSyncCoverThemselvesOnly(t *testing.T) {
	t.Parallel()
	tr := trace(t, create, syncDir, write,
		`1 openat(AT_FDCWD<«/»>, "«/d/a»", O_WRONLY|O_SYNC|O_CLOEXEC) = 5<«/d/a»>`,
		`1 pwrite64(5<«/d/a»>, "«XY»", 2, 1) = 2`, answer)
	open, left := at(t, tr, 5)
	if want := []string{"/d/a: 5 bytes at 0 (operation 2)"}; !slices.Equal(open, want) || left["a"] != "\x00XY" {
		t.Errorf("%q, %q", open, left)
	}
}

func TestReplacingAFile(t *testing.T) {
	t.Parallel()
	replace := []string{create, write, syncA, syncDir,
		`1 openat(AT_FDCWD<«/»>, "«/d/t»", O_RDWR|O_CREAT|O_EXCL, 0600) = 5<«/d/t»>`,
		`1 writev(5<«/d/t»>, [{iov_base="«wo»", iov_len=2}, {iov_base="«rld»", iov_len=3}], 2) = 5`,
		`1 fdatasync(5<«/d/t»>) = 0`,
		`1 renameat(AT_FDCWD<«/»>, "«/d/t»", AT_FDCWD<«/»>, "«/d/a»") = 0`,
		answer, syncDir, answer}
	tr := trace(t, replace...)
	open, left := at(t, tr, 8)
	if !slices.Equal(open, []string{"/d/a: its name (operation 7)"}) || fmt.Sprint(left) != "map[a:hello]" {
		t.Errorf("before the folder's sync: %q, %q", open, left)
	}
	uncovered, err := tr.UncoveredAt("/d", 8, anyPath)
	if err != nil || len(uncovered) != 1 || !uncovered[0].Replaces {
		t.Errorf("the older file is durable: %+v, %v", uncovered, err)
	}
	if open, left = at(t, tr, 10); open != nil || fmt.Sprint(left) != "map[a:world]" {
		t.Errorf("after it: %q, %q", open, left)
	}
}

func TestFolders(t *testing.T) {
	t.Parallel()
	tr := trace(t,
		`1 mkdirat(AT_FDCWD<«/»>, "«/d/sub»", 0700) = 0`,
		`1 openat(7<«/d/sub»>, "«f»", O_RDWR|O_CREAT, 0600) = 3<«/d/sub/f»>`,
		`1 pwrite64(3<«/d/sub/f»>, "«abcdef»", 6, 2) = 6`,
		`1 ftruncate(3<«/d/sub/f»>, 4) = 0`,
		`1 fsync(3<«/d/sub/f»>) = 0`,
		`1 fsync(7<«/d/sub»>) = 0`,
		answer, syncDir,
		`1 unlinkat(AT_FDCWD<«/»>, "«/d/sub/f»", 0) = 0`,
		`1 write(3<«/d/sub/f»>(deleted), "«zzz»", 3) = 3`,
		answer)
	if open, left := at(t, tr, 6); !slices.Equal(open, []string{"/d/sub: its name (operation 0)"}) || len(left) != 0 {
		t.Errorf("%q, %q", open, left)
	}
	if open, left := at(t, tr, 10); open != nil || left["sub/f"] != "\x00\x00ab" {
		t.Errorf("an unsynced removal: %q, %q", open, left)
	}
}

// A socket in a watched folder is neither data nor unknown.
func TestSockets(t *testing.T) {
	t.Parallel()
	tr := trace(t, create, syncDir,
		`1 bind(9<UNIX-STREAM:[77]>, {sa_family=AF_UNIX, sun_path="«/d/control.sock»"}, 20) = 0`,
		write, syncA, answer,
		`1 unlinkat(AT_FDCWD<«/»>, "«/d/control.sock»", 0) = 0`,
		answer)
	if open, left := at(t, tr, 7); open != nil || len(left) != 1 {
		t.Errorf("%q, %q", open, left)
	}
}

func TestChanceKeepsWhatIsDurable(t *testing.T) {
	t.Parallel()
	tr := trace(t, create, syncDir, write, syncA,
		`1 write(3<«/d/a»>, "« world»", 6) = 6`,
		`1 openat(AT_FDCWD<«/»>, "«/d/b»", O_RDWR|O_CREAT, 0600) = 5<«/d/b»>`, answer)
	seen := map[string]bool{}
	for seed := range uint64(200) {
		d := synctrace.NewDisk(tr, "/d")
		if err := d.Advance(6); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := d.Rebuild(dir, rand.New(rand.NewPCG(seed, 0))); err != nil {
			t.Fatal(err)
		}
		left := files(t, dir)
		if !strings.HasPrefix(left["a"], "hello") {
			t.Fatalf("seed %d lost synced bytes: %q", seed, left)
		}
		seen[fmt.Sprint(left)] = true
	}
	for _, want := range []string{"map[a:hello]", "map[a:hello b:]", "map[a:hello world b:]", "map[a:hello wo]", "map[a:hello\x00\x00\x00\x00\x00\x00]"} {
		if !seen[want] {
			t.Errorf("chance never left %q", want)
		}
	}
}

func TestFailedCallsDoNothing(t *testing.T) {
	t.Parallel()
	tr := trace(t,
		`1 openat(AT_FDCWD<«/»>, "«/d/a»", O_RDONLY) = -1 ENOENT (No such file or directory)`,
		`1 fsync(3<«/d/a»>) = -1 EIO (Input/output error)`,
		`1 --- SIGURG {si_signo=SIGURG} ---`, `1 +++ exited with 0 +++`)
	if len(tr.Ops) != 0 {
		t.Errorf("%+v", tr.Ops)
	}
}

func TestWhatIsNotUnderstoodIsAnError(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string][]string{
		"old file":   {`1 openat(AT_FDCWD<«/»>, "«/d/old»", O_RDWR) = 3<«/d/old»>`},
		"moved in":   {`1 rename("«/x»", "«/d/x»") = 0`},
		"inherited":  {create, `1 write(8<«/d/a»>, "«x»", 1) = 1`},
		"copy":       {create, `1 copy_file_range(4<«/x»>, NULL, 3<«/d/a»>, NULL, 9, 0) = 9`},
		"old folder": {`1 mkdir("«/d/x/y»", 0700) = 0`},
	} {
		tr := trace(t, lines...)
		if err := synctrace.NewDisk(tr, "/d").Advance(len(tr.Ops)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, text := range []string{
		`1 write(3<\x2f>, "\x61"..., 5) = 5`, `1 write(3<\x2f>, "\x61", 5) = 5`, `garbage`, `1 <... fsync resumed>) = 0`, `1 fsync(3) `,
	} {
		if _, err := synctrace.Parse(strings.NewReader(text + "\n")); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

func TestMappedFilesAreNamed(t *testing.T) {
	t.Parallel()
	tr := trace(t, create,
		`1 mmap(NULL, 32768, PROT_READ|PROT_WRITE, MAP_SHARED, 3<«/d/a»>, 0) = 0x7f0000000000`,
		`1 mmap(NULL, 32768, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000`)
	d := synctrace.NewDisk(tr, "/d")
	if err := d.Advance(len(tr.Ops)); err != nil || !slices.Equal(d.Mapped(), []string{"/d/a"}) {
		t.Errorf("%v, %v", d.Mapped(), err)
	}
}
