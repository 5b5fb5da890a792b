package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Health is the program's own state for whoever watches over it: these answers need no account and tell nothing about the city.
type Health struct {
	// Ready says for each part whether it answers; nil is fine.
	Ready func(context.Context) map[string]error
	// Sync says in words what an acknowledgement stands for, for each part that keeps something.
	Sync    func() map[string]string
	Metrics prometheus.Gatherer
	Version string
}

// Mount adds /healthz, /readyz and /metrics.
func (h Health) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writePlain(w, http.StatusOK, map[string]any{"status": "alive", "version": h.Version})
	})
	mux.HandleFunc("GET /readyz", h.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(h.Metrics, promhttp.HandlerOpts{}))
}

func (h Health) ready(w http.ResponseWriter, r *http.Request) {
	parts := map[string]string{}
	status, word := http.StatusOK, "ready"
	for name, err := range h.Ready(r.Context()) {
		parts[name] = "ready"
		if err != nil {
			parts[name], status, word = err.Error(), http.StatusServiceUnavailable, "not ready"
		}
	}
	writePlain(w, status, map[string]any{"status": word, "parts": parts, "sync": h.Sync()})
}

func writePlain(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.Encode(body) // the client is gone when this fails
}
