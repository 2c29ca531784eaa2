// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mach/content"
	"mach/issue"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// Cluster is an area and a span of days with more cases of a disease than where
// and when the other cases fell lets expect.
type Cluster struct {
	Disease         string
	Day             vn.Date     // last of it: that of the scan
	Place           int         // 0 is the most likely of its night
	Position        int64       // of the log, that it rests on
	Settings        string      // hash
	Centre, Lead    vn.UnitID   // Lead has the most cases above the expected
	Units           []vn.UnitID // ascending
	Radius          float64     // km
	Days            int
	Cases           int
	Expected, Ratio float64 // Ratio is the logarithm of the likelihood ratio
	P               float64
	Recurrence      float64 // days until such a one comes by chance
	Alert           string  // key; "" = none
	Others          int     `json:"-"` // places of it that the reader may not see; then no figures either
	Elsewhere       bool    `json:"-"` // its alert is of one of them
}

// From is its first day.
func (c Cluster) From() vn.Date { return c.Day.AddDays(1 - c.Days) }

// scanner scans the diseases of one day.
type scanner struct {
	*Module
	zones *outbreak.Zones
	rule  content.ScanRule
	on    vn.Date
}

func (m *Module) scanner(on vn.Date, rule content.ScanRule) *scanner {
	s := &scanner{Module: m, rule: rule, on: on}
	at := make([]outbreak.Position, len(m.land.communes))
	for i, c := range m.land.communes {
		lon, lat := c.Lon, c.Lat
		if p, ok := m.units.Get(c.Parent); ok && !c.Located() {
			lon, lat = p.Lon, p.Lat
		}
		at[i] = outbreak.Position{X: lon, Y: lat}
	}
	s.zones = outbreak.NewZones(at, outbreak.Distance{EarthRadius: outbreak.EarthRadius}, outbreak.Reach{Radius: s.rule.RadiusKm, Places: s.rule.Nearest})
	return s
}

// scan looks for clusters of a disease as the ledger stands, without the cases
// of open foci. The same position and day give the same clusters, for ever.
func (s *scanner) scan(ctx context.Context, l ledger, disease string) ([]Cluster, error) {
	counts, fresh, err := s.counts(ctx, l, disease)
	if err != nil || fresh == 0 {
		return nil, err
	}
	o := outbreak.Nightly(disease, s.on)
	o.MaxPeriods, o.Replicates = s.rule.WindowDays, s.rule.Replicates
	r, err := outbreak.Scan(s.zones, counts, o)
	if err != nil {
		return nil, fmt.Errorf("scan of %s: %w", disease, err)
	}
	var out []Cluster
	for _, c := range r.Clusters {
		if c.Cases < s.rule.Fewest || c.P > mostP {
			continue
		}
		k := Cluster{Disease: disease, Day: s.on, Place: len(out), Position: l.seq, Settings: s.rule.Hash(), Centre: s.land.communes[c.Centre].ID,
			Radius: c.Radius, Days: c.Periods, Cases: c.Cases, Expected: c.Expected, Ratio: c.LLR, P: c.P, Recurrence: c.Recurrence}
		for _, at := range c.Places {
			k.Units = append(k.Units, s.land.communes[at].ID)
		}
		slices.Sort(k.Units)
		k.Lead = s.lead(counts, c)
		out = append(out, k)
	}
	return out, nil
}

// mostP is the least likely that a cluster may be to come by chance in a night
// and still be kept.
const mostP = 0.05

// counts are the cases by day and commune, and how many of them fell in the
// last window.
func (s *scanner) counts(ctx context.Context, l ledger, disease string) (c outbreak.Counts, fresh int, err error) {
	first, n := s.on.AddDays(1-s.rule.Days), len(s.land.communes)
	at := make(map[vn.UnitID]int, n)
	for i, u := range s.land.communes {
		at[u.ID] = i
	}
	foci, err := l.foci(ctx, place{disease: disease, unit: vn.Nation})
	if err != nil {
		return c, 0, err
	}
	c = outbreak.Counts{Periods: s.rule.Days, Cases: make([]int32, s.rule.Days*n)}
	err = l.rows(ctx, `select commune, day, focus, sum(change) from detection_ledger where disease = ? and day >= ? and day <= ? and commune <> 0 and seq <= ?
		 group by commune, day, focus having sum(change) <> 0`, []any{disease, int64(first), int64(s.on), l.seq}, func(scan func(...any) error) error {
		var unit, day, cases int64
		var focus string
		if err := scan(&unit, &day, &focus, &cases); err != nil {
			return err
		}
		i, ok := at[vn.UnitID(unit)]
		if !ok || foci.hold(vn.UnitID(unit), focus) {
			return nil
		}
		c.Cases[int(vn.Date(day)-first)*n+i] += int32(cases)
		if vn.Date(day) > s.on.AddDays(-s.rule.WindowDays) {
			fresh += int(cases)
		}
		return nil
	})
	return c, fresh, err
}

// lead is the commune of a cluster with the most cases above the expected: of
// its cases as many fall into the window as of all.
func (s *scanner) lead(c outbreak.Counts, of outbreak.Cluster) vn.UnitID {
	n, all, window := len(s.land.communes), 0.0, 0.0
	own, inside := make([]float64, len(of.Places)), make([]float64, len(of.Places))
	for i, cases := range c.Cases {
		late := i/n >= c.Periods-of.Periods
		all += float64(cases)
		if late {
			window += float64(cases)
		}
		if k, ok := slices.BinarySearch(of.Places, int32(i%n)); ok && cases > 0 {
			own[k] += float64(cases)
			if late {
				inside[k] += float64(cases)
			}
		}
	}
	best, most := 0, -1.0
	for k := range of.Places {
		if excess := inside[k] - own[k]*window/all; excess > most {
			best, most = k, excess
		}
	}
	return s.land.communes[of.Places[best]].ID
}

