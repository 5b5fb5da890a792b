package synctrace

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// calls are the system calls that the model understands. Some are missing on some architectures: strace is told not to mind.
const calls = "open,openat,openat2,creat,close,dup,dup2,dup3,write,writev,pwrite64,pwritev,pwritev2," +
	"fsync,fdatasync,sync,syncfs,sync_file_range,rename,renameat,renameat2,link,linkat,unlink,unlinkat,rmdir," +
	"mkdir,mkdirat,ftruncate,truncate,fallocate,lseek,bind,sendto,sendmsg,sendfile,copy_file_range,mmap,fcntl"

// maxString is how many bytes of one call are kept in the trace; a larger write makes Parse fail.
const maxString = 32 << 20

// Command is the program under strace, its trace going to the file out. The caller starts it; strace passes signals and the exit code on.
func Command(ctx context.Context, out, program string, args ...string) (*exec.Cmd, error) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		return nil, fmt.Errorf("strace is needed for this test; on Debian: apt-get install strace: %w", err)
	}
	argv := []string{"-f", "--seccomp-bpf", "-yy", "-xx", "-s", fmt.Sprint(maxString), "-o", out, "-e", "trace=" + traceSet(), "--", program}
	return exec.CommandContext(ctx, strace, append(argv, args...)...), nil
}

// traceSet marks every name with "?", strace's word for "if there is such a call".
func traceSet() string { return "?" + strings.ReplaceAll(calls, ",", ",?") }

// ParseFile reads the trace that Command wrote.
func ParseFile(name string) (*Trace, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	return Parse(f)
}
