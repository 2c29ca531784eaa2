// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"strings"
	"time"

	"mach/vn"
	"mach/web"
	"mach/web/components/table"
	"mach/web/components/tag"
)

// clusterWords say what a cluster is, in a sentence.
func clusterWords(ctx context.Context, c Cluster, names map[vn.UnitID]vn.Unit) string {
	if c.Others > 0 {
		return web.T(ctx, "detection.cluster.part", unitName(ctx, names[c.Centre]), len(c.Units)-1+c.Others, diseaseName(ctx, c.Disease), c.Days, web.Date(ctx, c.From()), web.Date(ctx, c.Day))
	}
	key := "detection.cluster.many"
	if len(c.Units) == 1 {
		key = "detection.cluster.one"
	}
	return web.T(ctx, key, len(c.Units), unitName(ctx, names[c.Centre]), c.Cases, diseaseName(ctx, c.Disease), c.Days, web.Date(ctx, c.From()), web.Date(ctx, c.Day), web.Number(ctx, c.Expected, 1))
}

// mostMembers is how many communes of a cluster are named.
const mostMembers = 12

// clusterMembers name its communes, as far as the reader may see them.
func clusterMembers(ctx context.Context, c Cluster, names map[vn.UnitID]vn.Unit) string {
	var list []string
	for _, u := range c.Units[:min(len(c.Units), mostMembers)] {
		list = append(list, unitName(ctx, names[u]))
	}
	if more := len(c.Units) - len(list) + c.Others; more > 0 {
		return web.T(ctx, "detection.cluster.members.more", strings.Join(list, ", "), more)
	}
	return web.T(ctx, "detection.cluster.members", strings.Join(list, ", "))
}

// rarity says how long it takes until such a cluster comes by chance.
func rarity(ctx context.Context, c Cluster) string {
	switch {
	case c.Recurrence < 1000:
		return web.T(ctx, "detection.cluster.rare.days", int(c.Recurrence))
	case c.Recurrence < 36500:
		return web.T(ctx, "detection.cluster.rare.years", int(c.Recurrence/365))
	}
	return web.T(ctx, "detection.cluster.rare.never")
}

func clusterTable(ctx context.Context, p inboxData) table.Props {
	t := table.Props{Caption: web.T(ctx, "detection.clusters", web.Date(ctx, p.Scanned)), Hidden: true, First: true, Stack: true,
		Empty: web.T(ctx, "detection.clusters.none", web.Date(ctx, p.Scanned)),
		Cols:  []table.Col{{Head: web.T(ctx, "detection.col.cluster"), Wide: true}, {Head: web.T(ctx, "detection.col.rarity")}, {Head: web.T(ctx, "detection.col.alert")}}}
	for _, c := range p.Clusters {
		told := table.Cell{Text: web.T(ctx, "detection.cluster.untold")}
		switch {
		case c.Alert != "":
			told = table.Cell{Text: web.T(ctx, "detection.open"), Href: pathOf(c.Alert)}
		case c.Elsewhere:
			told = table.Cell{Text: web.T(ctx, "detection.cluster.elsewhere")}
		}
		t.Rows = append(t.Rows, []table.Cell{{Text: clusterWords(ctx, c, p.names)}, {Text: rarity(ctx, c)}, told})
	}
	return t
}

// nightLate is how old the latest full run may be.
const nightLate = 36 * time.Hour

// nightWords say what the full run of the night found: the health of the system.
func nightWords(ctx context.Context, n *Night, now time.Time) (tag.Tone, string) {
	switch {
	case n == nil:
		return tag.Plain, web.T(ctx, "detection.night.none")
	case now.Sub(n.At) > nightLate:
		return tag.Warning, web.T(ctx, "detection.night.late", web.DateTime(ctx, n.At))
	case n.Cells > 0:
		return tag.Warning, web.T(ctx, "detection.night.cells", web.DateTime(ctx, n.At), n.Cells, n.Series, n.Differ)
	case n.Cells == unchecked:
		return tag.Info, web.T(ctx, "detection.night.unchecked", web.DateTime(ctx, n.At), n.Series, n.Differ)
	case n.Differ > 0:
		return tag.Info, web.T(ctx, "detection.night.differ", web.DateTime(ctx, n.At), n.Series, n.Differ)
	}
	return tag.Good, web.T(ctx, "detection.night.same", web.DateTime(ctx, n.At), n.Series, n.Scans)
}
