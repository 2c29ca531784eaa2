// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"mach/blob"
	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
)

// BenchmarkExport measures resources a second through a whole job: read,
// judged, written into the blob store, said to the audit.
func BenchmarkExport(b *testing.B) {
	const rows = 20_000
	s := storetest.New(b, storetest.Idle(), storetest.Configure(func(c *store.Config) { c.Trace = nil }))
	blobs, err := blob.Open(context.Background(), b.TempDir(), 100<<20)
	if err != nil {
		b.Fatal(err)
	}
	m, err := New(context.Background(), s, Config{Blobs: blobs, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		err = s.Start(context.Background())
	}
	if err != nil {
		b.Fatal(err)
	}
	var ops []store.Op
	for i := range rows {
		text := fmt.Sprintf(`{"resourceType":"Patient","id":"p%d","name":[{"family":"Nguyễn","given":["Văn %d"]}],"gender":"male","birthDate":"1980-01-01"}`, i, i)
		if i%10 > 0 {
			text = fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8310-5"}]},"subject":{"reference":"Patient/p%d"},"effectiveDateTime":"2026-01-01T08:00:00+07:00","valueQuantity":{"value":37.2,"unit":"°C","system":"http://unitsofmeasure.org","code":"Cel"}}`, i, i-i%10)
		}
		doc, err := fhir.ParseString(text)
		if err != nil {
			b.Fatal(err)
		}
		if ops = append(ops, store.Put(doc)); len(ops) == 1000 {
			if _, err := s.For(app()).Commit(context.Background(), ops...); err != nil {
				b.Fatal(err)
			}
			ops = ops[:0]
		}
	}
	a := app()
	for b.Loop() {
		if _, err := m.Export(context.Background(), s.For(a), "u", "", [][2]string{{"_type", "Patient,Observation"}}, false); err != nil {
			b.Fatal(err)
		}
		for n := 1; n > 0; time.Sleep(time.Millisecond) {
			if _, err := m.own.Row(context.Background(), []any{&n}, `select count(*) from bulk_job where status = 'waiting'`); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "resources/s")
}
