package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/nats-io/nats.go"

	"twoweave/internal/base/fault"
)

// JetStream's own calls for copies of streams: a request is answered at once, then chunks travel, each answered so that nobody is flooded.
const (
	snapshotCall = "$JS.API.STREAM.SNAPSHOT."
	restoreCall  = "$JS.API.STREAM.RESTORE."
	chunk        = 256 << 10
	chunkWithin  = time.Minute // a chunk that is not there by then does not come
)

// streams are the names of what a copy of the log consists of.
var streams = []string{logStream, factsStream}

// apiAnswer is what JetStream answers to both calls. Config and State are handed back as they came when the stream is restored.
type apiAnswer struct {
	Error *struct {
		Description string `json:"description"`
	} `json:"error,omitempty"`
	Config         json.RawMessage `json:"config,omitempty"`
	State          json.RawMessage `json:"state,omitempty"`
	DeliverSubject string          `json:"deliver_subject,omitempty"`
}

func (a apiAnswer) failure(op string) error {
	if a.Error == nil {
		return nil
	}
	return fault.New(fault.Unavailable, op, "the log's server refuses: %s", a.Error.Description)
}

// Snapshot gives each stream as it is at one moment, as two parts, while others go on appending: what it is (NAME.json), then what is in it (NAME.stream, JetStream's
// own form).
func (b *Bus) Snapshot(ctx context.Context, take func(name string, fill func(io.Writer) error) error) error {
	const op = "bus.Snapshot"
	for _, name := range streams {
		if err := b.snapshot(ctx, name, take); err != nil {
			return fault.Wrap(op, toFault(op, err))
		}
	}
	return nil
}

func (b *Bus) snapshot(ctx context.Context, name string, take func(string, func(io.Writer) error) error) error {
	inbox := b.sub.NewRespInbox()
	chunks, err := b.sub.SubscribeSync(inbox)
	if err != nil {
		return err
	}
	defer func() { _ = chunks.Unsubscribe() }() // fails only when the connection is gone, and with it the subscription
	request, err := json.Marshal(map[string]any{"deliver_subject": inbox, "no_consumers": true, "chunk_size": chunk, "window_size": 8 * chunk, "jsck": true})
	if err != nil {
		return err
	}
	answer, head, err := b.call(ctx, snapshotCall+name, request)
	if err != nil {
		return err
	}
	if answer.Config == nil || answer.State == nil {
		return fmt.Errorf("the server does not say what stream %s is: %s", name, head)
	}
	if err := take(name+".json", func(w io.Writer) error { _, err := w.Write(head); return err }); err != nil {
		return err
	}
	return take(name+".stream", func(w io.Writer) error { return receive(ctx, chunks, w) })
}

// call sends a request to JetStream and gives the answer, decoded and as it came.
func (b *Bus) call(ctx context.Context, subject string, request []byte) (answer apiAnswer, raw []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, chunkWithin)
	defer cancel()
	m, err := b.sub.RequestWithContext(ctx, subject, request)
	if err != nil {
		return answer, nil, err
	}
	if err := json.Unmarshal(m.Data, &answer); err != nil {
		return answer, nil, err
	}
	return answer, m.Data, answer.failure("bus.call")
}

// receive writes the chunks of a stream until the empty one that ends them, which says in its header when something went wrong.
func receive(ctx context.Context, chunks *nats.Subscription, w io.Writer) error {
	for {
		m, err := nextWithin(ctx, chunks)
		if err != nil {
			return err
		}
		if len(m.Data) == 0 {
			if status := m.Header.Get("Status"); status != "" && status != "204" {
				return fault.New(fault.Unavailable, "bus.Snapshot", "the log's server broke the copy off: %s %s", status, m.Header.Get("Description"))
			}
			return nil
		}
		if _, err := w.Write(m.Data); err != nil {
			return err
		}
		if m.Reply != "" {
			if err := m.Respond(nil); err != nil {
				return err
			}
		}
	}
}

func nextWithin(ctx context.Context, chunks *nats.Subscription) (*nats.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, chunkWithin)
	defer cancel()
	return chunks.NextMsgWithContext(ctx)
}

// Restorer puts copies of streams into a server that has none of that name.
type Restorer struct {
	bus  *Bus
	head apiAnswer
}

// OpenRestorer starts or reaches the server without making streams.
func OpenRestorer(o Options) (*Restorer, error) {
	const op = "bus.OpenRestorer"
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	b := newBus(o)
	if err := b.connect(); err != nil {
		return nil, fault.Wrap(op, joinClose(err, b.Close))
	}
	return &Restorer{bus: b}, nil
}

// Close ends the server, or leaves it, after what it has is on disk.
func (r *Restorer) Close() error { return r.bus.Close() }

// Restore takes one part of a copy; they come in the order of Snapshot. A stream that is there already is a Conflict.
func (r *Restorer) Restore(ctx context.Context, part string, body io.Reader) error {
	const op = "bus.Restore"
	for _, name := range streams {
		switch part {
		case name + ".json":
			r.head = apiAnswer{}
			return fault.Wrap(op, json.NewDecoder(io.LimitReader(body, 1<<20)).Decode(&r.head))
		case name + ".stream":
			return fault.Wrap(op, r.restore(ctx, name, body))
		}
	}
	return fault.New(fault.Invalid, op, "%q is no part of a log", part)
}

func (r *Restorer) restore(ctx context.Context, name string, body io.Reader) error {
	if r.head.Config == nil {
		return fault.New(fault.Invalid, "", "the copy of stream %s comes before what it is", name)
	}
	if _, err := r.bus.subJS.Stream(ctx, name); err == nil {
		return fault.New(fault.Conflict, "", "the log has a stream %s already; nothing is restored over another", name)
	}
	request, err := json.Marshal(map[string]any{"config": r.head.Config, "state": r.head.State})
	if err != nil {
		return err
	}
	answer, _, err := r.bus.call(ctx, restoreCall+name, request)
	if err != nil {
		return err
	}
	return r.send(ctx, answer.DeliverSubject, body)
}

// send gives the server chunk after chunk, each when the one before was taken, and an empty one at the end, whose answer says how it went.
func (r *Restorer) send(ctx context.Context, to string, body io.Reader) error {
	buf := make([]byte, chunk)
	for {
		n, err := io.ReadFull(body, buf)
		if n > 0 {
			if failed := r.sendOne(ctx, to, buf[:n]); failed != nil {
				return failed
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return r.sendOne(ctx, to, nil)
		}
		if err != nil {
			return err
		}
	}
}

func (r *Restorer) sendOne(ctx context.Context, to string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, chunkWithin)
	defer cancel()
	m, err := r.bus.sub.RequestWithContext(ctx, to, body)
	if err != nil || len(m.Data) == 0 {
		return err
	}
	var answer apiAnswer
	if err := json.Unmarshal(m.Data, &answer); err != nil {
		return err
	}
	return answer.failure("bus.Restore")
}
