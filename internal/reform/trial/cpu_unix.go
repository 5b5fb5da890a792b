//go:build unix

package trial

import (
	"syscall"
	"time"
)

// ProcessCPU is the CPU time that the process has used so far, in user and system mode; what Measure wants to be given.
func ProcessCPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
