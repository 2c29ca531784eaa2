// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"mach/fhir"
)

// BenchmarkTransaction commits 100 new resources, as a station writes them.
func BenchmarkTransaction(b *testing.B) {
	s := benchStore(b)
	w := &world{s: s, rng: rand.New(rand.NewPCG(1, 1))}
	n := 0
	for b.Loop() {
		n++
		patient := fmt.Sprintf("b%d", n)
		ops := []Op{Create(fhir.MustNew(benchPatient(w.rng, patient)))}
		for i := range 99 {
			ops = append(ops, Create(fhir.MustNew(w.observation(fmt.Sprintf("%s-%d", patient, i), patient))))
		}
		if _, err := s.For(SystemActor()).Commit(b.Context(), ops...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n*100), "µs/resource")
}

func benchStore(b *testing.B) *Store {
	b.Helper()
	s, err := Open(b.Context(), Config{Dir: b.TempDir(), Guard: &testGuard{}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

func benchPatient(r *rand.Rand, id string) map[string]any {
	family, given := pick(r, families), pick(r, givens)
	return map[string]any{"resourceType": "Patient", "id": id, "active": true, "gender": "male", "birthDate": fmt.Sprintf("%d-01-02", 1930+r.IntN(90)),
		"identifier": []any{map[string]any{"system": "https://mach.vn/id/personal", "value": "0" + id}},
		"name":       []any{map[string]any{"use": "official", "family": family, "given": []any{given}, "text": family + " " + given}}}
}

// processor is the time that this process has computed.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSearch asks ordinary questions of MACH_BENCH_PEOPLE people (2,000
// by default), four measurements each.
func BenchmarkSearch(b *testing.B) {
	people := 2000
	if n, err := strconv.Atoi(os.Getenv("MACH_BENCH_PEOPLE")); err == nil {
		people = n
	}
	s := benchStore(b)
	w := &world{s: s, rng: rand.New(rand.NewPCG(1, 1))}
	for p := 0; p < people; {
		var ops []Op
		for ; len(ops) < 500 && p < people; p++ {
			id := fmt.Sprintf("b%d", p)
			ops = append(ops, Create(fhir.MustNew(benchPatient(w.rng, id))))
			for i := range 4 {
				ops = append(ops, Create(fhir.MustNew(w.observation(fmt.Sprintf("%s-%d", id, i), id))))
			}
		}
		if _, err := s.For(SystemActor()).Commit(b.Context(), ops...); err != nil {
			b.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, typ string
		params    func(n int) [][2]string
	}{
		{"identifier", "Patient", func(n int) [][2]string {
			return [][2]string{{"identifier", fmt.Sprintf("https://mach.vn/id/personal|0b%d", n)}}
		}},
		{"family-birthdate", "Patient", func(n int) [][2]string {
			return [][2]string{{"family", "nguyen"}, {"birthdate", strconv.Itoa(1930 + n%90)}}
		}},
		{"patient-code", "Observation", func(n int) [][2]string { return [][2]string{{"patient", fmt.Sprintf("b%d", n)}, {"code", "8310-5"}} }},
		{"patient-sorted", "Observation", func(n int) [][2]string { return [][2]string{{"patient", fmt.Sprintf("b%d", n)}, {"_sort", "-date"}} }},
		{"date-sorted", "Observation", func(int) [][2]string { return [][2]string{{"date", "ge2025"}, {"_sort", "-date"}} }},
		{"code-value", "Observation", func(int) [][2]string { return [][2]string{{"code-value-quantity", "8310-5$gt37"}} }},
		{"include", "Observation", func(n int) [][2]string {
			return [][2]string{{"patient", fmt.Sprintf("b%d", n)}, {"_include", "Observation:patient"}}
		}},
		{"chain-common", "Observation", func(int) [][2]string { return [][2]string{{"code", "8310-5"}, {"patient.family", "nguyen"}} }},
		{"has", "Patient", func(n int) [][2]string {
			return [][2]string{{"family", "nguyen"}, {"_has:Observation:patient:code", "8310-5"}}
		}},
		{"total", "Observation", func(n int) [][2]string {
			return [][2]string{{"patient", fmt.Sprintf("b%d", n)}, {"_total", "accurate"}}
		}},
		{"chain", "Observation", func(n int) [][2]string { return [][2]string{{"patient.identifier", fmt.Sprintf("0b%d", n)}} }},
	} {
		b.Run(c.name, func(b *testing.B) {
			// One request id: what is measured is the search, not its audit row.
			a := SystemActor()
			a.Request = time.Now().String()
			n := 0
			before := processor(b)
			defer func() { b.ReportMetric(float64((processor(b)-before).Microseconds())/float64(b.N), "cpu-µs/op") }()
			for b.Loop() {
				n = (n + 7919) % people
				if _, err := s.For(a).Search(b.Context(), Query{Type: c.typ, Params: c.params(n), Count: 20}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
