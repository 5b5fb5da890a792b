package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
)

// stack is what must be undone at the end, last in first out, each under its name.
type stack struct {
	log   *slog.Logger
	items []cleanup
}

type cleanup struct {
	name string
	run  func() error
}

func (s *stack) push(name string, run func() error) { s.items = append(s.items, cleanup{name, run}) }

// unwind undoes everything, whatever fails on the way, and returns all failures.
func (s *stack) unwind() error {
	var failures []error
	for i := len(s.items) - 1; i >= 0; i-- {
		s.log.Debug("stopping", "part", s.items[i].name)
		if err := s.items[i].run(); err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", s.items[i].name, err))
		}
	}
	s.items = nil
	return errors.Join(failures...)
}

// crew runs the program's long-lived parts. When one of them fails, the program has failed: done is closed and err holds the reason.
type crew struct {
	log  *slog.Logger
	done chan struct{}

	mu  sync.Mutex
	err error
}

func newCrew(log *slog.Logger) *crew { return &crew{log: log, done: make(chan struct{})} }

// start runs a part until its own stop function, pushed on the stack, ends it and has waited for it.
func (c *crew) start(s *stack, name string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		if err := run(ctx); err != nil && ctx.Err() == nil {
			c.fail(fmt.Errorf("%s: %w", name, err))
		}
	}()
	s.push(name, func() error {
		cancel()
		<-finished
		return nil
	})
}

func (c *crew) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.log.Error("a part of the program failed", "error", err)
	c.err = err
	close(c.done)
}

func (c *crew) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}
