// SPDX-License-Identifier: Apache-2.0

package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync/atomic"

	"mach/access"
	"mach/blob"
	"mach/bus"
	"mach/content"
	"mach/fhir/profile"
	"mach/fhir/terms"
	"mach/i18n"
	"mach/modules/account"
	"mach/modules/book"
	"mach/modules/bulk"
	"mach/modules/bulletin"
	alerts "mach/modules/detection"
	"mach/modules/directory"
	"mach/modules/events"
	"mach/modules/fhirapi"
	"mach/modules/flat"
	"mach/modules/indicators"
	"mach/modules/peers"
	"mach/modules/smart"
	"mach/modules/station"
	"mach/modules/subscription"
	"mach/modules/surveillance"
	"mach/modules/telehealth"
	"mach/rtc"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// maxBlob is the largest attachment.
const maxBlob = 100 << 20

// App is a Mạch whose parts are connected. It serves nothing by itself.
type App struct {
	Config Config
	Store  *store.Store
	Access *access.Access
	Units  *vn.Units

	log       *slog.Logger
	metrics   *metrics
	bus       *bus.Bus
	blobs     *blob.Store
	rooms     *rtc.Engine // offers none when nothing is served
	catalogue *i18n.Catalogue
	site      content.Site // definitions of this installation
	law       *content.Law
	identity  readiness  // version and definitions
	terms     *terms.Set // code systems and value sets, in step with the store

	station      *station.Module
	book         *book.Module
	surveillance *surveillance.Module
	bulletin     *bulletin.Module
	events       *events.Module
	detection    *alerts.Module
	indicators   *indicators.Module
	telehealth   *telehealth.Module
	peers        *peers.Module
	directory    *directory.Module
	flat         *flat.Module
	account      *account.Module
	fhirapi      *fhirapi.Module
	smart        *smart.Module

	subscriptions *subscription.Module
	bulk          *bulk.Module
	address       atomic.Pointer[string] // where we serve, once we do
}

// Open connects the parts, from the ground up. Logs go to w. Close what it
// returns.
func Open(ctx context.Context, c Config, w io.Writer) (*App, error) { return open(ctx, c, w, false) }

// openToServe is Open with live rooms.
func openToServe(ctx context.Context, c Config, w io.Writer) (*App, error) {
	return open(ctx, c, w, true)
}

func open(ctx context.Context, c Config, w io.Writer, serving bool) (*App, error) {
	a := &App{Config: c, log: c.logger(w), metrics: newMetrics()}
	err := a.openRooms(serving)
	if err == nil {
		err = a.open(ctx, vn.DateOf(now()))
	}
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// open connects the parts over the rooms. Units are what they are on the day.
func (a *App) open(ctx context.Context, on vn.Date) (err error) {
	a.site = a.Config.site()
	if a.identity, err = identity(a.site); err != nil {
		return fmt.Errorf("definitions: %w", err)
	}
	if a.Units, err = a.site.Units(); err != nil {
		return fmt.Errorf("administrative units: %w", err)
	}
	a.Units = a.Units.AsOf(on)
	if a.catalogue, err = content.Catalogue(); err != nil {
		return fmt.Errorf("message catalogue: %w", err)
	}
	if a.terms, err = terminology(a.site, a.Units); err != nil {
		return fmt.Errorf("terminology: %w", err)
	}
	if a.bus, err = bus.Open(ctx, bus.Config{URL: a.Config.NATS, Log: a.log}); err != nil {
		return fmt.Errorf("wake-ups: %w", err)
	}
	policy, err := access.NewPolicy(content.Policies(), a.Units)
	if err != nil {
		return fmt.Errorf("policies: %w", err)
	}
	writes, err := validator(profile.Options{Terms: a.terms, Errors: true})
	if err != nil {
		return fmt.Errorf("profiles: %w", err)
	}
	dsn, err := a.Config.database()
	if err != nil {
		return err
	}
	a.Store, err = store.Open(ctx, store.Config{
		Dir: a.Config.Data, Database: dsn, Partitions: a.Config.Partitions, Cache: a.Config.Cache, Guard: policy, Now: now, Site: a.Config.Site, Log: a.log,
		Wake: a.wake, UnitOf: a.unitOf, Below: a.below, Committed: a.metrics.committed,
		Sensitivity: content.Sensitivity, Terminology: a.terms, Validate: writes.ValidateEntry,
	})
	if err != nil {
		return err
	}
	if err := a.Config.keepDatabase(); err != nil {
		return err
	}
	if err := a.openAccess(ctx, policy); err != nil {
		return err
	}
	if a.blobs, err = blob.Open(ctx, cmp.Or(a.Config.Blob, filepath.Join(a.Config.Data, "blobs")), maxBlob); err != nil {
		return err
	}
	return a.openModules(ctx)
}

func (a *App) openAccess(ctx context.Context, policy *access.Policy) error {
	key, err := access.LoadKey(a.Config.Data)
	if err != nil {
		return fmt.Errorf("access key: %w", err)
	}
	calendar, err := content.Calendar()
	if err != nil {
		return fmt.Errorf("working days: %w", err)
	}
	a.Access, err = access.Open(ctx, a.Store, access.Config{
		Key: key, Now: now, Calendar: calendar, Policy: policy, Secure: a.Config.https(), Demo: a.Config.Demo(),
		Fetch: web.Outgoing(a.Config.NotifyPrivate || a.Config.Demo()),
	})
	return err
}

// wake tells every process that a view moved.
func (a *App) wake(topic string) { a.bus.Publish(subject(topic), nil) }

// unitOf resolves a code on the first day for which it is said to stand.
func (a *App) unitOf(code, version string) vn.UnitID {
	on, err := vn.ParseDate(version)
	if err != nil {
		on = vn.DateOf(now())
	}
	u, ok := a.Units.ByCode(code, on)
	if !ok {
		return 0
	}
	return u.ID
}

// below lists the unit and all that was ever under it.
func (a *App) below(unit vn.UnitID) []vn.UnitID {
	out := []vn.UnitID{unit}
	for _, u := range a.Units.Under(unit, vn.DateOf(now())) {
		out = append(out, u.ID)
	}
	return out
}

// Close stops everything, the top first.
func (a *App) Close() error {
	if a.rooms != nil {
		a.rooms.Close()
	}
	var err error
	if a.Store != nil {
		err = a.Store.Close()
	}
	if a.bus != nil {
		a.bus.Close()
	}
	return err
}

// system is the actor of imports, backups and jobs.
func system() store.Actor {
	return store.SystemActor()
}
