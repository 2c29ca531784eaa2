// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"net/http"
	"reflect"

	"mach/issue"
	"mach/web"
	"mach/web/components/table"
)

// replayData is the page on which what an alert rests on is computed again.
type replayData struct {
	alertData
	Parts []replayPart // the verdict, and for who answers for the nation the scan
}

// replayPart is one of these.
type replayPart struct {
	Title string
	Hash  string // of the settings
	Same  bool
	Rows  [][3]string // what, as it was found, as it is computed now
}

func (m *Module) replayPage(w http.ResponseWriter, r *http.Request) error {
	of, err := m.alertData(r, web.Blank(r))
	if err != nil {
		return err
	}
	p, ctx, a := replayData{alertData: of}, r.Context(), web.Actor(r)
	if of.Sighted != nil && of.Sighted.Verdict != nil {
		was := *of.Sighted.Verdict
		now, err := m.ReplaySyndrome(ctx, a, was)
		if err != nil {
			return err
		}
		p.Parts = append(p.Parts, replayPart{web.T(ctx, "detection.replay.table"), was.Settings, was == now, paired(syndromeFigures(ctx, was), syndromeFigures(ctx, now))})
	}
	if of.Verdict != nil {
		was := *of.Verdict
		now, err := m.Replay(ctx, a, was)
		if err != nil {
			return err
		}
		p.Parts = append(p.Parts, replayPart{web.T(ctx, "detection.replay.table"), was.Settings, was == now, paired(verdictFigures(ctx, was), verdictFigures(ctx, now))})
	}
	if of.Rescans {
		was := *of.Cluster
		now, err := m.Rescan(ctx, a, was)
		if err != nil && !issue.Is(err, issue.NotFound) {
			return err
		}
		figures := clusterFigures(ctx, now)
		if err != nil { // not found again: that is what the page is for
			for i := range figures {
				figures[i][1] = "–"
			}
		}
		p.Parts = append(p.Parts, replayPart{web.T(ctx, "detection.rule.cluster"), was.Settings, err == nil && reflect.DeepEqual(was, now), paired(clusterFigures(ctx, was), figures)})
	}
	if len(p.Parts) == 0 {
		return issue.New(issue.NotFound, "detection.verdict.none")
	}
	return web.Render(w, r, replayPage(p))
}

// replayable reports whether the alert rests on a verdict that is kept.
func (p alertData) replayable() bool {
	return p.Verdict != nil || p.Sighted != nil && p.Sighted.Verdict != nil || p.Rescans
}

// verdictFigures are the figures of a verdict by name.
func verdictFigures(ctx context.Context, v Verdict) [][2]string {
	return [][2]string{
		{web.T(ctx, "detection.basis.method"), methodWords(ctx, v.Method)},
		{web.T(ctx, "detection.fact.cases"), web.Int(ctx, v.Observed)},
		{web.T(ctx, "detection.fact.expected"), web.Number(ctx, v.Expected, 4)},
		{web.T(ctx, "detection.replay.bound"), web.Number(ctx, v.Bound, 4)},
		{web.T(ctx, "detection.replay.p"), once(ctx, v.P)},
		{web.T(ctx, "detection.replay.chance"), once(ctx, v.Chance)},
		{web.T(ctx, "detection.replay.alarm"), yes(ctx, v.Alarm)},
		{web.T(ctx, "detection.replay.reporting"), web.T(ctx, "detection.replay.of", v.Reporting, v.Expecting)},
	}
}

func syndromeFigures(ctx context.Context, v SyndromeVerdict) [][2]string {
	return [][2]string{
		{web.T(ctx, "detection.syndrome.cases"), web.Int(ctx, v.Cases)},
		{web.T(ctx, "detection.replay.visits"), web.Int(ctx, v.Visits)},
		{web.T(ctx, "detection.replay.share"), web.Number(ctx, v.Expected, 4)},
		{web.T(ctx, "detection.replay.usual"), web.Number(ctx, v.Usual, 4)},
		{web.T(ctx, "detection.replay.bound"), web.Number(ctx, v.Bound, 4)},
		{web.T(ctx, "detection.replay.chance"), once(ctx, v.Chance)},
		{web.T(ctx, "detection.replay.alarm"), yes(ctx, v.Alarm)},
		{web.T(ctx, "detection.replay.reporting"), web.T(ctx, "detection.replay.of", v.Reporting, v.Expecting)},
	}
}

func clusterFigures(ctx context.Context, c Cluster) [][2]string {
	return [][2]string{
		{web.T(ctx, "detection.replay.communes"), web.Int(ctx, len(c.Units))},
		{web.T(ctx, "detection.replay.radius"), web.Number(ctx, c.Radius, 4)},
		{web.T(ctx, "detection.replay.days"), web.T(ctx, "detection.replay.span", web.Date(ctx, c.From()), web.Date(ctx, c.Day))},
		{web.T(ctx, "detection.fact.cases"), web.Int(ctx, c.Cases)},
		{web.T(ctx, "detection.replay.expected"), web.Number(ctx, c.Expected, 4)},
		{web.T(ctx, "detection.replay.ratio"), web.Number(ctx, c.Ratio, 4)},
		{web.T(ctx, "detection.replay.random"), once(ctx, c.P)},
	}
}

// once is a probability as people read it.
func once(ctx context.Context, p float64) string {
	return web.T(ctx, "detection.replay.once", chance(ctx, p))
}

func yes(ctx context.Context, b bool) string {
	if b {
		return web.T(ctx, "detection.replay.yes")
	}
	return web.T(ctx, "detection.replay.no")
}

// methodWords names a method; a verdict that none gave has a dash.
func methodWords(ctx context.Context, method string) string {
	if method == "" {
		return "–"
	}
	return web.T(ctx, "detection.method."+method)
}

// paired lays two lists of the same figures beside each other.
func paired(was, now [][2]string) [][3]string {
	out := make([][3]string, len(was))
	for i := range was {
		out[i] = [3]string{was[i][0], was[i][1], now[i][1]}
	}
	return out
}

func replayTable(ctx context.Context, p replayPart) table.Props {
	t := table.Props{Caption: p.Title, Hidden: true, First: true, Stack: true,
		Cols: []table.Col{{Head: web.T(ctx, "detection.replay.col.what"), Wide: true}, {Head: web.T(ctx, "detection.replay.col.was"), Num: true}, {Head: web.T(ctx, "detection.replay.col.now"), Num: true}}}
	for _, r := range p.Rows {
		t.Rows = append(t.Rows, table.Text(r[:]...))
	}
	return t
}
