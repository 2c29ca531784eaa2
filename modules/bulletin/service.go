// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"context"
	"time"

	"mach/content"
	"mach/store"
	"mach/vn"
)

// Module draws, counts and prints. It is safe for concurrent use.
type Module struct {
	store    *store.Store
	units    *vn.Units
	diseases *content.DiseaseList
	law      *content.Law
	now      func() time.Time
	alerts   Alerts
	clusters Clusters
	decided  Decided // nil: nobody decides settings
	maps     *content.Maps
}

// Alert is what the bulletin says of an alert of the detection.
type Alert struct {
	Disease string
	Unit    vn.UnitID
	Opened  vn.Date
	Cases   int
	Why     string // message key of the rule that opened it
	Answer  string // message key of the answer; "" = nobody has answered
	Href    string // its page
}

// Alerts lists the alerts opened in a unit and below it on the days from … to,
// the gravest first.
type Alerts func(ctx context.Context, a store.Actor, unit vn.UnitID, from, to vn.Date) ([]Alert, error)

// Cluster is an area and a span of days with more cases than expected, as the
// map rings it.
type Cluster struct {
	Units      []vn.UnitID // that the reader may see
	Others     int         // places of it that they may not; then no figures either
	From, To   vn.Date
	Cases      int
	Expected   float64
	Recurrence float64 // days until such a one comes by chance
}

// Clusters lists what the latest scan until a day found of a disease that touches
// the unit, the rarest first; ok: there was one in the week until then.
type Clusters func(ctx context.Context, a store.Actor, unit vn.UnitID, disease string, on vn.Date) (list []Cluster, ok bool, err error)

// New prepares the module. alerts may be nil: then bulletins tell the signals
// of their own counts; clusters may be: then maps have no rings.
func New(s *store.Store, units *vn.Units, diseases *content.DiseaseList, law *content.Law, alerts Alerts, clusters Clusters, now func() time.Time) *Module {
	return &Module{store: s, units: units, diseases: diseases, law: law, alerts: alerts, clusters: clusters, now: now, maps: content.NewMaps(units)}
}

// Decided are the settings of the detection in a unit, of a disease or of "" =
// all: as they were decided for a day.
type Decided func(ctx context.Context, unit vn.UnitID, disease string) (func(d content.Disease, on vn.Date) content.DetectionRule, error)

// JudgeBy names who knows what was decided. Call it before serving. Without it the
// default settings hold.
func (m *Module) JudgeBy(d Decided) { m.decided = d }

func (m *Module) rules(ctx context.Context, unit vn.UnitID, disease string) (func(d content.Disease, on vn.Date) content.DetectionRule, error) {
	if m.decided == nil {
		return m.law.Detection, nil
	}
	return m.decided(ctx, unit, disease)
}

// Draw makes maps show borders where there are any. Call it before serving.
func (m *Module) Draw(b content.Borders) { m.maps.Draw(b) }

// open leaves out the diseases of the closed desk.
func (m *Module) open(on vn.Date) []content.Disease {
	var out []content.Disease
	for _, d := range m.diseases.List(on) {
		if !d.Closed {
			out = append(out, d)
		}
	}
	return out
}

// codeNation stands for the nation, which has no code, in addresses and exports.
const codeNation = "VN"

// codeOf is the code of a unit in addresses and exports.
func codeOf(u vn.Unit) string {
	if u.ID == vn.Nation {
		return codeNation
	}
	return u.Code
}

// coded finds a unit by that code.
func (m *Module) coded(code string, on vn.Date) (vn.Unit, bool) {
	if code == codeNation {
		return m.units.Get(vn.Nation)
	}
	return m.units.ByCode(code, on)
}
