// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"strings"

	"mach/content"
	"mach/vn"
	"mach/web"
)

// words puts calls into the reader's language: the title how much, a line for
// each place with how much there. Announcements, and calls that were kept as
// sentences, say what they say.
func (m *Module) words(ctx context.Context, list []Notice) {
	for i := range list {
		n := &list[i]
		if n.Told.What == "" {
			continue
		}
		say := func(key string, args ...any) string { return web.T(ctx, "escalation."+n.Told.What+"."+key, args...) }
		n.Title = say("title", n.Told.Many)
		if len(n.Told.Places) == 1 {
			n.Title += " · " + m.placeName(ctx, n.Told.Places[0], vn.DateOf(n.At))
		}
		var lines []string
		for _, p := range n.Told.Places {
			lines = append(lines, say("line", m.placeName(ctx, p, vn.DateOf(n.At)), p.Many))
		}
		n.Body = strings.Join(append(lines, say("todo")), "\n")
	}
}

func (m *Module) placeName(ctx context.Context, p Place, on vn.Date) string {
	u, _ := m.units.Get(p.Unit)
	if p.Disease == "" {
		return u.Full()
	}
	return diseaseName(ctx, p.Disease, on) + ", " + u.Full()
}

// diseaseName is the name of a disease or of a syndrome of the day.
func diseaseName(ctx context.Context, id string, on vn.Date) string {
	if d, ok := content.Diseases().ByID(id); ok {
		return d.Name.In(web.LangOf(ctx))
	}
	for _, s := range content.Syndromes(on) {
		if s.ID == id {
			return s.Name.In(web.LangOf(ctx))
		}
	}
	return id
}
