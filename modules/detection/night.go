// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Night is what the full run of a night did.
type Night struct {
	Day      vn.Date
	At       time.Time
	Position int64 // of the log, that it rests on
	Series   int   // judged, of diseases and syndromes
	Cells    int   // sums of a week or day that were wrong, and the view was built anew; or unchecked
	Differ   int   // weeks and days of series judged otherwise than the view held, and judged again
	Scans    int   // diseases scanned
	Alerts   int   // clusters that are an alert
	Took     time.Duration
}

// unchecked, as the number of wrong sums, says that they could not be held
// against the cases, because more kept coming.
const unchecked = -1

const nightColumns = `day, at, position, series, cells, differ, scans, clusters, took`

func scanNight(scan store.Scan) (Night, error) {
	var n Night
	var day, at, took int64
	err := scan(&day, &at, &n.Position, &n.Series, &n.Cells, &n.Differ, &n.Scans, &n.Alerts, &took)
	n.Day, n.At, n.Took = vn.Date(day), time.UnixMicro(at), time.Duration(took)*time.Millisecond
	return n, err
}

// lastNight is the latest full run; nil when there was none.
func (m *Module) lastNight(ctx context.Context, a store.Actor) (*Night, error) {
	list, err := figures(ctx, m, a, vn.Nation, "last night", scanNight, `select `+nightColumns+` from detection_night order by day desc limit 1`)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// findings is what a night writes to the log, as the payload of a Communication:
// so the view that is rebuilt has what the followed one has.
type findings struct {
	Day      string    `json:"day"`
	Position int64     `json:"position"`
	Series   int       `json:"series"`
	Cells    int       `json:"cells"`
	Scans    int       `json:"scans"`
	Took     int64     `json:"ms"`
	Again    []again   `json:"again,omitempty"`
	Days     []turned  `json:"days,omitempty"`
	Clusters []Cluster `json:"clusters,omitempty"`
	// Scan are the settings that the clusters were found by.
	Scan content.ScanRule `json:"scan"`
}

// again names weeks of a series that are to be judged again.
type again struct {
	Disease string    `json:"disease"`
	Unit    vn.UnitID `json:"unit"`
	Weeks   []vn.Date `json:"weeks"` // Mondays, ascending
}

const (
	csNight   = fhir.Base + "/cs/alert-night"
	nightDue  = "due"    // what is due is judged before the night looks
	nightDone = "done"   // what it found
	daySettle = "settle" // what is due is judged in the course of a day, a little at a time
)

// When nights begin, and how long after a start one that was missed is made up.
const (
	nightHour   = 1
	nightMinute = 30
	nightGrace  = 10 * time.Minute
	nightLook   = time.Minute
	settleEvery = 15 * time.Minute // cases of one disease come together: what they change for others is judged once
)

// nights is the duty of the leader: what is due is judged each quarter of an hour,
// and there is a full run each night, made up for when the hour was missed.
func (m *Module) nights(ctx context.Context, _ store.Office) error {
	begun := time.Now()
	settled := begun
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(nightLook):
		}
		if caught, err := m.store.CaughtUp(ctx, "detection"); err != nil || !caught {
			continue
		}
		if time.Since(settled) >= settleEvery {
			if err := m.settleDue(ctx, daySettle); err != nil && ctx.Err() == nil {
				return fmt.Errorf("what is due in detection: %w", err)
			}
			settled = time.Now()
		}
		last, err := m.lastNight(ctx, store.SystemActor())
		if err != nil {
			return err
		}
		day := nightOf(m.now())
		if last != nil && last.Day >= day || time.Since(begun) < nightGrace && !justBegan(m.now()) {
			continue
		}
		if _, err := m.RunNight(ctx, day); err != nil && ctx.Err() == nil {
			return fmt.Errorf("full run of detection: %w", err)
		}
	}
}

// nightOf is the day whose night is due: the last whole one at its hour.
func nightOf(now time.Time) vn.Date {
	return vn.DateOf(now.Add(-nightHour*time.Hour-nightMinute*time.Minute)) - 1
}

// justBegan reports whether the hour of the night has just come.
func justBegan(now time.Time) bool {
	return nightOf(now) != nightOf(now.Add(-2*nightLook))
}

// RunNight judges every series of the nation anew, holds that against the view,
// scans for clusters, and writes to the log what it found, from which the view
// takes it. A night is run once.
func (m *Module) RunNight(ctx context.Context, day vn.Date) (Night, error) {
	began := time.Now()
	if err := m.settleDue(ctx, nightDue); err != nil {
		return Night{}, err
	}
	f, err := m.check(ctx)
	if err != nil {
		return Night{}, err
	}
	f.Day = day.String()
	f.Scan = content.DetectionOn(day).Scan
	s := m.scanner(day, f.Scan)
	l := m.asked(store.SystemActor(), vn.Nation, f.Position)
	for _, d := range m.watched() {
		list, err := s.scan(ctx, l, d.ID)
		if err != nil {
			return Night{}, err
		}
		f.Scans++
		f.Clusters = append(f.Clusters, list...)
	}
	f.Took = time.Since(began).Milliseconds()
	if err := m.writeNight(ctx, f); err != nil {
		return Night{}, err
	}
	last, err := m.lastNight(ctx, store.SystemActor())
	if err != nil || last == nil {
		return Night{}, err
	}
	return *last, nil
}

// mostRounds is how often what is due is judged in a row, mostAgain or settleEach
// series each time. The changes that follow, or the next time, go on with the rest.
const mostRounds = 20

// settleDue has judged what is due, if anything is, so that the view says what a run
// from nothing says, and a night finds faults alone.
func (m *Module) settleDue(ctx context.Context, code string) error {
	for range mostRounds {
		left, err := figures(ctx, m, store.SystemActor(), vn.Nation, "series due", func(scan store.Scan) (int, error) {
			var one int
			return one, scan(&one)
		}, `select 1 from detection_due where day <= ? limit 1`, int64(m.today()))
		if err != nil || len(left) == 0 {
			return err
		}
		if err := m.note(ctx, code, ""); err != nil {
			return err
		}
	}
	return nil
}

func (m *Module) writeNight(ctx context.Context, f findings) error {
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return m.note(ctx, nightDone, string(text))
}

// note writes of a night to the log and waits until the view has it.
func (m *Module) note(ctx context.Context, code, text string) error {
	var payload []fhir.Payload
	if text != "" {
		payload = []fhir.Payload{{ContentString: text}}
	}
	doc, err := fhir.New(fhir.Communication{
		ID: newID(), Status: "completed",
		Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, categoryAnswer, ""), fhir.Code(csNight, code, "")},
		Sent:     fhir.Instant(m.now()), Payload: payload,
	})
	if err != nil {
		return err
	}
	receipt, err := m.store.For(store.SystemActor()).Commit(ctx, store.Create(doc))
	if err != nil {
		return fmt.Errorf("night of detection: %w", err)
	}
	if err := m.store.Await(ctx, receipt, "detection"); err != nil && !issue.Is(err, issue.Timeout) {
		return err
	}
	return nil
}