// Rescan looks again for what an old scan found, from the ledger as it stood
// and by the settings that it kept. It gives the same cluster, for ever.
// Errors: Forbidden for who may not see figures of the nation; NotFound when
// the settings are no more, or the cluster is not found again.
func (m *Module) Rescan(ctx context.Context, a store.Actor, c Cluster) (Cluster, error) {
	l, rule := m.asked(a, vn.Nation, c.Position), content.ScanRule{}
	if err := l.rule(ctx, c.Settings, &rule); err != nil {
		return Cluster{}, fmt.Errorf("a scan again: %w", err)
	}
	list, err := m.scanner(c.Day, rule).scan(ctx, l, c.Disease)
	if err != nil {
		return Cluster{}, err
	}
	if c.Place >= len(list) {
		return Cluster{}, issue.New(issue.NotFound, "detection.verdict.none")
	}
	list[c.Place].Alert = c.Alert
	return list[c.Place], nil
}

const clusterColumns = `c.disease, c.day, c.place, c.position, c.settings, c.centre, c.lead, c.units, c.radius, c.days, c.cases, c.expected, c.ratio, c.p, c.recurrence, c.alert`

func scanCluster(scan store.Scan) (Cluster, error) {
	var c Cluster
	var day, centre, lead int64
	var units string
	err := scan(&c.Disease, &day, &c.Place, &c.Position, &c.Settings, &centre, &lead, &units, &c.Radius, &c.Days, &c.Cases, &c.Expected, &c.Ratio, &c.P, &c.Recurrence, &c.Alert)
	c.Day, c.Centre, c.Lead = vn.Date(day), vn.UnitID(centre), vn.UnitID(lead)
	if err != nil {
		return c, err
	}
	c.Units, err = unitsIn(units)
	return c, err
}

func unitsIn(text string) (out []vn.UnitID, err error) {
	for f := range strings.FieldsSeq(text) {
		n, err := strconv.ParseInt(f, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("communes of a cluster %q: %w", text, err)
		}
		out = append(out, vn.UnitID(n))
	}
	return out, nil
}

func unitsText(units []vn.UnitID) string {
	var b []byte
	for i, u := range units {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendInt(b, int64(u), 10)
	}
	return string(b)
}

// clusterDays is how long the scan of a night says something.
const clusterDays = 7

// Clusters lists what the latest scan until a day found that touches the unit,
// the rarest first; disease "" is all. scanned is the day of that scan, vn.ZeroDate
// when there was none in the week until then.
// Errors: Forbidden for who may not see figures of the unit.
func (m *Module) Clusters(ctx context.Context, a store.Actor, unit vn.UnitID, disease string, on vn.Date) (list []Cluster, scanned vn.Date, err error) {
	nights, err := figures(ctx, m, a, unit, "night", scanNight, `select `+nightColumns+` from detection_night where day <= ? and day > ? order by day desc limit 1`,
		int64(on), int64(on.AddDays(-clusterDays)))
	if err != nil || len(nights) == 0 {
		return nil, vn.ZeroDate, err
	}
	where, args := ``, []any{int64(nights[0].Day)}
	if disease != "" {
		where, args = ` and c.disease = ?`, append(args, disease)
	}
	all, err := figures(ctx, m, a, unit, "clusters", scanCluster, `select `+clusterColumns+` from detection_cluster c where c.day = ?`+where, args...)
	for _, c := range all {
		if slices.ContainsFunc(c.Units, func(u vn.UnitID) bool { return m.units.Within(u, unit) }) {
			list = append(list, m.shown(a, c))
		}
	}
	slices.SortFunc(list, func(x, y Cluster) int {
		return cmp.Or(cmp.Compare(y.Recurrence, x.Recurrence), cmp.Compare(x.Disease, y.Disease), cmp.Compare(x.Place, y.Place))
	})
	return list, nights[0].Day, err
}

// clustersOf is the newest cluster of an alert, none or one.
func (m *Module) clustersOf(ctx context.Context, a store.Actor, alert Alert) ([]Cluster, error) {
	list, err := figures(ctx, m, a, alert.Unit, "cluster of an alert", scanCluster, `select `+clusterColumns+` from detection_cluster c where c.alert = ? order by c.day desc, c.place limit 1`, alert.Key)
	for i, c := range list {
		list[i] = m.shown(a, c)
	}
	return list, err
}

// shown is what the actor may see of a cluster: the places within the area that
// they answer for, and its figures only when all are.
func (m *Module) shown(a store.Actor, c Cluster) Cluster {
	own := a.Oversees(m.units)
	all := len(c.Units)
	c.Units = slices.DeleteFunc(c.Units, func(u vn.UnitID) bool { return !m.units.Within(u, own) })
	if c.Others = all - len(c.Units); c.Others == 0 {
		return c
	}
	c.Cases, c.Expected, c.Ratio, c.Radius = 0, 0, 0, 0
	if !slices.Contains(c.Units, c.Lead) {
		c.Lead = 0
	}
	if !slices.Contains(c.Units, c.Centre) {
		c.Centre = c.Lead
	}
	if c.Centre == 0 && len(c.Units) > 0 {
		c.Centre = c.Units[0]
	}
	if c.Alert != "" && !slices.ContainsFunc(c.Units, func(u vn.UnitID) bool { return m.codeOf(u) == strings.Split(c.Alert, "/")[1] }) {
		c.Alert, c.Elsewhere = "", true
	}
	return c
}
