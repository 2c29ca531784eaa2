// SPDX-License-Identifier: Apache-2.0

// Command bench measures what Mạch costs: it starts the built binary, works on
// it as its users do and prints one JSON object a line,
//
//	{"name","value","unit","n","detail"}
//
// and nothing else on standard output. CPU is user and system time of the
// server and, on PostgreSQL, of the database's processes, so that a busy
// machine does not change it much; delays and rates are by the clock.
//
//	go run ./app/bench                # all, about two minutes on two cores
//	go run ./app/bench --only fhir    # lines whose name begins with fhir
//	go run ./app/bench --long         # also what takes five minutes more
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

type options struct {
	Only   string `help:"Measure only lines whose name begins so."`
	Bin    string `default:"bin/mach" help:"The binary to measure." type:"path"`
	People int    `default:"100000" help:"People for the search of persons."`
	Folder string `help:"A demonstration folder to use instead of a fresh one; visits are written into it." type:"path"`
	Long   bool   `help:"Measure among 100,000 and 1,000,000 resources, and memory while filling 10,000 and 50,000 people, too."`
	Size   string `default:"1m" enum:"100k,1m" help:"The largest store of --long."`
}

// bench is one run.
type bench struct {
	options
	work   string // temporary folder
	folder string // the demonstration, once it is filled
	out    *json.Encoder
	told   map[string]float64 // figures by name
}

// line is one figure.
type line struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	N      int     `json:"n"`
	Detail string  `json:"detail"`
}

// group is a measurement that yields the lines whose names begin with one of
// its prefixes.
type group struct {
	prefixes []string
	do       func(b *bench, ctx context.Context) error
	when     when
}

// when says which runs a group is part of.
type when int

const (
	always when = iota
	named       // only what is asked for by name, and --long: it needs R, or minutes
	long        // only --long
)

func (b *bench) due(w when) bool { return w == always || b.Long || w == named && b.Only != "" }

var groups = []group{
	{[]string{"demo.fill", "start.time", "memory.idle", "page"}, (*bench).province, always},
	{[]string{"visit.to.dashboard"}, (*bench).dashboard, always},
	{[]string{"fhir"}, (*bench).fhirSQLite, always},
	{[]string{"fhir"}, (*bench).fhirPostgres, always},
	{[]string{"fhir"}, (*bench).volumeSQLite, long},
	{[]string{"fhir"}, (*bench).volumePostgres, long},
	{[]string{"person.search"}, (*bench).personSearch, always},
	{[]string{"demo.memory"}, (*bench).demoMemory, long},
	{[]string{"surveillance.flexible", "surveillance.classic"}, (*bench).surveillanceR, named},
	{[]string{"surveillance.ears", "surveillance.cusum", "surveillance.bayes", "surveillance.glr", "surveillance.rt", "surveillance.nowcast"}, (*bench).surveillanceControl, named},
	{[]string{"surveillance.noufaily"}, (*bench).surveillanceNoufaily, named},
	{[]string{"surveillance.scan"}, (*bench).surveillanceScan, always},
	{[]string{"surveillance.nation"}, (*bench).surveillanceNation, always},
}

func main() {
	b := &bench{out: json.NewEncoder(os.Stdout), told: map[string]float64{}}
	kong.Parse(&b.options, kong.Name("bench"), kong.Description("Measures Mạch."))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) run(ctx context.Context) (err error) {
	if b.work, err = os.MkdirTemp("", "mach-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	if err := os.Chmod(b.work, 0o755); err != nil { // PostgreSQL runs as another user
		return err
	}
	b.folder = b.Folder
	if !slices.ContainsFunc(groups, func(g group) bool { return slices.ContainsFunc(g.prefixes, b.wanted) }) {
		return fmt.Errorf("no figure has a name that begins with %q", b.Only)
	}
	for _, g := range groups {
		if !slices.ContainsFunc(g.prefixes, b.wanted) || !b.due(g.when) {
			continue
		}
		began := time.Now()
		if err := g.do(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", g.prefixes[0], err)
		}
		say("%s measured in %s", strings.Join(g.prefixes, ", "), time.Since(began).Round(time.Second))
	}
	b.table(os.Stderr)
	return nil
}

// wanted says whether a line, or lines beginning with name, were asked for.
func (b *bench) wanted(name string) bool {
	return strings.HasPrefix(name, b.Only) || strings.HasPrefix(b.Only, name)
}

// tell prints a figure, if it was asked for.
func (b *bench) tell(name string, value float64, unit string, n int, detail string, args ...any) error {
	if !strings.HasPrefix(name, b.Only) {
		return nil
	}
	b.told[name] = value
	return b.out.Encode(line{name, math.Round(value*1000) / 1000, unit, n, fmt.Sprintf(detail, args...)})
}

// fresh is a new empty folder.
func (b *bench) fresh(name string) string { return filepath.Join(b.work, name) }

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }

// percentile is the value below which the share p lies; the list is sorted.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
