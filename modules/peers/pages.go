// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"strconv"
	"strings"
	"time"

	"mach/store"
	"mach/vn"
	"mach/web"
	"mach/web/components/field"
	"mach/web/components/table"
	"mach/web/components/tag"
	"mach/web/components/worklist"
)

// addressable are the roles an announcement may be meant for.
var addressable = []store.Role{
	store.Receptionist, store.Nurse, store.Doctor, store.Midwife, store.Pharmacist, store.ImmunisationOff,
	store.VillageWorker, store.StationDirector, store.HospitalReporter, store.Coordinator, store.Expert,
	store.CDC, store.Department, store.PrivateClinic,
}

func noticeRows(ctx context.Context, p inboxData) []worklist.Row {
	rows := make([]worklist.Row, len(p.Notices))
	for i, n := range p.Notices {
		r := worklist.Row{
			ID: "n-" + n.ID, Lead: web.Ago(ctx, n.At), Name: n.Title, Href: "/mang/thong-bao/" + n.ID, Meta: senderOf(ctx, n),
			Action: web.Link{Text: web.T(ctx, "peers.open"), Href: "/mang/thong-bao/" + n.ID},
		}
		switch {
		case n.Mine && !n.Acked.IsZero():
			r.State, r.Tone = web.T(ctx, "peers.state.acked"), tag.Good
		case n.Mine && !n.Call && p.Now.After(n.Due):
			r.State, r.Tone = web.T(ctx, "peers.state.overdue"), tag.Danger
		case n.Mine:
			r.State, r.Tone, r.Primary = web.T(ctx, "peers.state.waiting"), tag.Warning, i == 0
			r.Action.Text = web.T(ctx, "peers.read")
		default:
			r.State, r.Tone = web.T(ctx, "peers.state.sent", n.Addressed), tag.Plain
		}
		rows[i] = r
	}
	return rows
}

func senderOf(ctx context.Context, n Notice) string {
	if n.Call {
		return web.T(ctx, "peers.call.sender")
	}
	return n.Sender
}

func unitOptions(units []vn.Unit) []field.Option {
	out := make([]field.Option, len(units))
	for i, u := range units {
		out[i] = field.Option{Value: strconv.Itoa(int(u.ID)), Text: u.Full()}
	}
	return out
}

func roleOptions(ctx context.Context) []field.Option {
	out := make([]field.Option, len(addressable))
	for i, r := range addressable {
		out[i] = field.Option{Value: string(r), Text: web.RoleName(ctx, r)}
	}
	return out
}

func rolesInWords(ctx context.Context, roles []store.Role) string {
	if len(roles) == 0 {
		return web.T(ctx, "peers.everybody")
	}
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = web.RoleName(ctx, r)
	}
	return strings.Join(names, ", ")
}

func paragraphs(body string) []string {
	var out []string
	for line := range strings.SplitSeq(body, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func total(list []Progress) int {
	n := 0
	for _, p := range list {
		n += p.Addressed
	}
	return n
}

func progressRows(ctx context.Context, list []Progress) [][]table.Cell {
	rows := make([][]table.Cell, len(list))
	for i, p := range list {
		rows[i] = []table.Cell{
			{Text: p.Unit.Full()}, {Text: web.Int(ctx, p.Addressed)}, {Text: web.Int(ctx, p.Acked)},
			{Text: web.Int(ctx, p.Addressed-p.Acked), Strong: p.Addressed > p.Acked},
		}
	}
	return rows
}

// missingShown is how many names a page lists; the count is always exact.
const missingShown = 1000

// missingRows lists those missing by facility, in the order they come.
func missingRows(ctx context.Context, list []Missing) [][]table.Cell {
	names, order := map[string][]string{}, []string{}
	for _, m := range list[:min(len(list), missingShown)] {
		if names[m.Place] == nil {
			order = append(order, m.Place)
		}
		names[m.Place] = append(names[m.Place], m.Name)
	}
	rows := make([][]table.Cell, len(order))
	for i, place := range order {
		rows[i] = []table.Cell{{Text: place}, {Text: strings.Join(names[place], ", ")}, {Text: web.Int(ctx, len(names[place]))}}
	}
	return rows
}

// dueWords is the limit as people say it: the end of a day, or a time.
func dueWords(ctx context.Context, due time.Time) string {
	if due = due.In(vn.Zone); due.Hour() == 0 && due.Minute() == 0 {
		return web.T(ctx, "peers.due.day", web.Date(ctx, vn.DateOf(due.Add(-time.Minute))))
	}
	return web.DateTime(ctx, due)
}
