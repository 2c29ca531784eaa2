// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"testing"
	"time"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
)

// Of two merged reports one knows the class and the other the death: the one that
// stands says both.
func TestTwoKnowMore(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital, other, third := w.elsewhere(store.HospitalReporter, "vien", "hospital-province"), w.elsewhere(store.HospitalReporter, "vien2", "hospital-province"), w.elsewhere(store.HospitalReporter, "vien3", "hospital-province")
		w.someone("024190123456", "a", "b", "c")
		w.put(hospital, w.foreign("x", "a", "A97.0", "provisional", ""))
		w.clock.Advance(time.Minute)
		w.put(other, w.foreign("y", "b", "A97.0", "confirmed", ""))
		w.clock.Advance(time.Minute)
		w.put(third, w.foreign("z", "c", "A97.0", "provisional", w.today().String()))
		for range 6 {
			w.linkNow(t)
		}
		w.wantSame("y", "y", "x")
		w.wantSame("z", "z", "x")
		if c, err := w.Case(ctx, storetest.System(), "x"); err != nil || c.Class != casereport.Confirmed || !c.Died.Known() {
			t.Errorf("x is %s, died %v; want confirmed and died; %v\n%s", c.Class, c.Died, err, w.links())
		}
	})
}

// Whom a person found to be two cases no software merges by writing its old copy
// again.
func TestPartedIsNotMergedAgain(t *testing.T) {
	for _, reason := range []string{"", "hai lần mắc"} {
		guarded(t, func(t *testing.T, w *world) {
			hospital, cdc := w.elsewhere(store.HospitalReporter, "vien", "hospital-province"), w.elsewhere(store.CDC, "cdc", "cdc")
			y := w.merged(t, hospital)
			s, err := w.Open(ctx, cdc, "y")
			w.ok(err)
			w.ok(w.Part(ctx, cdc, "y", "x", s.Version, "p", reason))
			w.linkNow(t)
			w.wantSame("parted", "y", "")
			w.clock.Advance(time.Hour)
			y.Recorder = fhir.Reference{Display: "lần nữa"}
			w.put(hospital, y)
			w.linkNow(t)
			w.wantSame("parted by the centre, written again from an old copy", "y", "")
			if n := w.counted(); n != 2 {
				t.Errorf("%d cases, want 2\n%s", n, w.links())
			}
		})
	}
}

// Nor does it part what a person merged.
func TestMergedIsNotPartedAgain(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital, cdc := w.elsewhere(store.HospitalReporter, "vien", "hospital-province"), w.elsewhere(store.CDC, "cdc", "cdc")
		w.someone("024190123456", "a")
		w.someone("", "b")
		w.put(hospital, w.foreign("x", "a", "A97.0", "provisional", ""))
		w.clock.Advance(time.Minute)
		y := w.foreign("y", "b", "A97.0", "provisional", "")
		w.put(hospital, y)
		s, err := w.Open(ctx, cdc, "y")
		w.ok(err)
		w.ok(w.Merge(ctx, cdc, "y", "x", s.Version, "p", "cùng một người"))
		w.clock.Advance(time.Hour)
		y.Recorder = fhir.Reference{Display: "lần nữa"}
		w.put(hospital, y)
		for range 3 {
			w.linkNow(t)
		}
		if n := w.counted(); n != 1 {
			t.Errorf("merged by the centre, counted %d\n%s", n, w.links())
		}
	})
}

// A case dated to a day to come counts where it did when it is written again.
func TestDayToComeStays(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital := w.elsewhere(store.HospitalReporter, "vien", "hospital-province")
		w.someone("024190123456", "a")
		c, day := w.foreign("x", "a", "A97.0", "provisional", ""), w.today()
		c.RecordedDate = fhir.Instant(w.now().AddDate(0, 0, 40))
		w.put(hospital, c)
		w.clock.Advance(10 * 24 * time.Hour)
		c.VerificationStatus = fhir.Code(fhir.ConditionVerStatus, "confirmed", "")
		w.put(hospital, c)
		w.calm()
		if c, err := w.Case(ctx, hospital, "x"); err != nil || c.Day != day {
			t.Errorf("counted on %v, now on %v, %v", day, c.Day, err)
		}
	})
}

// What is written into the report that stands leaves its words, its other codes
// and its onset as they are.
func TestRaiseKeepsTheRest(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital, other := w.elsewhere(store.HospitalReporter, "vien", "hospital-province"), w.elsewhere(store.HospitalReporter, "vien2", "hospital-province")
		w.someone("024190123456", "a", "b")
		x := w.foreign("x", "a", "A97.0", "provisional", "")
		x.OnsetDateTime = "2026-10"
		x.Code.Text = "SXHD có dấu hiệu cảnh báo"
		x.Code.Coding = append(x.Code.Coding, fhir.Coding{System: "http://snomed.info/sct", Code: "38362002"})
		w.put(hospital, x)
		w.clock.Advance(time.Minute)
		w.put(other, w.foreign("y", "b", "A97.0", "confirmed", ""))
		for range 2 {
			w.linkNow(t)
		}
		doc, err := w.s.For(storetest.System()).Read(ctx, "Condition", "x")
		w.ok(err)
		var c fhir.Condition
		w.ok(doc.Into(&c))
		if c.OnsetDateTime != "2026-10" || c.Code.Text != x.Code.Text || len(c.Code.Coding) < 2 {
			t.Errorf("onset %q, code %+v", c.OnsetDateTime, c.Code)
		}
	})
}
