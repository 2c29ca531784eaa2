// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mach/app"
)

// The FHIR interface among many resources: the same questions at each size, so
// that what grows is seen.

// A size is how many resources stand in the store when it is asked.
type size struct {
	n    int
	name string
}

var sizes = []size{{100_000, "100k"}, {1_000_000, "1m"}}

const (
	measuredBundles = 100  // of the last bundles of a size
	passes          = 3    // of questions that are measured
	inPass          = 2000 // questions of a shape in a pass: what the server does at rest, while it is waited for, hardly counts then
	inPassGrowing   = 400  // of one whose answer grows: they take long
	fillers         = 4    // clients that fill
	syntheaRounds   = 4    // each of Synthea's bundles so often
)

// A shape is one kind of question. Its aims are in milliseconds of CPU.
type shape struct {
	name             string
	sqlite, postgres float64
	grows            bool // its answer is larger in a larger store, so that its cost may be
	ask              func(i, people int) string
}

// asked is how often the shape is asked in a pass.
func (q shape) asked() int {
	if q.grows {
		return inPassGrowing
	}
	return inPass
}

var shapes = []shape{
	{"identifier", 0.6, 1.0, false, func(i, people int) string {
		return "/Patient?identifier=" + personSystem + "|" + personNumber(i*7919%people)
	}},
	{"patient_code", 0.6, 1.0, false, func(i, people int) string {
		return fmt.Sprintf("/Observation?patient=Patient/v%d&code=http://loinc.org|8480-6", i*7919%people)
	}},
	{"date_sorted", 0.6, 1.0, false, func(i, people int) string {
		return fmt.Sprintf("/Observation?patient=Patient/v%d&date=ge2023-01-01&date=lt2026-01-01&_sort=-date&_count=20", i*7919%people)
	}},
	{"include", 0.6, 1.0, false, func(i, people int) string {
		return fmt.Sprintf("/Encounter?patient=Patient/v%d&_include=Encounter:patient", i*7919%people)
	}},
	{"date_sorted_all", 0, 0, false, func(i, _ int) string {
		return fmt.Sprintf("/Observation?date=ge2025-%02d-01&_sort=-date&_count=20", 1+i%12)
	}},
	{"name", 0, 0, true, func(i, _ int) string {
		return "/Patient?name=" + families[i%len(families)] + "&name=" + givens[i*7%len(givens)] + "&_count=20"
	}},
	{"quantity", 0, 0, false, func(i, people int) string {
		return fmt.Sprintf("/Observation?code=http://loinc.org|8480-6&value-quantity=gt%d&_count=20", 150+i%20)
	}},
	{"chain", 3, 8, false, func(i, people int) string {
		return "/Observation?subject:Patient.identifier=" + personSystem + "|" + personNumber(i*7919%people) + "&_count=20"
	}},
	{"chain_common", 3, 8, false, func(i, _ int) string {
		return "/Encounter?subject:Patient.family=Nguyễn&_count=20"
	}},
	{"has", 3, 8, false, func(i, people int) string {
		return "/Patient?_has:Condition:patient:code=" + rareSystem + "|" + rareCode(i*7919%people) + "&_count=20"
	}},
	{"has_common", 3, 8, false, func(i, people int) string {
		return "/Patient?_has:Condition:patient:code=http://hl7.org/fhir/sid/icd-10|" + diagnosis(i) + "&_count=20"
	}},
	{"total", 3, 8, false, func(i, people int) string {
		return "/Condition?code=" + rareSystem + "|" + rareCode(i*7919%people) + "&_total=accurate&_count=20"
	}},
	{"total_common", 0, 0, true, func(i, people int) string {
		return "/Condition?code=http://hl7.org/fhir/sid/icd-10|" + diagnosis(i) + "&_total=accurate&_count=20"
	}},
}

func (b *bench) volumeSQLite(ctx context.Context) error {
	return b.volumes(func(at size) (*volume, error) {
		return b.volume(ctx, "sqlite", app.Config{Data: b.fresh("volume-sqlite-" + at.name), Level: "error"}, nil)
	})
}

func (b *bench) volumePostgres(ctx context.Context) error {
	return b.volumes(func(at size) (*volume, error) {
		db, err := b.postgres(ctx, "pg-"+at.name)
		if err != nil || db == nil {
			return nil, err
		}
		return b.volume(ctx, "postgres", app.Config{Data: b.fresh("volume-postgres-" + at.name), Database: db.dsn, Level: "error"}, db)
	})
}

// volumes measures a store of each size. The smallest stays open beside a larger
// one, to be asked by turns with it.
func (b *bench) volumes(open func(at size) (*volume, error)) (err error) {
	var smallest *volume
	for _, at := range sizes {
		v, failed := open(at)
		if failed != nil || v == nil {
			return failed
		}
		defer func() { err = errors.Join(err, v.close()) }()
		v.smallest = smallest
		if err := v.measure(at); err != nil {
			return fmt.Errorf("%s at %s: %w", v.database, at.name, err)
		}
		if at.name == b.Size {
			break
		}
		smallest = cmp.Or(smallest, v)
	}
	return nil
}

