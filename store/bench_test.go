// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
)

// Benchmarks report CPU of this process beside the wall clock, per operation
// and, for transactions, resources per second. On PostgreSQL the backends' CPU
// is not in it.
func eachDatabase(b *testing.B, bench func(b *testing.B, s *store.Store)) {
	b.Run("sqlite", func(b *testing.B) { bench(b, storetest.New(b, untraced())) })
	b.Run("postgres", func(b *testing.B) {
		if os.Getenv(storetest.Env) == "" {
			b.Skip(storetest.Env + " is not set")
		}
		bench(b, storetest.Open(b, storetest.Place{Dir: b.TempDir(), Database: storetest.NewDatabase(b)}, untraced()))
	})
}

func untraced() storetest.Option {
	return storetest.Configure(func(c *store.Config) { c.Trace = nil })
}

func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func measured(b *testing.B, perOp int, work func(i int)) {
	b.Helper()
	before, start := cpu(), time.Now()
	i := 0
	for b.Loop() {
		work(i)
		i++
	}
	n := float64(i * perOp)
	b.ReportMetric(float64((cpu()-before).Microseconds())/n, "cpu-µs/res")
	b.ReportMetric(n/time.Since(start).Seconds(), "res/s")
}

// vitals is about 900 bytes, as a station writes it.
func vitals(patient string, i int) string {
	return fmt.Sprintf(`{"resourceType":"Observation","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital Signs"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"85354-9","display":"Blood pressure panel with all children optional"}],"text":"Huyết áp"},"subject":{"reference":"Patient/%s"},"effectiveDateTime":"2026-11-%02dT08:%02d:00+07:00","performer":[{"reference":"Practitioner/prac-nurse"}],"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":%d,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":%d,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}`,
		patient, 1+i%28, i%60, 100+i%60, 60+i%40)
}

func BenchmarkCreate(b *testing.B) {
	eachDatabase(b, func(b *testing.B, s *store.Store) {
		door := s.For(storetest.Doctor("tram"))
		must(b, door, store.Create(patient(b, "p1", "Nguyễn")))
		measured(b, 1, func(i int) {
			d, err := fhir.ParseString(vitals("p1", i))
			if err != nil {
				b.Fatal(err)
			}
			must(b, door, store.Create(d))
		})
	})
}

func BenchmarkTransaction100(b *testing.B) {
	eachDatabase(b, func(b *testing.B, s *store.Store) {
		door := s.For(storetest.Doctor("tram"))
		measured(b, 100, func(i int) {
			id := store.NewID()
			ops := []store.Op{store.Create(patient(b, id, "Nguyễn"))}
			for j := range 99 {
				d, err := fhir.ParseString(vitals(id, i+j))
				if err != nil {
					b.Fatal(err)
				}
				ops = append(ops, store.Create(d))
			}
			must(b, door, ops...)
		})
	})
}

func BenchmarkRead(b *testing.B) {
	eachDatabase(b, func(b *testing.B, s *store.Store) {
		door := s.For(storetest.Doctor("tram"))
		must(b, door, store.Create(patient(b, "p1", "Nguyễn")))
		a := storetest.Doctor("tram")
		b.Run("same_request", func(b *testing.B) {
			measured(b, 1, func(int) { read(b, s.For(a), "p1") })
		})
		b.Run("new_request", func(b *testing.B) {
			measured(b, 1, func(i int) {
				a := a
				a.Request = fmt.Sprint("r", i)
				read(b, s.For(a), "p1")
			})
		})
	})
}

func read(b *testing.B, door store.Door, id string) {
	if _, err := door.Read(ctx, "Patient", id); err != nil {
		b.Fatal(err)
	}
}
