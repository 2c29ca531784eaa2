// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// burst writes background cases over communes of the province and 18 in three
// that touch, in three days; it ends on the day before today.
func (w *world) burst() []vn.Unit {
	communes, day := w.touching(3), w.today()-1
	var ops []report
	for i, c := range w.units.Communes(w.provinceOf(w.commune.ID), w.today()) {
		ops = append(ops, report{id: fmt.Sprint("b", i), icd: "J10.1", at: c, day: day.AddDays(-(i * 7) % 27)})
	}
	for n := range 18 {
		ops = append(ops, report{id: fmt.Sprint("c", n), icd: "J10.1", at: communes[n%3], day: day.AddDays(-(n / 6))})
	}
	for chunk := range slices.Chunk(ops, 200) {
		var resources []any
		for _, r := range chunk {
			resources = append(resources, w.resource(r))
		}
		w.put(storetest.System(), resources...)
	}
	return communes
}

// The night finds a burst in communes that touch, keeps it, tells the commune
// with the most excess once, and finds the same again from the ledger.
func TestNightFindsACluster(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine: the race detector has nothing to see")
	}
	each(t, func(t *testing.T, w *world) {
		communes := w.burst()
		before := w.waiting(vn.Nation)
		n, err := w.RunNight(ctx, w.today()-1)
		if err != nil || n.Alerts != 1 || n.Differ != 0 || n.Cells != 0 || n.Series < 150_000 || n.Scans < 40 {
			t.Fatalf("%+v, %v", n, err)
		}
		clusters, scanned, err := w.Clusters(ctx, w.actor(store.Ministry), vn.Nation, "influenza", w.today())
		if err != nil || scanned != w.today()-1 || len(clusters) == 0 {
			t.Fatalf("%+v, %v, %v", clusters, scanned, err)
		}
		c := clusters[0]
		for _, u := range communes {
			if !slices.Contains(c.Units, u.ID) {
				t.Errorf("%s is not in the cluster %+v", u.Full(), c)
			}
		}
		a, err := w.Alert(ctx, w.actor(store.CDC), c.Alert)
		if err != nil || a.Unit != c.Lead || !slices.Contains(c.Units, c.Lead) {
			t.Errorf("%+v, %v", a, err)
		}
		if again, err := w.Rescan(ctx, storetest.System(), c); err != nil || cmp.Diff(c, again) != "" {
			t.Errorf("scanned again %v\n%s", err, cmp.Diff(c, again))
		}
		at := strings.Split(a.Key, "/")
		path := []string{"disease", at[0], "unit", at[1], "week", at[2]}
		page := w.page(w.replayPage, "vi", w.actor(store.Ministry), "/x", path...)
		w.wantWords(page, "Tính lại ra đúng kết quả lúc kết luận")
		w.wantWords(page, "Logarit tỉ số hợp lý")
		w.wantWords(page, `aria-label="Cụm ca theo nơi và ngày"`) // each table its own name
		if strings.Contains(w.page(w.alertPage, "vi", w.actor(store.CDC), "/x", path...), "tinh-lai") {
			t.Error("a province is led to a scan of the nation")
		}
		after := w.waiting(vn.Nation)
		if len(after) > len(before)+1 {
			t.Errorf("before %q, after %q", before, after)
		}
		if _, err := w.RunNight(ctx, w.today()-1); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(24 * time.Hour)
		if n, err := w.RunNight(ctx, w.today()-1); err != nil || n.Differ != 0 {
			t.Fatalf("the next night %+v, %v", n, err)
		}
		if got := w.waiting(vn.Nation); !slices.Equal(got, after) {
			t.Errorf("after the next night %q, want %q", got, after)
		}
		parts := strings.Split(c.Alert, "/")
		page = w.page(w.alertPage, "vi", w.actor(store.CDC), "/x", "disease", parts[0], "unit", parts[1], "week", parts[2])
		w.wantWords(page, "xã, phường quanh", "dự kiến", "Gồm: ", communes[0].Full(), "Quét không gian – thời gian")
		w.wantWords(w.page(w.inboxPage, "vi", w.actor(store.CDC), "/canh-bao"), "Cụm ca (quét ngày "+vn.Date(w.today()-1).Time().Format("02/01/2006")+")", "xã, phường quanh")
		w.wantWords(w.page(w.inboxPage, "en", w.actor(store.Ministry), "/canh-bao"), "Check of every night", "nothing differs")
		if other, scanned, err := w.Clusters(ctx, w.actor(store.Ministry), w.provinceOf(w.other.ID), "", w.today()); err != nil || !scanned.Known() || len(other) != 0 {
			t.Errorf("in another province %+v, %v", other, err)
		}
		w.wantRebuilt()
	})
}

// Cases that were entered in error raise the alert of a cluster; once they are
// taken back the next night lets it lapse. While they stand it waits.
func TestClusterLapses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		communes, day := w.touching(5), w.today()-1
		k := Cluster{Disease: "influenza", Day: day, Centre: communes[0].ID, Lead: communes[0].ID, Days: 1, Cases: 5, Expected: 0.2, P: 0.001, Recurrence: 1000}
		for i, c := range communes {
			w.report(report{id: fmt.Sprint("r", i), icd: "J10.1", at: c, day: day})
			k.Units = append(k.Units, c.ID)
		}
		slices.Sort(k.Units)
		night := func(clusters ...Cluster) {
			t.Helper()
			day++
			if err := w.writeNight(ctx, findings{Day: day.String(), Clusters: clusters}); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(24 * time.Hour)
		}
		alert := "influenza " + communes[0].Code + " cluster "
		night(k)
		w.want("a cluster", vn.Nation, alert+"1")
		night()
		w.want("its cases stand", vn.Nation, alert+"1")
		for i := range communes {
			w.drop("Condition", fmt.Sprint("r", i))
		}
		w.want("taken back, before the night", vn.Nation, alert+"0")
		night()
		w.want("taken back", vn.Nation)
	})
}

