package api

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"

	"twoweave/internal/access"
	"twoweave/internal/manage/casedesk"
)

// Signs is the city's vital signs as they are now.
type Signs interface {
	Snapshot(ctx context.Context) (casedesk.Board, error)
	// Revision changes whenever Snapshot might give another answer.
	Revision() uint64
}

type signsOutput struct{ Body casedesk.Board }

func mountSigns(a *API) {
	mount(a, route{id: "signs", method: http.MethodGet, path: "/api/v1/signs", tag: "signs", summary: "The city's vital signs now, and its open cases in figures",
		action: access.ReadSigns, purpose: access.Supervision}, a.signs)
}

func (a *API) signs(ctx context.Context, _ *struct{}) (*signsOutput, error) {
	if err := permit(ctx, access.ReadSigns, access.Thing{Kind: "sign"}); err != nil {
		return nil, err
	}
	board, err := a.o.Signs.Snapshot(ctx)
	return &signsOutput{Body: board}, err
}

// boards is the board as it is sent, made once for all viewers.
type boards struct {
	mu       sync.Mutex
	revision uint64
	body     []byte // nil: none yet
}

// at gives the board of a revision or of a later one. Whoever comes first makes it; the others wait for that.
func (b *boards) at(ctx context.Context, signs Signs, revision uint64) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.body != nil && b.revision >= revision {
		return b.body, nil
	}
	now := signs.Revision() // before the look: what changes meanwhile has a later one
	snapshot, err := signs.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(snapshot)
	if err != nil {
		return nil, err
	}
	b.revision, b.body = now, told("signs", 0, body)
	return b.body, nil
}