// A volume is one store of a size.
type volume struct {
	*bench
	*server
	rest
	database string
	dir      string
	people   int
	smallest *volume // nil: it is the smallest
	synthea  [][]byte
}

// volume serves a store that is empty.
func (b *bench) volume(ctx context.Context, name string, c app.Config, db *cluster) (*volume, error) {
	v := &volume{bench: b, database: name, dir: c.Data}
	list, err := tokens(ctx, c, fhirTokens)
	if err == nil {
		v.synthea, err = syntheaBundles()
	}
	if err == nil {
		v.server, err = b.serve(ctx, c.Data, db, "--livekit", "none", "--api-rate", "100000")
	}
	if err != nil {
		if db != nil {
			db.stop()
		}
		return nil, err
	}
	v.rest = rest{client(), v.server.FHIR, list}
	return v, nil
}

// close ends the server, and removes what it had.
func (v *volume) close() error {
	err := v.stop()
	if v.server.database != nil {
		v.server.database.stop()
	}
	return errors.Join(err, os.RemoveAll(v.dir))
}

func (v *volume) figure(name string, at size) string {
	return "fhir." + name + "." + v.database + "." + at.name
}

// measure fills the store to a size and asks everything there.
func (v *volume) measure(at size) error {
	people := at.n / inTransact
	if _, err := v.fill(people - measuredBundles); err != nil {
		return err
	}
	before := v.settled()
	if _, err := v.fill(people); err != nil {
		return err
	}
	spent := milliseconds(v.settled() - before)
	if err := v.tell(v.figure("transaction100.cpu", at), spent/measuredBundles, "ms", measuredBundles,
		"the last Bundles of 1 Patient, 10 Encounters, 60 Observations, 10 Conditions, 10 MedicationRequests, 9 Immunizations"); err != nil {
		return err
	}
	for _, step := range []func(at size) error{v.footprint, v.create, v.read, v.questions, v.realBundles, v.export} {
		if err := step(at); err != nil {
			return err
		}
	}
	return v.tell(v.figure("memory.peak", at), float64(peak(v.cmd.Process.Pid))/(1<<20), "MB", 1, "most resident memory of the server so far, page cache of the database in it")
}

// fill adds Bundles until there are so many people.
func (v *volume) fill(people int) ([]time.Duration, error) {
	first := v.people
	v.people = people
	return each(people-first, fillers, func(i int) error {
		_, err := v.do(i, "POST", "", bundleOf(first+i), http.StatusOK)
		return err
	})
}

func (v *volume) create(at size) error {
	before := v.settled()
	if _, err := each(creates, fhirWorkers, func(i int) error {
		_, err := v.do(i, "POST", "/Observation", vitals(fmt.Sprintf("v%d", i), i), http.StatusCreated)
		return err
	}); err != nil {
		return err
	}
	return v.tell(v.figure("create.cpu", at), milliseconds(v.settled()-before)/creates, "ms", creates, "POST of an Observation of 0.8 kB")
}

func (v *volume) read(at size) error {
	before := v.settled()
	if _, err := each(reads, fhirWorkers, func(i int) error {
		_, err := v.do(i, "GET", fmt.Sprintf("/Patient/v%d", i*7919%v.people), "", http.StatusOK)
		return err
	}); err != nil {
		return err
	}
	return v.tell(v.figure("read.cpu", at), milliseconds(v.settled()-before)/reads, "ms", reads, "GET of a Patient with its audit row")
}

// questions asks each shape, others at every pass as long as there are persons. The
// first pass is not measured: what many questions share is in memory then. The
// passes of a shape lie apart, since the cores are often shared with strangers; for
// the same reason the smallest store is asked the same by turns, and growth is the
// cost of one over that of the other.
func (v *volume) questions(at size) error {
	costs, before := make([][]float64, len(shapes)), make([][]float64, len(shapes))
	clock := make([][]time.Duration, len(shapes))
	for pass := range 1 + passes {
		for n, q := range shapes {
			small := 0.0
			if v.smallest != nil {
				var err error
				if small, _, err = v.smallest.ask(q, pass); err != nil {
					return err
				}
			}
			cost, took, err := v.ask(q, pass)
			if err != nil {
				return err
			}
			if pass > 0 {
				costs[n], before[n], clock[n] = append(costs[n], cost), append(before[n], small), took
			}
		}
	}
	for n, q := range shapes {
		slices.Sort(costs[n])
		slices.Sort(before[n])
		cost, small := costs[n][passes/2], before[n][passes/2]
		if err := v.tell(v.figure(q.name+".cpu", at), cost, "ms", passes*q.asked(), "GET %s; median of %d passes, %.2f to %.2f; p50 %.1f ms by the clock",
			q.ask(0, v.people), passes, costs[n][0], costs[n][passes-1], milliseconds(percentile(clock[n], 0.5))); err != nil {
			return err
		}
		if v.smallest == nil {
			continue
		}
		if err := v.tell("fhir."+q.name+".growth."+v.database, cost/small, "ratio", passes*q.asked(), "cost at %s over %.3f ms at %s, asked by turns; its answer grows: %v",
			at.name, small, sizes[0].name, q.grows); err != nil {
			return err
		}
	}
	return nil
}

