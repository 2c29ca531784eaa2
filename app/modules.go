// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"time"

	"mach/content"
	"mach/fhir/profile"
	"mach/modules/account"
	"mach/modules/book"
	"mach/modules/bulletin"
	alerts "mach/modules/detection"
	"mach/modules/directory"
	"mach/modules/events"
	"mach/modules/fhirapi"
	"mach/modules/indicators"
	"mach/modules/peers"
	"mach/modules/smart"
	"mach/modules/station"
	"mach/modules/surveillance"
	"mach/modules/telehealth"
	"mach/rtc"
	"mach/store"
	"mach/web"
	"mach/web/kit"
)

// openModules makes the modules and lets them follow the log.
func (a *App) openModules(ctx context.Context) error {
	definitions, err := content.Indicators()
	if err != nil {
		return err
	}
	diagnoses, err := a.site.Diagnoses()
	if err != nil {
		return err
	}
	a.station = station.New(a.Store, a.Units, diagnoses, now)
	a.book = book.New(a.Store, diagnoses, now)
	if err := a.openSurveillance(); err != nil {
		return err
	}
	if a.indicators, err = indicators.New(a.Store, a.Units, definitions, now); err != nil {
		return err
	}
	borders, err := a.site.Boundaries()
	if err != nil {
		return err
	}
	a.surveillance.Draw(borders)
	a.bulletin.Draw(borders)
	a.indicators.Draw(borders)
	a.telehealth = telehealth.New(a.Store, a.rooms, a.catalogue, now)
	if a.peers, err = peers.New(ctx, a.Store, a.Units, now, a.wake); err != nil {
		return err
	}
	a.events.Calling(a.callToEvent)
	a.Store.OnDuty(func(ctx context.Context, o store.Office) error { return o.Watch(ctx, a.callToLate) })
	a.directory = directory.New(a.Store, a.Units, now)
	a.account = account.New(a.Access, a.Store, a.Units, a.identify, a.Config.LAN, now)
	a.fhirapi = fhirapi.New(a.Store, a.log, now())
	a.fhirapi.DeleteMany(a.Config.DeleteMany)
	a.fhirapi.Watch(a.Access.Crowd)
	a.fhirapi.Speak(fhirapi.NewTerminology(a.Store, a.terms))
	asked, err := validator(profile.Options{Terms: a.terms})
	if err != nil {
		return fmt.Errorf("profiles: %w", err)
	}
	a.fhirapi.Validate(asked, a.Config.checks())
	if err := a.openFlat(); err != nil {
		return fmt.Errorf("flat views: %w", err)
	}
	if err := a.openOutgoing(ctx); err != nil {
		return err
	}
	a.smart = smart.New(a.Access, a.Store, a.Units, fhirapi.Base, a.log, now)
	a.Store.Follow(a.followers()...)
	return nil
}

// openSurveillance makes the modules of diseases: who judges, who answers, who
// warns and who tells.
func (a *App) openSurveillance() error {
	law, err := a.site.Law(a.Units)
	if err != nil {
		return err
	}
	a.law = law
	a.surveillance = surveillance.New(a.Store, a.Units, content.Diseases(), law, now)
	a.events = events.New(a.Store, a.Units, content.Diseases(), now)
	a.surveillance.Assessed(a.events.RiskOf)
	a.events.Judged(a.ending)
	a.events.Log(a.log)
	a.Store.OnDuty(a.events.Escalate)
	a.surveillance.Link(a.log, a.catalogue)
	a.detection = alerts.New(a.Store, a.Units, content.Diseases(), law, a.legalFlag, now)
	a.detection.WorkNights(a.log)
	a.bulletin = bulletin.New(a.Store, a.Units, content.Diseases(), law, a.alertsOf, a.clustersOf, now)
	a.bulletin.JudgeBy(a.detection.Decided)
	a.surveillance.Hear(a.bulletin.Unheard)
	return nil
}

// followers are the views, in the order of the modules. All of them know units by
// what they are on today's map: a map that was imported makes them anew.
func (a *App) followers() []store.Follower {
	list := []store.Follower{
		a.station.Follower(), a.book.Follower(), a.surveillance.Follower(), a.events.Follower(), a.indicators.Follower(), a.bulletin.Follower(),
		a.detection.Follower(), a.telehealth.Follower(), a.peers.Follower(), a.directory.Follower(), a.flat.Follower(),
	}
	for i := range list {
		if list[i].Basis = a.Units.Sum(); list[i].Name == "detection" { // it judges by what the site decided
			list[i].Basis += a.law.Sum()
		}
	}
	return list
}

// openRooms prepares the live rooms: an external server, our own media process
// when something is served, or none.
func (a *App) openRooms(serving bool) error {
	config := rtc.Config{Log: a.log}
	switch {
	case a.Config.LiveKit == "none" || !serving:
	case a.Config.LiveKit != "":
		external, err := rtc.LiveKit(a.Config.LiveKit)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrUsage, err)
		}
		config = external
		config.Log = a.log
	default:
		self, err := os.Executable()
		if err != nil {
			return err
		}
		config.Command, config.UDPPort = []string{self, "media"}, a.Config.MediaPort
		if a.Config.MediaIP != "" {
			if config.NodeIP, err = netip.ParseAddr(a.Config.MediaIP); err != nil {
				return fmt.Errorf("%w: --media-ip: %w", ErrUsage, err)
			}
		} else if a.Config.LAN {
			if list := privateAddresses(); len(list) > 0 {
				config.NodeIP, _ = netip.AddrFromSlice(list[0])
			}
		}
	}
	var err error
	a.rooms, err = rtc.Open(config)
	return err
}

