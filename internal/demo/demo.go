package demo

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"twoweave/internal/base/clock"
)

// Options say which program the city talks to and with which keys.
type Options struct {
	Base       string // http://127.0.0.1:8080
	MQTT       string // 127.0.0.1:1883
	DeviceName string
	DeviceKey  string
	WatchKey   string // an operator's: reads the areas, the live stream and the detections
	Officers   []Officer
	TruthSeed  uint64
	DeviceSeed uint64
	Begun      time.Time // when the city begins to live
	Fresh      bool      // History up to Begun was told to the program
	Clock      clock.Clock
	Log        *slog.Logger
}

// stepEvery is how often the city moves.
const stepEvery = 250 * time.Millisecond

// City is a running simulation.
type City struct {
	o       Options
	watch   *Client
	city    *city
	started time.Time

	mu    sync.Mutex
	truth []Incident
}

// New prepares a simulation; the program must answer already, since its areas are the city's.
func New(ctx context.Context, o Options) (*City, error) {
	c := &City{o: o, watch: NewClient(o.Base, o.WatchKey), started: o.Clock.Now()}
	areas, err := c.watch.areas(ctx)
	if err != nil {
		return nil, fmt.Errorf("the program does not tell its areas: %w", err)
	}
	if len(areas) == 0 {
		return nil, fmt.Errorf("the program has no areas: the demo needs a pack with a city")
	}
	c.city = newCity(areas, o.Begun, o.Fresh, o.TruthSeed, o.DeviceSeed)
	return c, nil
}

// Run lets the city live until ctx ends.
func (c *City) Run(ctx context.Context) error {
	var crew sync.WaitGroup
	sensors := newDevices(c.o.MQTT, c.o.DeviceName, c.o.DeviceKey, c.o.Log)
	others := &systems{client: NewClient(c.o.Base, c.o.DeviceKey), queue: make(chan []message, queue), log: c.o.Log}
	for i := range connections {
		crew.Go(func() { c.note("devices", sensors.run(ctx, i)) })
	}
	crew.Go(func() { c.note("systems", others.run(ctx)) })
	c.hire(ctx, &crew)
	for c.o.Clock.Wait(ctx, c.o.Clock.Now().Add(stepEvery)) == nil {
		c.move(sensors, others)
	}
	crew.Wait()
	return nil
}

func (c *City) move(sensors *devices, others *systems) {
	measured, told := c.city.step(c.o.Clock.Now())
	c.mu.Lock()
	c.truth = append([]Incident(nil), c.city.truth...)
	c.mu.Unlock()
	for _, m := range measured {
		sensors.queue(m)
	}
	if len(told) == 0 {
		return
	}
	select {
	case others.queue <- told:
	default:
		c.o.Log.Warn("systems' messages were dropped: the queue is full", "messages", len(told))
	}
}

// hire starts the officers, and the watch that keeps them off visitors' cases.
func (c *City) hire(ctx context.Context, crew *sync.WaitGroup) {
	visitors := &taken{ids: map[string]bool{}}
	crew.Go(func() {
		for ctx.Err() == nil {
			c.note("watch", visitors.watch(ctx, c.watch, c.o.Log))
			pause(ctx, time.Second)
		}
	})
	for i, o := range c.o.Officers {
		rnd := rand.New(rand.NewPCG(c.o.DeviceSeed, uint64(100+i)))
		crew.Go(func() {
			c.note(o.Name, work(ctx, o, NewClient(c.o.Base, o.Key), visitors, rnd, c.o.Clock, c.o.Log))
		})
	}
}

func (c *City) note(part string, err error) {
	if err != nil {
		c.o.Log.Debug("a part of the demo city stopped", "part", part, "reason", err)
	}
}