// ask asks a shape often, and returns what one question cost in ms of CPU, and the
// time that each took.
func (v *volume) ask(q shape, pass int) (cost float64, took []time.Duration, err error) {
	n := q.asked()
	before := v.settled()
	took, err = each(n, fhirWorkers, func(i int) error {
		_, err := v.do(i, "GET", strings.ReplaceAll(q.ask(pass*n+i, v.people), "|", "%7C"), "", http.StatusOK)
		return err
	})
	return milliseconds(v.settled()-before) / float64(n), took, err
}

// realBundles posts what Synthea made, with new ids each time.
func (v *volume) realBundles(at size) error {
	if len(v.synthea) == 0 {
		return nil
	}
	var entries int
	for _, text := range v.synthea {
		entries += syntheaRounds * bytes.Count(text, []byte(`"fullUrl"`))
	}
	before := v.settled()
	if _, err := each(len(v.synthea)*syntheaRounds, fillers, func(i int) error {
		_, err := v.do(i, "POST", "", string(v.synthea[i%len(v.synthea)]), http.StatusOK)
		return err
	}); err != nil {
		return err
	}
	return v.tell(v.figure("synthea.cpu", at), milliseconds(v.settled()-before)/float64(entries), "ms", entries, "a resource of Synthea's own transaction Bundles")
}

// footprint is what the data takes on disk.
func (v *volume) footprint(at size) error {
	var sum int64
	err := filepath.WalkDir(v.dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			sum += info.Size()
		}
		return nil // a journal may be gone by now
	})
	if err == nil && v.server.database != nil {
		var inside int64
		if inside, err = v.server.database.bytes(context.Background()); err == nil {
			sum += inside
		}
	}
	if err != nil {
		return err
	}
	return v.tell(v.figure("disk", at), float64(sum)/(1<<30), "GB", at.n, "data folder and database, views and audit with them")
}

// export waits for the whole store as NDJSON.
func (v *volume) export(at size) error {
	before, began := v.settled(), time.Now()
	n, err := v.exported()
	if err != nil {
		return err
	}
	took := time.Since(began)
	return v.tell(v.figure("export.rate", at), float64(n)/took.Seconds(), "resources/s", n, "$export of everything by the clock; %.3f ms of CPU a resource", milliseconds(v.cpu()-before)/float64(n))
}

// exported runs $export and counts what it wrote.
func (v *volume) exported() (int, error) {
	ask := func(method, url string) (*http.Response, []byte, error) {
		req, err := http.NewRequest(method, url, nil)
		if err != nil {
			return nil, nil, err
		}
		req.Header.Set("Authorization", "Bearer "+v.tokens[0])
		req.Header.Set("Accept", "application/fhir+json")
		req.Header.Set("Prefer", "respond-async")
		res, err := v.http.Do(req)
		if err != nil {
			return nil, nil, err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return res, body, err
	}
	res, body, err := ask("GET", v.base+"/$export")
	if err != nil || res.StatusCode != http.StatusAccepted {
		return 0, fmt.Errorf("$export: %v %.300s %w", res, body, err)
	}
	status := res.Header.Get("Content-Location")
	for range 6000 {
		time.Sleep(50 * time.Millisecond)
		if res, body, err = ask("GET", status); err != nil || res.StatusCode != http.StatusAccepted {
			break
		}
	}
	if err != nil || res.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("$export: %v %.300s %w", res, body, err)
	}
	var manifest struct {
		Output []struct {
			Count int `json:"count"`
		} `json:"output"`
	}
	if err := json.Unmarshal(body, &manifest); err != nil {
		return 0, err
	}
	n := 0
	for _, o := range manifest.Output {
		n += o.Count
	}
	return n, nil
}

// syntheaBundles reads the public suite where it is: in MACH_SUITES, or in
// shared/suites beside the project.
func syntheaBundles() ([][]byte, error) {
	root := os.Getenv("MACH_SUITES")
	if root == "" {
		root = filepath.Join("..", "shared", "suites")
	}
	if _, err := os.Stat(filepath.Join(root, "synthea")); err != nil {
		say("MACH_SUITES has no suite synthea: its Bundles are left out: %v", err)
		return nil, nil
	}
	files, err := filepath.Glob(filepath.Join(root, "synthea", "*.json.gz"))
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for _, name := range files {
		packed, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		z, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(z)
		if err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, nil
}