// routes registers every page. Places of the rail are where people go, not
// features.
func (a *App) routes() *web.Mux {
	mux := web.New(web.Options{
		Catalogue: a.catalogue, Sessions: sessions{a.Access.Sessions}, Once: a.Store.Forms(), Behind: a.behind, Origin: a.Access.Clients.Origin, AppRate: a.Config.APIRate, URL: a.Config.URL, Now: now, Log: a.log, Seen: a.metrics.seen, Demo: a.Config.Demo(),
		Search: "/tram/tiep-don", SearchWho: station.Front, Secure: a.Config.https(), Follow: a.mayFollow,
		Places: []web.Place{
			{Key: "app.place.station", Path: "/tram", Icon: "house", Who: web.Roles(store.Receptionist, store.Nurse, store.Doctor, store.Midwife, store.Pharmacist, store.ImmunisationOff, store.StationDirector, store.PrivateClinic)},
			{Key: "app.place.village", Path: "/tram/thon", Icon: "house", Who: web.Roles(store.VillageWorker)},
			{Key: "app.place.surveillance", Path: "/dich", Icon: "shield-alert", Who: web.Roles(store.StationDirector, store.Doctor, store.Nurse, store.Midwife, store.CDC, store.Institute, store.Department, store.HospitalReporter, store.PrivateClinic, store.Ministry)},
			{Key: "app.place.case_message", Path: "/dich/tin", Icon: "shield-alert", Who: web.Roles(store.VillageWorker)},
			{Key: "app.place.closed_desk", Path: "/dich/ban-kin", Icon: "shield-alert", Who: web.Roles(store.ClosedDesk)},
			{Key: "app.place.alerts", Path: "/canh-bao", Icon: "circle-alert", Who: web.Roles(store.StationDirector, store.Doctor, store.Nurse, store.Midwife, store.CDC, store.Department, store.Ministry)},
			{Key: "app.place.events", Path: "/su-kien", Icon: "clipboard-list", Who: web.Roles(store.VillageWorker, store.Chairman, store.StationDirector, store.Doctor, store.Nurse, store.Midwife, store.CDC, store.Department, store.Ministry)},
			{Key: "app.place.telehealth", Path: "/hoi-chan", Icon: "video", Who: web.Roles(store.Doctor, store.StationDirector, store.Coordinator, store.Expert)},
			{Key: "app.place.boards", Path: "/bang", Icon: "chart-column", Who: web.Roles(store.StationDirector, store.Doctor, store.Nurse, store.Midwife, store.Chairman, store.Department, store.CDC, store.Ministry)},
			{Key: "app.place.peers", Path: "/mang", Icon: "megaphone", Who: web.AnyStaff},
			{Key: "app.place.directory", Path: "/danh-ba", Icon: "map-pin", Who: web.AnyStaff},
			{Key: "app.place.account", Path: "/tai-khoan", Icon: "circle-user-round", Who: web.AnyStaff},
		},
		Book: []web.Place{
			{Key: "app.place.book", Path: "/so", Icon: "book-open", Who: web.Roles(store.Person, store.Guardian)},
			{Key: "app.place.doses", Path: "/so/tiem-chung", Icon: "syringe", Who: web.Roles(store.Person, store.Guardian)},
			{Key: "app.place.access", Path: "/so/ai-da-xem", Icon: "eye", Who: web.Roles(store.Person, store.Guardian)},
			{Key: "app.place.tell", Path: "/su-kien/nguoi-dan", Icon: "megaphone", Who: web.Roles(store.Person)},
			{Key: "app.place.directory", Path: "/danh-ba", Icon: "map-pin", Who: web.Roles(store.Person, store.Guardian)},
			{Key: "app.place.account", Path: "/tai-khoan", Icon: "circle-user-round", Who: web.Roles(store.Person, store.Guardian)},
		},
	})
	kit.Routes(mux)
	a.home(mux)
	a.account.Routes(mux)
	a.station.Routes(mux)
	a.book.Routes(mux)
	a.surveillance.Routes(mux)
	a.events.Routes(mux)
	a.detection.Routes(mux)
	a.bulletin.Routes(mux, a.fhirapi.Fail)
	a.indicators.Routes(mux)
	a.telehealth.Routes(mux)
	a.peers.Routes(mux)
	a.directory.Routes(mux)
	a.fhirapi.Routes(mux)
	a.bulk.Routes(mux, a.fhirapi.Fail)
	a.smart.Routes(mux)
	return mux
}

// behind says until when views are complete, for the pages that show them.
func (a *App) behind(ctx context.Context, views ...string) (time.Time, bool) {
	until, behind, err := a.Store.Behind(ctx, views...)
	if err != nil && ctx.Err() == nil {
		a.log.Warn("not known how far views are", "err", err)
	}
	return until, behind
}

// mayFollow says who wakes when a view moves: staff on every view, a person on
// the book and consultations. A wake-up carries no data.
func (a *App) mayFollow(s web.Session, topic string) bool {
	if web.AnyStaff.Allows(s) {
		return true
	}
	return s.Actor.Role != "" && (topic == "view:book" || topic == "view:telehealth")
}
