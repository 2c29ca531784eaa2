// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bufio"
	"cmp"
	"context"
	"io"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mach/app/intake"
	"mach/i18n"
	"mach/issue"
	"mach/modules/bulk"
	"mach/modules/subscription"
	"mach/store"
	"mach/vn"
)

// openOutgoing makes the modules that work for other software when nobody is
// asking: notifications, bulk exports and imports.
func (a *App) openOutgoing(ctx context.Context) (err error) {
	a.subscriptions, err = subscription.New(ctx, a.Store, subscription.Config{
		Base: a.outside, Renew: a.Access.Tokens.Again, Private: a.Config.NotifyPrivate, Now: now, Log: a.log,
	})
	if err != nil {
		return err
	}
	a.fhirapi.Subscribe(a.subscriptions)
	a.bulk, err = bulk.New(ctx, a.Store, bulk.Config{
		Blobs: a.blobs, Renew: a.Access.Tokens.Again, Import: a.takeIn, Hosts: a.Config.ImportHosts, Private: a.Config.NotifyPrivate, Now: now, Log: a.log,
	})
	if err != nil {
		return err
	}
	a.fhirapi.ServeBulk(a.bulk, bulk.Base)
	return nil
}

// takeIn is mach import for a bulk job. Nothing packed is taken: HTTP unpacks
// within bounds, and what grows without end is for the operator alone.
func (a *App) takeIn(ctx context.Context, actor store.Actor, lang string, body io.Reader, report io.Writer) error {
	in := bufio.NewReader(body)
	if magic, _ := in.Peek(2); string(magic) == "\x1f\x8b" {
		return issue.New(issue.NotSupported, "bulk.packed")
	}
	m := &intake.Importer{Store: a.Store, Actor: actor, Words: a.catalogue, Lang: i18n.Lang(lang), Units: a.Units, Today: vn.DateOf(now()), In: in}
	_, err := m.Import(ctx, []string{"-"}, report)
	return err
}

// outside is the FHIR service as other servers know it: what the operator
// says, never what a request says.
func (a *App) outside() string {
	url := a.Config.URL
	if known := a.address.Load(); url == "" && known != nil {
		url = *known
	}
	return strings.TrimSuffix(cmp.Or(url, "http://"+a.Config.Addr), "/") + "/fhir"
}

// notificationCollector tells how the notifications stand.
type notificationCollector struct{ a *App }

var (
	subscriptionsBy = prometheus.NewDesc("mach_subscriptions", "Subscriptions by status.", []string{"status"}, nil)
	eventsWaiting   = prometheus.NewDesc("mach_subscription_events_waiting", "Events that were not delivered yet.", nil, nil)
	eventsOldest    = prometheus.NewDesc("mach_subscription_oldest_seconds", "Age of the event that waits longest.", nil, nil)
)

// Describe is prometheus.Collector's.
func (c notificationCollector) Describe(out chan<- *prometheus.Desc) {
	out <- subscriptionsBy
	out <- eventsWaiting
	out <- eventsOldest
}

// Collect is prometheus.Collector's.
func (c notificationCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	f, err := c.a.subscriptions.Figures(ctx)
	if err != nil {
		c.a.log.Warn("metrics without notifications", "err", err)
		return
	}
	for status, n := range f.Status {
		out <- prometheus.MustNewConstMetric(subscriptionsBy, prometheus.GaugeValue, float64(n), status)
	}
	out <- prometheus.MustNewConstMetric(eventsWaiting, prometheus.GaugeValue, float64(f.Waiting))
	oldest := 0.0
	if !f.Oldest.IsZero() {
		oldest = now().Sub(f.Oldest).Seconds()
	}
	out <- prometheus.MustNewConstMetric(eventsOldest, prometheus.GaugeValue, oldest)
}