// A cluster over the border names the places of the reader's own area, and has
// no figures of what lies beyond.
func TestClusterOverTheBorder(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		day := w.today() - 1
		w.report(report{id: "r", icd: "J10.1", at: w.commune, day: day})
		k := Cluster{Disease: "influenza", Day: day, Centre: w.other.ID, Lead: w.other.ID, Units: []vn.UnitID{w.commune.ID, w.next.ID, w.other.ID}, Days: 1, Cases: 987, Expected: 654, P: 0.001, Recurrence: 1000}
		slices.Sort(k.Units)
		if err := w.writeNight(ctx, findings{Day: day.String(), Clusters: []Cluster{k}}); err != nil {
			t.Fatal(err)
		}
		w.calm()
		for _, a := range []store.Actor{w.actor(store.CDC), w.actor(store.Doctor)} {
			page := w.page(w.inboxPage, "vi", a, "/canh-bao")
			w.wantWords(page, w.commune.Full()+" và 2 nơi khác: cụm ca", "Nơi khác trả lời")
			if strings.Contains(page, "987") || strings.Contains(page, "654") || strings.Contains(page, w.other.Full()) || strings.Contains(page, "influenza/"+w.other.Code) {
				t.Errorf("the %s is told of another province", a.Role)
			}
		}
		w.wantWords(w.page(w.inboxPage, "vi", w.actor(store.Ministry), "/canh-bao"), "3 xã, phường quanh "+w.other.Full()+": 987 ca")
		parts := []string{"disease", "influenza", "unit", w.other.Code, "week", vn.WeekOf(w.today()).String()}
		w.wantWords(w.page(w.alertPage, "vi", w.actor(store.Ministry), "/x", parts...), w.next.Full(), "987 ca")
	})
}

// What the view holds otherwise than the run is judged again, and wrong sums are
// built anew.
func TestNightMends(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine: the race detector has nothing to see")
	}
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	clock := storetest.NewClock()
	begins := clock.Now()
	var fault atomic.Pointer[string] // done to the view with the next change
	follower := New(nil, units, content.Diseases(), content.OurLaw(), nil, clock.Now).Follower()
	apply := follower.Apply
	follower.Apply = func(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
		if sql := fault.Swap(nil); sql != nil {
			if err := tx.Exec(ctx, *sql); err != nil {
				return err
			}
		}
		return apply(ctx, tx, c, now, before)
	}
	opts := append(options(units, clock), storetest.MayScan("detection_daily", "detection_verdict", "detection_year")) // what spoils them
	opts[0] = storetest.Follow(follower)
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock.Advance(begins.Sub(clock.Now()))
		w := newWorld(t, s, units, clock)
		spoil := func(sql string) {
			fault.Store(&sql)
			w.person(newID(), w.other)
		}
		w.history("h", "A97.0", w.commune, wavy(w.today(), 280, 2))
		w.flow(func() {
			for i := range 20 {
				w.report(report{id: fmt.Sprint("r", i), icd: "A97.0", at: w.commune})
			}
		})
		w.stations()
		w.come(w.ordinary(station, 60, 6)...)
		w.come(w.thisMorning("d", "Tiêu chảy", 9)...)
		syndrome := "watery-diarrhoea " + w.commune.Code + " syndrome 9"
		w.want("visits too", w.commune.ID, "dengue "+w.commune.Code+" excess 20", syndrome)
		if n, err := w.RunNight(ctx, w.today()-5); err != nil || n.Differ != 0 || n.Cells != 0 {
			t.Errorf("nothing is wrong: %+v, %v", n, err)
		}
		spoil(`delete from detection_syndrome`)
		if n, err := w.RunNight(ctx, w.today()-4); err != nil || n.Differ == 0 || n.Cells != 0 {
			t.Errorf("days of syndromes are missing: %+v, %v", n, err)
		}
		if list, err := w.SyndromeVerdicts(ctx, w.actor(store.CDC), "watery-diarrhoea", w.commune.ID, w.today()); err != nil || len(list) != 1 || !list[0].Alarm {
			t.Errorf("judged again: %+v, %v", list, err)
		}
		spoil(`update detection_daily set counts = '7' where unit <> 1`)
		if n, err := w.RunNight(ctx, w.today()-3); err != nil || n.Cells == 0 {
			t.Errorf("sums of days are wrong: %+v, %v", n, err)
		}
		spoil(`delete from detection_verdict where week = ` + fmt.Sprint(int64(vn.WeekOf(w.today()).Start())))
		if n, err := w.RunNight(ctx, w.today()-2); err != nil || n.Differ < 2 || n.Cells != 0 {
			t.Errorf("verdicts are missing: %+v, %v", n, err)
		}
		if list, err := w.Verdicts(ctx, w.actor(store.CDC), "dengue", w.commune.ID, vn.WeekOf(w.today()).Start()); err != nil || len(list) != 1 || !list[0].Alarm {
			t.Errorf("judged again: %+v, %v", list, err)
		}
		spoil(`update detection_year set counts = '1 2 3' where year = 2024`)
		if n, err := w.RunNight(ctx, w.today()-1); err != nil || n.Cells == 0 {
			t.Errorf("sums are wrong: %+v, %v", n, err)
		}
		if n, err := w.mend(ctx); err != nil || n != 0 {
			t.Errorf("they are still wrong: %d, %v", n, err)
		}
		w.want("one alert of each, which explains its province", w.provinceOf(w.commune.ID), "dengue "+w.commune.Code+" excess 20", syndrome)
	}, opts...)
}
