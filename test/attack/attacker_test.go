package attack

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// attackerEnv makes of this test's program the attackers: they have a process of their own, so that they are not in the way of whoever measures, and give way
// to the others (nice 10), as if they had part of a machine of their own. What they are to do is in it.
const attackerEnv = "TWOWEAVE_ATTACKER"

// orders are what attackers are told.
type orders struct {
	Addr    string
	Keys    map[string]string
	Attacks []int
	Lasting time.Duration
}

// attacker carries out its orders, and prints what each attack got.
func attacker() int {
	var o orders
	if err := json.Unmarshal([]byte(os.Getenv(attackerEnv)), &o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, 10)
	ctx, cancel := context.WithTimeout(context.Background(), o.Lasting)
	defer cancel()
	c := &city{addr: o.Addr, keys: o.Keys}
	results := make([]got, len(o.Attacks))
	var all sync.WaitGroup
	for i, n := range o.Attacks {
		all.Go(func() { attacks[n].run(ctx, c, &results[i]) })
	}
	all.Wait()
	var said []string
	for i := range results {
		said = append(said, results[i].String())
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		return 1
	}
	return 0
}

// attack lets attackers do their worst, and says what they got.
func (c *city) attack(which []int) (said []string) {
	if len(which) == 0 {
		return []string{""}
	}
	body, err := json.Marshal(orders{c.addr, c.keys, which, *lasting})
	c.must(err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), attackerEnv+"="+string(body))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &said)
	}
	if err != nil {
		c.t.Errorf("the attackers ended with %v", err)
		said = make([]string, len(which))
	}
	return said
}
