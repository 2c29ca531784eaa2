// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/json"
	"net/http"
	"runtime/debug"
	"time"

	"mach/content"
)

// readiness is what GET /readyz answers: whether requests can be served, by
// which program and definitions, and how far the views are. Nobody's data is in
// it.
type readiness struct {
	Status      string    `json:"status"`      // ready, or the part that is not
	Version     string    `json:"version"`     // of the program
	Definitions string    `json:"definitions"` // digest of those in use, ours and the site's
	WakeUps     bool      `json:"wakeUps"`     // without them pages are only slower to move
	Changes     int64     `json:"changes"`     // number of the last change in the log
	Views       []viewLag `json:"views,omitempty"`
}

// viewLag is how far a view is.
type viewLag struct {
	View   string `json:"view"`
	At     int64  `json:"at"`     // number of the last change it shows
	Behind int64  `json:"behind"` // changes it does not show yet
}

// identity tells processes apart that would answer differently. The definitions
// are those read at the start.
func identity(site content.Site) (readiness, error) {
	sum, err := site.Sum()
	return readiness{Version: version(), Definitions: sum}, err
}

// version is the module's version, or the revision it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "devel"
}

// readyz says whether requests can be served: the database answers. A view that
// is behind, or wake-ups that are away, are told but are no reason to send
// people elsewhere.
func (a *App) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	now, status := a.identity, http.StatusOK
	now.Status, now.WakeUps = "ready", a.bus.Up()
	var err error
	if now.Changes, now.Views, err = a.lags(ctx); err != nil {
		a.log.Warn("not ready", "part", "database", "err", err)
		now.Status, status = "database", http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(now); err != nil {
		return // the caller has gone
	}
}

// lags tells where the log ends and how far each view is behind, in the order
// of the modules.
func (a *App) lags(ctx context.Context) (last int64, views []viewLag, err error) {
	for _, f := range a.followers() {
		at, err := a.Store.Position(ctx, f.Name)
		if err != nil {
			return 0, nil, err
		}
		views = append(views, viewLag{View: f.Name, At: at})
	}
	if last, err = a.Store.Last(ctx); err != nil { // after the positions: none is ahead
		return 0, nil, err
	}
	for i := range views {
		views[i].Behind = max(0, last-views[i].At)
	}
	return last, views, nil
}
