// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"testing"
	"time"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
)

// merged are two reports of one person, x and then y, which is linked to x.
func (w *world) merged(t *testing.T, from store.Actor) (y fhir.Condition) {
	t.Helper()
	w.someone("024190123456", "a", "b")
	w.put(from, w.foreign("x", "a", "A97.0", "provisional", ""))
	w.clock.Advance(time.Minute)
	y = w.foreign("y", "b", "A97.0", "provisional", "")
	w.put(from, y)
	w.linkNow(t)
	w.wantSame("merged", "y", "x")
	return y
}

// Whom a person found to be two cases no third report makes one.
func TestPartedIsNotMergedThroughAThird(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital, cdc := w.elsewhere(store.HospitalReporter, "vien", "hospital-province"), w.elsewhere(store.CDC, "cdc", "cdc")
		w.someone("024190123456", "c")
		w.merged(t, hospital)
		s, err := w.Open(ctx, cdc, "y")
		w.ok(err)
		w.ok(w.Part(ctx, cdc, "y", "x", s.Version, "p", "hai lần mắc"))
		w.linkNow(t)
		if n := w.counted(); n != 2 {
			t.Fatalf("parted: %d", n)
		}
		w.clock.Advance(time.Hour)
		z := w.foreign("z", "c", "A97.0", "provisional", "")
		z.Extension = append(z.Extension, fhir.Extension{URL: casereport.ExtReported, ValueDateTime: fhir.Instant(w.now().Add(-5 * time.Hour))}) // sent on paper before
		w.put(hospital, z)
		for range 3 {
			w.linkNow(t)
		}
		if n := w.counted(); n < 2 {
			t.Errorf("a person found x and y to be two cases, counted %d\n%s", n, w.links())
		}
	})
}

// Nor do links that lead from one to the other.
func TestPartedIsNotMergedAlongLinks(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital, cdc := w.elsewhere(store.HospitalReporter, "vien", "hospital-province"), w.elsewhere(store.CDC, "cdc", "cdc")
		w.someone("024190123456", "a")
		w.someone("024190123457", "b")
		w.someone("024190123458", "c")
		w.put(hospital, w.foreign("p", "a", "A97.0", "provisional", ""), w.foreign("c", "b", "A97.0", "provisional", ""), w.foreign("o", "c", "A97.0", "provisional", ""))
		v := func(id string) int64 { s, err := w.Open(ctx, cdc, id); w.ok(err); return s.Version }
		w.ok(w.Part(ctx, cdc, "c", "p", v("c"), "1", "hai người"))
		w.ok(w.Merge(ctx, cdc, "c", "o", v("c"), "2", "một ca"))
		w.ok(w.Merge(ctx, cdc, "o", "p", v("o"), "3", "một ca"))
		for range 3 {
			w.linkNow(t)
		}
		if c, _ := w.Case(ctx, cdc, "c"); c.SameAs == "p" {
			t.Errorf("c was found to be another case than p, and is linked to it\n%s", w.links())
		}
	})
}

// A personal id was mistyped: two persons are counted as two, and as one again when
// it was right after all.
func TestNumberCorrected(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital := w.elsewhere(store.HospitalReporter, "vien", "hospital-province")
		w.merged(t, hospital)
		w.clock.Advance(time.Minute)
		w.someone("024190123457", "b") // it was mistyped
		for range 3 {
			w.linkNow(t)
		}
		if n := w.counted(); n != 2 {
			t.Errorf("two persons, %d cases\n%s", n, w.links())
		}
		w.clock.Advance(time.Minute)
		w.someone("024190123456", "b")
		for range 3 {
			w.linkNow(t)
		}
		w.wantSame("right after all", "y", "x")
	})
}

// The day of a diagnosis is corrected to another episode.
func TestDayCorrected(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital := w.elsewhere(store.HospitalReporter, "vien", "hospital-province")
		y := w.merged(t, hospital)
		w.clock.Advance(time.Minute)
		y = linked(y, "x")
		y.RecordedDate = w.today().AddDays(-200).String()
		w.put(hospital, y)
		for range 3 {
			w.linkNow(t)
		}
		w.wantSame("of half a year ago", "y", "")
	})
}

// Software writes its old copy again, with a note of its own instead of the
// system's.
func TestOldCopyWithANoteOfItsOwn(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital, other := w.elsewhere(store.HospitalReporter, "vien", "hospital-province"), w.elsewhere(store.HospitalReporter, "vien2", "hospital-province")
		w.someone("024190123456", "a", "b")
		x := w.foreign("x", "a", "A97.0", "provisional", "")
		w.put(hospital, x)
		w.clock.Advance(time.Minute)
		w.put(other, w.foreign("y", "b", "A97.0", "confirmed", w.today().String()))
		for range 2 {
			w.linkNow(t)
		}
		if c, _ := w.Case(ctx, hospital, "x"); c.Class != casereport.Confirmed {
			t.Fatal(c.Class)
		}
		w.clock.Advance(time.Hour)
		x.Note = []fhir.Annotation{{Text: "Chuyển khoa"}}
		w.put(hospital, x)
		for range 3 {
			w.linkNow(t)
		}
		if c, err := w.Case(ctx, hospital, "x"); err != nil || c.Class != casereport.Confirmed || !c.Died.Known() {
			t.Errorf("from its own copy, with a note of its own: %s, died %v", c.Class, c.Died)
		}
	})
}

// A death that its sender took back is not written again when another raises the class.
func TestDeathTakenBack(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital, other := w.elsewhere(store.HospitalReporter, "vien", "hospital-province"), w.elsewhere(store.HospitalReporter, "vien2", "hospital-province")
		w.someone("024190123456", "a", "b")
		told := w.told("Trần Thị Bưởi", "024190123456")
		told.Answers["outcome"], told.Answers["outcome_date"] = "died", w.today().String()
		x, err := w.Enter(ctx, hospital, "k", told)
		w.ok(err)
		doc, err := w.s.For(hospital).Read(ctx, "Condition", x)
		w.ok(err)
		var c fhir.Condition
		w.ok(doc.Into(&c))
		c.Extension = dropExtension(c.Extension, casereport.ExtDied) // a mistake
		w.clock.Advance(time.Minute)
		w.put(hospital, c)
		if c, _ := w.Case(ctx, hospital, x); c.Died.Known() {
			t.Fatal("still died")
		}
		w.clock.Advance(time.Minute)
		w.put(other, w.foreign("y", "b", "A97.0", "confirmed", ""))
		for range 3 {
			w.linkNow(t)
		}
		if c, err := w.Case(ctx, hospital, x); err != nil || c.Class != casereport.Confirmed || c.Died.Known() {
			t.Errorf("taken back by who sent it, now %s died %v, %v", c.Class, c.Died, err)
		}
	})
}

// A report that was entered in error and is put back was seen before.
func TestSeenOnce(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital := w.elsewhere(store.HospitalReporter, "vien", "hospital-province")
		w.someone("024190123456", "a")
		w.put(hospital, w.foreign("x", "a", "A97.0", "provisional", ""))
		w.put(hospital, w.foreign("x", "a", "A97.0", "entered-in-error", ""))
		w.put(hospital, w.foreign("x", "a", "A97.0", "provisional", ""))
		w.wantCount("back", "dengue", casereport.Suspect, 1, 1)
	})
}
