// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"mach/app"
)

func sortDurations(list []time.Duration) { slices.Sort(list) }

// How much the FHIR interface is asked.
const (
	fhirTokens   = 24 // limits are per token
	fhirWorkers  = 8
	creates      = 2000
	transactions = 40
	inTransact   = 100
	reads        = 4000
	searches     = 400
)

func (b *bench) fhirSQLite(ctx context.Context) error {
	return b.fhir(ctx, "sqlite", app.Config{Data: b.fresh("fhir-sqlite"), Level: "error"}, nil)
}

func (b *bench) fhirPostgres(ctx context.Context) error {
	db, err := b.postgres(ctx, "pg")
	if err != nil || db == nil {
		return err
	}
	defer db.stop()
	return b.fhir(ctx, "postgres", app.Config{Data: b.fresh("fhir-postgres"), Database: db.dsn, Level: "error"}, db)
}

// rest is a client of one server's FHIR interface.
type rest struct {
	http   *http.Client
	base   string
	tokens []string
}

// do sends a request and returns the answer's Location; an answer other than
// want is an error.
func (r rest) do(i int, method, path, body string, want int) (string, error) {
	req, err := http.NewRequest(method, r.base+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+r.tokens[i%len(r.tokens)])
	req.Header.Set("Content-Type", "application/fhir+json")
	for {
		res, err := r.http.Do(req)
		if err != nil {
			return "", err
		}
		var answer bytes.Buffer
		_, err = io.Copy(&answer, res.Body)
		if err := res.Body.Close(); err != nil {
			return "", err
		}
		switch {
		case err != nil:
			return "", err
		case res.StatusCode == want:
			return res.Header.Get("Location"), nil
		case res.StatusCode == http.StatusTooManyRequests:
			time.Sleep(200 * time.Millisecond)
			req.Body = io.NopCloser(strings.NewReader(body))
			continue
		}
		return "", fmt.Errorf("%s %s: %s: %.300s", method, path, res.Status, answer.String())
	}
}

// fhir measures the interface on one database, through the served binary with
// its policies and its audit.
func (b *bench) fhir(ctx context.Context, name string, c app.Config, db *cluster) error {
	list, err := tokens(ctx, c, fhirTokens)
	if err != nil {
		return err
	}
	s, err := b.serve(ctx, c.Data, db, "--livekit", "none", "--notify-private")
	if err != nil {
		return err
	}
	r := rest{client(), s.FHIR, list}
	for _, step := range []func(name string, s *server, r rest) error{b.creates, b.transactions, b.reads, b.notices} {
		if err = step(name, s, r); err != nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("on %s: %w (%w)", name, err, s.stop())
	}
	return s.stop()
}

func (b *bench) creates(name string, s *server, r rest) error {
	if _, err := r.do(0, "PUT", "/Patient/p0", person("p0", 0), http.StatusCreated); err != nil {
		return err
	}
	before := s.settled()
	took, err := each(creates, fhirWorkers, func(i int) error {
		_, err := r.do(i, "POST", "/Observation", vitals("p0", i), http.StatusCreated)
		return err
	})
	if err != nil {
		return err
	}
	return b.tell("fhir.create.cpu."+name, milliseconds(s.settled()-before)/creates, "ms", creates,
		"POST of an Observation of 0.8 kB, views and audit with it, %d at once; p50 %.1f ms, p99 %.1f ms by the clock",
		fhirWorkers, milliseconds(percentile(took, 0.5)), milliseconds(percentile(took, 0.99)))
}

func (b *bench) transactions(name string, s *server, r rest) error {
	before := s.settled()
	began := time.Now()
	if _, err := each(transactions, 4, func(i int) error {
		_, err := r.do(i, "POST", "", transaction(i), http.StatusOK)
		return err
	}); err != nil {
		return err
	}
	answered, atOnce := time.Since(began), s.cpu()-before
	all := s.settled() - before
	const n = transactions * inTransact
	if err := b.tell("fhir.transaction100.cpu."+name, milliseconds(all)/transactions, "ms", transactions,
		"POST of a Bundle of one Patient and 99 Observations; %.2f ms a resource, views and audit with it", milliseconds(all)/n); err != nil {
		return err
	}
	return b.tell("fhir.transaction.rate."+name, n/answered.Seconds(), "resources/s", n,
		"4 clients, by the clock until answered; %.0f resources a CPU second until answered, %.0f with views", n/atOnce.Seconds(), n/all.Seconds())
}

func (b *bench) reads(name string, s *server, r rest) error {
	before := s.settled()
	took, err := each(reads, fhirWorkers, func(i int) error {
		_, err := r.do(i, "GET", fmt.Sprintf("/Patient/t%d", i%transactions), "", http.StatusOK)
		return err
	})
	if err != nil {
		return err
	}
	if err := b.tell("fhir.read.cpu."+name, milliseconds(s.settled()-before)/reads, "ms", reads,
		"GET of a Patient with its audit row, %d at once; p50 %.1f ms by the clock", fhirWorkers, milliseconds(percentile(took, 0.5))); err != nil {
		return err
	}
	before = s.settled()
	took, err = each(searches, fhirWorkers, func(i int) error {
		path := fmt.Sprintf("/Observation?patient=Patient/t%d&code=http://loinc.org|85354-9&date=ge2026-11-10&_count=20", i%transactions)
		_, err := r.do(i, "GET", path, "", http.StatusOK)
		return err
	})
	if err != nil {
		return err
	}
	return b.tell("fhir.search.cpu."+name, milliseconds(s.settled()-before)/searches, "ms", searches,
		"20 of 60 Observations of one of %d persons by code and date among %d, judged and audited; p50 %.1f ms by the clock",
		transactions, creates+transactions*inTransact, milliseconds(percentile(took, 0.5)))
}

// transaction is a Bundle of a Patient and what was measured of it.
func transaction(n int) string {
	var out strings.Builder
	id := fmt.Sprintf("t%d", n)
	fmt.Fprintf(&out, `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":%s,"request":{"method":"PUT","url":"Patient/%s"}}`, person(id, n), id)
	for i := range inTransact - 1 {
		fmt.Fprintf(&out, `,{"resource":%s,"request":{"method":"POST","url":"Observation"}}`, vitals(id, i))
	}
	out.WriteString(`]}`)
	return out.String()
}

func person(id string, n int) string {
	return fmt.Sprintf(`{"resourceType":"Patient","id":"%s","active":true,"name":[{"text":"Nguyễn Văn %d","family":"Nguyễn","given":["Văn","%d"]}],"gender":"male","birthDate":"1980-02-%02d"}`, id, n, n, 1+n%28)
}

// vitals is a blood pressure as a station writes it.
func vitals(patient string, i int) string {
	return fmt.Sprintf(`{"resourceType":"Observation","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital Signs"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"85354-9","display":"Blood pressure panel with all children optional"}],"text":"Huyết áp"},"subject":{"reference":"Patient/%s"},"effectiveDateTime":"2026-11-%02dT08:%02d:00+07:00","component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":%d,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":%d,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}`,
		patient, 1+i%28, i%60, 100+i%60, 60+i%40)
}
