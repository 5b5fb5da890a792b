package api

import (
	"context"
	"net/http"
	"time"

	"twoweave/internal/access"
	"twoweave/internal/base/lang"
	"twoweave/internal/platform/notify"
)

// Messages is what left, or shall leave, for people and other systems.
type Messages interface {
	Find(ctx context.Context, f notify.Filter) (notify.Page, error)
	Counts(ctx context.Context) ([]notify.Count, error)
	// Mend corrects a dead letter and sends it again; an empty address or text stays. Resend sends it as it is, Cancel gives it up. Each leaves an audit fact.
	Mend(ctx context.Context, who access.Actor, id notify.ID, to string, body lang.Text) error
	Resend(ctx context.Context, who access.Actor, id notify.ID) error
	Cancel(ctx context.Context, who access.Actor, id notify.ID) error
	// Inbox is the unread messages to whoever asks; Read marks them.
	Inbox(ctx context.Context, who access.Actor) (notify.Page, error)
	Read(ctx context.Context, who access.Actor, ids ...notify.ID) error
}

// messageView is a message as it is shown: the address masked, the text not at all.
type messageView struct {
	ID        notify.ID      `json:"id"`
	Channel   notify.Channel `json:"channel"`
	To        string         `json:"to" doc:"masked"`
	About     string         `json:"about"`
	Status    notify.Status  `json:"status"`
	Reason    lang.Text      `json:"reason" doc:"why it did not arrive"`
	Attempts  int64          `json:"attempts"`
	At        time.Time      `json:"at"`
	NotBefore *time.Time     `json:"not_before"`
	Done      *time.Time     `json:"done_at"`
	Subject   lang.Text      `json:"subject" doc:"of an inbox only"`
}

type messagesInput struct {
	Status  string `query:"status" enum:"waiting,sent,dead,cancelled"`
	Channel string `query:"channel" enum:"sms,email,webhook,app"`
	About   string `query:"about" maxLength:"200"`
	Cursor  int64  `query:"cursor"`
}

type messagesOutput struct {
	Body struct {
		Items  []messageView  `json:"items"`
		Next   int64          `json:"next" doc:"0 at the end"`
		Counts []messageCount `json:"counts"`
	}
}

type messageCount struct {
	Channel notify.Channel `json:"channel"`
	Status  notify.Status  `json:"status"`
	N       int64          `json:"n"`
}

type messageInput struct {
	Body struct {
		ID string    `json:"id" minLength:"1" maxLength:"200"`
		To string    `json:"to,omitempty" maxLength:"500" doc:"mend: another address"`
		Do string    `json:"do" enum:"mend,resend,cancel"`
		As lang.Text `json:"text,omitzero" doc:"mend: another text, in both languages"`
	}
}

type readInput struct {
	Body struct {
		IDs []string `json:"ids,omitempty" maxItems:"500" doc:"none: all"`
	}
}

func mountMessages(a *API) {
	mount(a, route{id: "list-messages", method: http.MethodGet, path: "/api/v1/messages", tag: "messages", summary: "What left, or shall leave, for people and other systems; addresses are masked",
		action: access.ReadMessages, purpose: access.Operation}, a.listMessages)
	mount(a, route{id: "change-message", method: http.MethodPost, path: "/api/v1/messages", tag: "messages", summary: "Mend a dead letter and send it again, resend or give it up", maxBody: 64 << 10,
		action: access.MendMessages, purpose: access.Operation}, a.changeMessage)
	mount(a, route{id: "inbox", method: http.MethodGet, path: "/api/v1/inbox", tag: "messages", summary: "The unread messages to whoever asks",
		action: access.ReadSelf, purpose: access.Supervision}, a.inbox)
	mount(a, route{id: "read-inbox", method: http.MethodPost, path: "/api/v1/inbox/read", tag: "messages", summary: "Mark own messages as read", maxBody: 64 << 10,
		action: access.ReadSelf, purpose: access.Supervision}, a.readInbox)
}

func (a *API) listMessages(ctx context.Context, in *messagesInput) (*messagesOutput, error) {
	if err := permit(ctx, access.ReadMessages, access.Thing{Kind: "message"}); err != nil {
		return nil, err
	}
	page, err := a.o.Messages.Find(ctx, notify.Filter{Status: notify.Status(in.Status), Channel: notify.Channel(in.Channel), About: in.About, After: notify.Cursor(in.Cursor), Limit: 50})
	if err != nil {
		return nil, err
	}
	out := messagesOf(page)
	counts, err := a.o.Messages.Counts(ctx)
	for _, c := range counts {
		out.Body.Counts = append(out.Body.Counts, messageCount{c.Channel, c.Status, c.N})
	}
	return out, err
}

func messagesOf(page notify.Page) *messagesOutput {
	out := &messagesOutput{}
	out.Body.Next, out.Body.Items, out.Body.Counts = int64(page.Next), []messageView{}, []messageCount{}
	for i := range page.Entries {
		e := &page.Entries[i]
		out.Body.Items = append(out.Body.Items, messageView{
			ID: e.ID, Channel: e.Channel, To: e.To, About: e.About, Status: e.Status, Reason: e.Reason, Attempts: int64(e.Attempts), At: e.At,
			NotBefore: momentOf(e.NotBefore), Done: momentOf(e.Done), Subject: e.Subject,
		})
	}
	return out
}

func momentOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (a *API) changeMessage(ctx context.Context, in *messageInput) (*messagesOutput, error) {
	id, who := notify.ID(in.Body.ID), actorOf(ctx)
	var err error
	switch in.Body.Do {
	case "mend":
		err = a.o.Messages.Mend(ctx, who, id, in.Body.To, in.Body.As)
	case "resend":
		err = a.o.Messages.Resend(ctx, who, id)
	case "cancel":
		err = a.o.Messages.Cancel(ctx, who, id)
	}
	if err != nil {
		return nil, err
	}
	return a.listMessages(ctx, &messagesInput{})
}

func (a *API) inbox(ctx context.Context, _ *struct{}) (*messagesOutput, error) {
	page, err := a.o.Messages.Inbox(ctx, actorOf(ctx))
	return messagesOf(page), err
}

func (a *API) readInbox(ctx context.Context, in *readInput) (*messagesOutput, error) {
	ids := make([]notify.ID, len(in.Body.IDs))
	for i, id := range in.Body.IDs {
		ids[i] = notify.ID(id)
	}
	if err := a.o.Messages.Read(ctx, actorOf(ctx), ids...); err != nil {
		return nil, err
	}
	return a.inbox(ctx, nil)
}
