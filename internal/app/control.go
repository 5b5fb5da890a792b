package app

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"

	"twoweave/internal/base/fault"
	"twoweave/internal/platform/backup"
)

// controlSocket is where a program is spoken to by whoever may read its data folder, and by nobody else: it is a socket in that folder, not an address.
const controlSocket = "control.sock"

// failedTrailer tells, behind a stream, that it is not whole, and why.
const failedTrailer = "Twoweave-Failed"

// wanted is what is asked of the program for a backup.
type wanted struct {
	Recipients backup.Recipients `json:"recipients"`
}

// startControl listens. Where the folder's path is too long for a socket the program works without.
func (a *App) startControl(context.Context) error {
	path := a.path(controlSocket)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) { // of a program that was killed: the folder's lock is ours
		return fault.Wrap("app.startControl", err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		a.o.Log.Warn("no control socket: a backup needs the program to be stopped", "path", path, "error", err)
		return nil
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return errors.Join(fault.Wrap("app.startControl", err), listener.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /backup", a.serveBackup)
	a.serve("control", a.server(mux), func(s *http.Server) error { return s.Serve(listener) })
	return nil
}

// serveBackup streams an archive. What fails on the way is told behind it.
func (a *App) serveBackup(w http.ResponseWriter, r *http.Request) {
	var want wanted
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&want)
	if err == nil {
		err = want.Recipients.Check()
	}
	if err != nil {
		http.Error(w, fault.Message(err), http.StatusBadRequest)
		return
	}
	w.Header().Set("Trailer", failedTrailer)
	begun := a.o.Clock.Now()
	m, err := a.writeBackup(r.Context(), w, want.Recipients)
	if err != nil {
		a.o.Log.Error("backup failed", "error", err)
		w.Header().Set(failedTrailer, fault.Message(err))
		return
	}
	a.o.Log.Info("backup made", "parts", len(m.Parts), "bytes", m.Size(), "took", a.o.Clock.Now().Sub(begun))
}

// askForBackup has the program that holds the data folder write the archive.
func (a *App) askForBackup(ctx context.Context, w io.Writer, to backup.Recipients) error {
	const op = "app.askForBackup"
	body, writer := io.Pipe()
	go func() { writer.CloseWithError(json.NewEncoder(writer).Encode(wanted{to})) }()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://control/backup", body)
	if err != nil {
		return fault.Wrap(op, err)
	}
	dialer := net.Dialer{}
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "unix", a.path(controlSocket))
	}}}
	answer, err := client.Do(request)
	if err != nil {
		return fault.New(fault.Unavailable, op, "the data folder %s is in use, but the program that uses it does not answer on its control socket: %v", a.config.Data, errors.Unwrap(err))
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10)) // what was read of a refusal is said
		return fault.New(fault.Invalid, op, "the program refuses: %s", text)
	}
	if _, err := io.Copy(w, answer.Body); err != nil {
		return fault.New(fault.Unavailable, op, "the program broke the backup off: %v", err)
	}
	if failed := answer.Trailer.Get(failedTrailer); failed != "" {
		return fault.New(fault.Unavailable, op, "the program broke the backup off: %s", failed)
	}
	return nil
}
