package api

import (
	"context"
	"encoding/json"
	"reflect"
	"sync"
	"time"

	"twoweave/internal/base/clock"
	"twoweave/internal/manage/orderdesk"
)

// states is the city's state as it is sent, looked at once for all viewers.
type states struct {
	mu     sync.Mutex
	looked time.Time
	board  orderdesk.Board
	number uint64 // of what was sent, from 1
	body   []byte
}

// now gives the state with its number, which differs when the state does. Whoever comes first looks; the others wait for that.
func (s *states) now(ctx context.Context, orders Orders) (number uint64, body []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := clock.System{}.Now()
	if age := now.Sub(s.looked); s.body != nil && age >= 0 && age < signsEvery/2 {
		return s.number, s.body, nil
	}
	board, err := orders.Board(ctx)
	if err != nil {
		return 0, nil, err
	}
	s.looked, s.board.At = now, board.At
	if s.body != nil && reflect.DeepEqual(s.board, board) {
		return s.number, s.body, nil
	}
	text, err := json.Marshal(board)
	if err != nil {
		return 0, nil, err
	}
	s.board, s.body = board, told("states", 0, text)
	s.number++
	return s.number, s.body, nil
}
