package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"

	"twoweave/internal/base/lang"
)

// fieldScript is the field page's.
const fieldScript = "field.js"

// fieldShell is what the field page needs to open: the page and its files. Its service worker keeps these and nothing else.
var fieldShell = []string{"/field", "/assets/" + fieldScript, "/assets/style.css", "/assets/icon.svg"}

// workerScript is the field page's service worker, with what its shell is in front.
func (h *Handler) workerScript() ([]byte, error) {
	version, err := h.shellVersion()
	if err != nil {
		return nil, err
	}
	shell, err := json.Marshal(map[string]any{"version": version, "files": fieldShell})
	return append([]byte("self.shell="+string(shell)+";\n"), h.assets["worker.js"].body...), err
}

// fieldWorker lets the field page open without a network. Browsers allow that on https and on this machine only.
func (h *Handler) fieldWorker(w http.ResponseWriter, _ *http.Request) {
	secure(w)
	w.Header().Set("Content-Type", kinds[".js"])
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Service-Worker-Allowed", "/field") // by itself it would be for what is below its folder
	w.Write(h.worker)
}

// shellVersion is a digest of all that the shell consists of, so that a changed program has another one.
func (h *Handler) shellVersion() (string, error) {
	all := sha256.New()
	for _, name := range []string{fieldScript, "style.css", "icon.svg", "worker.js"} {
		all.Write([]byte(h.assets[name].tag))
	}
	for _, tag := range []lang.Tag{lang.Chinese, lang.English} {
		var body bytes.Buffer
		if err := h.pages.ExecuteTemplate(&body, "surface", page{Lang: tag, Title: h.words[tag]["brand"], Script: fieldScript, words: h.words[tag]}); err != nil {
			return "", err
		}
		all.Write(body.Bytes())
	}
	return hex.EncodeToString(all.Sum(nil)[:8]), nil
}

// manifest describes the field page as something to put on a home screen, in the language of whoever asks.
func (h *Handler) manifest(w http.ResponseWriter, r *http.Request) {
	tag := Language(r)
	body, err := json.Marshal(map[string]any{
		"id": "/field", "name": h.words[tag]["field.title"] + " · " + h.words[tag]["brand"], "short_name": h.words[tag]["field.title"], "lang": tag,
		"start_url": "/field", "scope": "/field", "display": "standalone", "background_color": "#f2f5f8", "theme_color": "#0b4f6c",
		"icons": []map[string]string{{"src": "/assets/icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"}},
	})
	if err != nil {
		h.o.Log.Error("the manifest could not be made", "error", err)
		http.Error(w, "The manifest could not be made.", http.StatusInternalServerError)
		return
	}
	secure(w)
	w.Header().Set("Content-Type", "application/manifest+json")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Vary", "Accept-Language, Cookie")
	w.Write(body)
}
