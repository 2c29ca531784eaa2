// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"fmt"
	"strings"

	"mach/store"
	"mach/vn"
)

const clientColumns = `id, name, vendor, kind, secret, redirects, launch, origins, keys, keys_url, scopes, role, facility, facility_name, unit, made, ended`

func (c *Clients) insert(ctx context.Context, n Client, by string) error {
	return c.exec(ctx, "registering a client", `insert into access_client (`+clientColumns+`, made_by) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		n.ID, n.Name, n.Vendor, n.Kind, n.secret, strings.Join(n.Redirects, " "), n.Launch, strings.Join(n.Origins, " "), n.Keys, n.KeysURL,
		strings.Join(n.Scopes, " "), string(n.Role), n.Facility, n.FacilityName, int64(n.Unit), micro(n.Made), micro(n.Ended), by)
}

func (c *Clients) clients(ctx context.Context, where string, args ...any) ([]Client, error) {
	var out []Client
	err := c.rows(ctx, "reading clients", func(scan func(...any) error) error {
		var n Client
		var redirects, origins, scopes, role string
		var unit, made, ended int64
		err := scan(&n.ID, &n.Name, &n.Vendor, &n.Kind, &n.secret, &redirects, &n.Launch, &origins, &n.Keys, &n.KeysURL, &scopes, &role,
			&n.Facility, &n.FacilityName, &unit, &made, &ended)
		n.Redirects, n.Origins, n.Scopes = strings.Fields(redirects), strings.Fields(origins), strings.Fields(scopes)
		n.Role, n.Unit, n.Made, n.Ended, n.HasSecret = store.Role(role), vn.UnitID(unit), fromMicro(made), fromMicro(ended), n.secret != ""
		out = append(out, n)
		return err
	}, `select `+clientColumns+` from access_client where `+where+` order by ended, name, id`, args...)
	return out, err
}

func (c *Clients) byID(ctx context.Context, id string) (Client, bool, error) {
	all, err := c.clients(ctx, "id = ?", id)
	if err != nil || len(all) == 0 {
		return Client{}, false, err
	}
	return all[0], true, nil
}

// end switches a client off with everything that stands on it.
func (c *Clients) end(ctx context.Context, id string) error {
	now := micro(c.now())
	err := c.db.In(ctx, func(tx store.Tx) error {
		for _, sql := range []string{
			`update access_client set ended = ?, secret = '' where id = ? and ended = 0`,
			`update access_grant set ended = ? where client = ? and ended = 0`,
			`update access_token set ended = ? where client = ? and ended = 0`,
		} {
			if err := tx.Exec(ctx, sql, now, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("switching a client off: %w", err)
	}
	return nil
}
