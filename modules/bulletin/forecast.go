// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// forecastColumns is the header of a forecast from outside, in order: unit by
// code, disease by id, ISO week, expected cases with their range, who made it
// and on which day. All lines of a file have one source and one day.
var forecastColumns = []string{"unit", "disease", "week", "value", "lower", "upper", "source", "made_on"}

// Bounds of a file.
const (
	maxForecast     = 512 << 10 // bytes
	maxForecastRows = 5000
	maxSource       = 80
)

// forecast is what somebody else expects of a week.
type forecast struct {
	disease          string
	unit             vn.UnitID
	week             vn.Date
	value, low, high float64
}

// forecastFile is a forecast that was loaded.
type forecastFile struct {
	id       string // DocumentReference
	source   string
	made     vn.Date
	loaded   time.Time
	unit     vn.UnitID
	facility string
	rows     int
}

// Labels lets the guard judge the file as its resource.
func (f forecastFile) Labels() store.Labels {
	return store.Labels{Type: "DocumentReference", ID: f.id, Facility: f.facility, Unit: f.unit, Category: categoryForecast}
}

const categoryForecast = "forecast"

// readForecast reads a file whole. Errors name the first line that is wrong.
func (m *Module) readForecast(text []byte) (source string, made vn.Date, rows []forecast, err error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	r.FieldsPerRecord = len(forecastColumns)
	seen := map[forecast]bool{}
	for n := 1; ; n++ {
		line, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", made, nil, issue.New(issue.Structure, "bulletin.forecast.csv", n, strings.Join(forecastColumns, ",")).At("file")
		}
		for i := range line {
			line[i] = strings.TrimSpace(line[i])
		}
		if n == 1 {
			if !slices.Equal(line, forecastColumns) {
				return "", made, nil, issue.New(issue.Structure, "bulletin.forecast.header", strings.Join(forecastColumns, ",")).At("file")
			}
			continue
		}
		if n > maxForecastRows+1 {
			return "", made, nil, issue.New(issue.Value, "bulletin.forecast.long", maxForecastRows).At("file")
		}
		x, by, on, err := m.forecastLine(line)
		if err != nil {
			return "", made, nil, issue.New(issue.Value, "bulletin.forecast.line", n, err.Error()).At("file")
		}
		if len(rows) > 0 && (by != source || on != made) {
			return "", made, nil, issue.New(issue.Value, "bulletin.forecast.mixed", n).At("file")
		}
		key := forecast{disease: x.disease, unit: x.unit, week: x.week}
		if seen[key] {
			return "", made, nil, issue.New(issue.Duplicate, "bulletin.forecast.twice", n).At("file")
		}
		seen[key] = true
		source, made, rows = by, on, append(rows, x)
	}
	if len(rows) == 0 {
		return "", made, nil, issue.New(issue.Required, "bulletin.forecast.empty").At("file")
	}
	return source, made, rows, nil
}

// forecastLine reads one line; the error is the cell that is wrong.
func (m *Module) forecastLine(line []string) (x forecast, source string, made vn.Date, err error) {
	wrong := func(i int) error { return fmt.Errorf("%s = %.40q", forecastColumns[i], line[i]) }
	if made, err = vn.ParseDate(line[7]); err != nil {
		return x, "", made, wrong(7)
	}
	source = line[6]
	if n := len([]rune(source)); n == 0 || n > maxSource {
		return x, "", made, wrong(6)
	}
	unit, ok := m.coded(line[0], max(made, vn.Reform))
	if !ok {
		return x, "", made, wrong(0)
	}
	d, ok := m.diseases.ByID(line[1])
	if !ok || d.Closed {
		return x, "", made, wrong(1)
	}
	week, err := vn.ParseWeek(line[2])
	if err != nil {
		return x, "", made, wrong(2)
	}
	x = forecast{disease: d.ID, unit: unit.ID, week: week.Start()}
	for i, to := range []*float64{&x.value, &x.low, &x.high} {
		f, err := strconv.ParseFloat(line[3+i], 64)
		if err != nil || !(f >= 0 && f <= 1e7) || math.IsNaN(f) {
			return x, "", made, wrong(3 + i)
		}
		*to = f
	}
	if x.low > x.value {
		return x, "", made, wrong(4)
	}
	if x.high < x.value {
		return x, "", made, wrong(5)
	}
	return x, source, made, nil
}

// mayLoad reports whether the actor watches over a province or the nation.
func mayLoad(a store.Actor) bool {
	return slices.Contains([]store.Role{store.CDC, store.Department, store.Ministry}, a.Role)
}

// loadForecast keeps a file as a DocumentReference of category forecast. Units
// outside of what the actor watches over are refused.
func (m *Module) loadForecast(ctx context.Context, a store.Actor, text []byte, key string) (id string, err error) {
	if !mayLoad(a) {
		return "", issue.New(issue.Forbidden, "store.forbidden")
	}
	source, made, rows, err := m.readForecast(text)
	if err != nil {
		return "", err
	}
	if made > vn.DateOf(m.now()) {
		return "", issue.New(issue.Value, "bulletin.forecast.future").At("file")
	}
	for i, x := range rows {
		if !m.units.Within(x.unit, a.Oversees(m.units)) {
			u, _ := m.units.Get(x.unit)
			return "", issue.New(issue.BusinessRule, "bulletin.forecast.outside", i+2, u.Full()).At("file")
		}
	}
	doc, err := fhir.New(map[string]any{
		"resourceType": "DocumentReference", "status": "current",
		"type":     fhir.CodeableConcept{Text: "Dự báo dịch từ bên ngoài"},
		"category": []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, categoryForecast, "")},
		"date":     fhir.Instant(m.now()), "author": []fhir.Reference{fhir.Ref("Organization", a.Facility)}, "description": source,
		"content": []any{map[string]any{"attachment": fhir.Attachment{ContentType: "text/csv", Title: source, Creation: made.String(),
			Data: base64.StdEncoding.EncodeToString(text)}}},
	})
	if err != nil {
		return "", err
	}
	receipt, err := m.store.For(a).CommitOnce(ctx, key, store.Create(doc))
	if err != nil {
		return "", fmt.Errorf("forecast: %w", err)
	}
	return receipt.Docs[0].ID(), m.store.Await(ctx, receipt, "bulletin")
}

