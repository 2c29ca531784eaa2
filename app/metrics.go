// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what Prometheus may ask of this process: how much, how fast, how
// far behind. Labels are route patterns, statuses and names of views; nobody's
// data is in them.
type metrics struct {
	all        *prometheus.Registry
	requests   *prometheus.CounterVec
	took       *prometheus.HistogramVec
	operations prometheus.Counter
	commits    prometheus.Histogram
}

// Buckets in seconds: pages take milliseconds, a commit a disk's flush.
var seconds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}

func newMetrics() *metrics {
	m := &metrics{
		all: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mach_http_requests_total", Help: "Answers by route pattern and status."}, []string{"method", "pattern", "status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mach_http_seconds", Help: "Time to answer, by route pattern.", Buckets: seconds}, []string{"pattern"}),
		operations: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "mach_commit_operations_total", Help: "Operations in commits that wrote."}),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "mach_commit_seconds", Help: "Time until a commit was durable.", Buckets: seconds}),
	}
	m.all.MustRegister(m.requests, m.took, m.operations, m.commits,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// seen counts an answer. Streams last as long as the page is open: their time
// says nothing.
func (m *metrics) seen(method, pattern string, status int, took time.Duration) {
	m.requests.WithLabelValues(known(method), pattern, strconv.Itoa(status)).Inc()
	if pattern != "/live" {
		m.took.WithLabelValues(pattern).Observe(took.Seconds())
	}
}

// known keeps the number of labels small, whatever strangers send.
func known(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

func (m *metrics) committed(operations int, took time.Duration) {
	m.operations.Add(float64(operations))
	m.commits.Observe(took.Seconds())
}

// watch adds what is asked of the parts when Prometheus comes.
func (m *metrics) watch(a *App, streams func() int) {
	m.all.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "mach_build", Help: "Always 1; the labels name program and definitions.",
			ConstLabels: prometheus.Labels{"version": a.identity.Version, "definitions": a.identity.Definitions}}, func() float64 { return 1 }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "mach_live_streams", Help: "Pages that wait for wake-ups."},
			func() float64 { return float64(streams()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "mach_rooms_up", Help: "1 when live rooms can be entered."},
			func() float64 { return oneIf(a.rooms.Offered() && a.rooms.Up()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "mach_bus_up", Help: "1 when wake-ups reach other processes."},
			func() float64 { return oneIf(a.bus.Up()) }),
		logCollector{a}, notificationCollector{a},
	)
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// logCollector tells where the log ends and how far each view is behind.
type logCollector struct{ a *App }

var (
	logEnd     = prometheus.NewDesc("mach_log_changes", "Number of the last change in the log.", nil, nil)
	viewLagged = prometheus.NewDesc("mach_view_lag_changes", "Changes that a view does not show yet.", []string{"view"}, nil)
)

// Describe is prometheus.Collector's.
func (c logCollector) Describe(out chan<- *prometheus.Desc) {
	out <- logEnd
	out <- viewLagged
}

// Collect is prometheus.Collector's. What the database does not tell is left
// out: a missing figure is seen, a wrong one is believed.
func (c logCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	last, views, err := c.a.lags(ctx)
	if err != nil {
		c.a.log.Warn("metrics without the log", "err", err)
		return
	}
	out <- prometheus.MustNewConstMetric(logEnd, prometheus.GaugeValue, float64(last))
	for _, v := range views {
		out <- prometheus.MustNewConstMetric(viewLagged, prometheus.GaugeValue, float64(v.Behind), v.View)
	}
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.all, promhttp.HandlerOpts{})
}