// withdraw takes a forecast off the curves; the file stays in the history.
func (m *Module) withdraw(ctx context.Context, a store.Actor, id, key string) error {
	door := m.store.For(a)
	doc, err := door.Read(ctx, "DocumentReference", id)
	if err != nil {
		return err
	}
	if !isForecast(doc) {
		return issue.New(issue.NotFound, "bulletin.forecast.none")
	}
	version, err := strconv.ParseInt(doc.VersionID(), 10, 64)
	if err != nil {
		return fmt.Errorf("version of a forecast: %w", err)
	}
	next, err := doc.Set("status", "superseded")
	if err != nil {
		return err
	}
	receipt, err := door.CommitOnce(ctx, key, store.Update(next, version))
	if err != nil {
		return fmt.Errorf("withdrawing a forecast: %w", err)
	}
	return m.store.Await(ctx, receipt, "bulletin")
}

func isForecast(d *fhir.Doc) bool {
	for c := range d.Each("category") {
		for coding := range c.Each("coding") {
			if coding.Get("system").String() == fhir.CSCategory && coding.Get("code").String() == categoryForecast {
				return true
			}
		}
	}
	return false
}

// applyForecast keeps the lines of the forecasts that stand.
func (m *Module) applyForecast(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	for _, t := range []string{"bulletin_forecast", "bulletin_forecast_file"} {
		if err := tx.Exec(ctx, `delete from `+t+` where source = ?`, c.ID); err != nil {
			return err
		}
	}
	if now == nil || now.Get("status").String() != "current" || c.Labels.Patient != "" || !isForecast(now) {
		return nil
	}
	attachment := now.Get("content", "0", "attachment")
	text, err := base64.StdEncoding.DecodeString(attachment.Get("data").String())
	if err != nil || len(text) > maxForecast {
		return nil // written by other software, and no forecast of ours
	}
	source, made, rows, err := m.readForecast(text)
	if err != nil {
		return nil
	}
	for _, x := range rows {
		if err := tx.Exec(ctx, `insert into bulletin_forecast (source, disease, unit, week, value, low, high) values (?, ?, ?, ?, ?, ?, ?)`,
			c.ID, x.disease, int64(x.unit), int64(x.week), x.value, x.low, x.high); err != nil {
			return err
		}
	}
	return tx.Exec(ctx, `insert into bulletin_forecast_file (source, name, made, loaded, unit, facility, rows) values (?, ?, ?, ?, ?, ?, ?)`,
		c.ID, source, int64(made), c.At.UnixMicro(), int64(c.Labels.Unit), c.Labels.Facility, len(rows))
}

// files lists the forecasts that stand, the newest first.
func (m *Module) files(ctx context.Context, a store.Actor) ([]forecastFile, error) {
	rows, _, err := store.First(ctx, m.store.For(a), a.Unit, 100, func(scan store.Scan) (forecastFile, error) {
		var f forecastFile
		var made, loaded, unit int64
		err := scan(&f.id, &f.source, &made, &loaded, &unit, &f.facility, &f.rows)
		f.made, f.loaded, f.unit = vn.Date(made), time.UnixMicro(loaded), vn.UnitID(unit)
		return f, err
	}, `select source, name, made, loaded, unit, facility, rows from bulletin_forecast_file order by loaded desc, source limit ?`)
	if err != nil {
		return nil, fmt.Errorf("forecasts: %w", err)
	}
	return rows, nil
}

// layersShown is how many forecasts a curve shows at most: of each source the newest.
const layersShown = 3

// layers reads the forecasts about a disease in a unit, of each source the one
// made last.
func (m *Module) layers(ctx context.Context, a store.Actor, unit vn.UnitID, disease string, from, to vn.Date) ([]layer, error) {
	type row struct {
		file forecastFile
		forecast
	}
	rows, err := store.Figures(ctx, m.store.For(a), unit, func(scan store.Scan) (row, error) {
		var r row
		var week, made, loaded int64
		err := scan(&r.file.id, &r.file.source, &made, &loaded, &week, &r.value, &r.low, &r.high)
		r.week, r.file.made, r.file.loaded = vn.Date(week), vn.Date(made), time.UnixMicro(loaded)
		return r, err
	}, `select f.source, f.name, f.made, f.loaded, x.week, x.value, x.low, x.high
		  from bulletin_forecast x join bulletin_forecast_file f on f.source = x.source
		 where x.unit = ? and x.disease = ? and x.week >= ? and x.week <= ? order by f.made desc, f.loaded desc, f.source, x.week`,
		int64(unit), disease, int64(from), int64(to))
	if err != nil {
		return nil, fmt.Errorf("forecasts of %v: %w", unit, err)
	}
	var out []layer
	for _, r := range rows {
		i := slices.IndexFunc(out, func(l layer) bool { return l.file.source == r.file.source })
		if i < 0 {
			if len(out) == layersShown {
				continue
			}
			i, out = len(out), append(out, layer{file: r.file, points: map[vn.Date]forecast{}})
		}
		if out[i].file.id == r.file.id {
			out[i].points[r.week] = r.forecast
		}
	}
	return out, nil
}
