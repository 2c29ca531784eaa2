// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mach/issue"
	"mach/store"
)

// Change replaces what an administrator may change of a client: its names,
// addresses, keys and scopes. Its kind and as whom a service works stay: on them
// stands what people agreed to. Scopes that are taken away end at once, in
// tokens already given too, and come back only when people agree anew. A
// confidential client that loses its keys gets a secret, shown once; one that
// gets keys loses its secret. Errors: those of Get and Register, BusinessRule (it
// was switched off).
func (c *Clients) Change(ctx context.Context, by store.Actor, n Client) (Client, string, error) {
	was, err := c.Get(ctx, by, n.ID)
	if err != nil {
		return Client{}, "", err
	}
	if !was.Open() {
		return Client{}, "", issue.New(issue.BusinessRule, "access.client.closed")
	}
	now := was
	now.Name, now.Vendor, now.Redirects, now.Launch, now.Origins = n.Name, n.Vendor, n.Redirects, n.Launch, n.Origins
	now.Keys, now.KeysURL, now.Scopes = n.Keys, n.KeysURL, n.Scopes
	if err := c.check(now); err != nil {
		return Client{}, "", err
	}
	secret := now.proof()
	changed := changes(was, now)
	if len(changed) == 0 {
		return now, "", nil
	}
	if err := c.note(ctx, by, ActClient, store.Labels{Type: "Client", ID: n.ID}, true, clip("change "+strings.Join(changed, ", "), 500)); err != nil {
		return Client{}, "", err
	}
	return now, secret, c.update(ctx, now)
}

// proof sees to it that a confidential client has keys or else a secret, and
// returns the secret that it made.
func (c *Client) proof() string {
	keyed := c.Kind != ClientConfidential || c.Keys != "" || c.KeysURL != ""
	secret := ""
	if keyed {
		c.secret = ""
	} else if c.secret == "" {
		secret, c.secret = newSecret()
	}
	c.HasSecret = c.secret != ""
	return secret
}

// changes names what differs, for the audit: of scopes also which were taken
// away.
func changes(was, now Client) []string {
	var out []string
	for _, f := range []struct {
		name string
		same bool
	}{
		{"name", was.Name == now.Name}, {"vendor", was.Vendor == now.Vendor}, {"redirects", slices.Equal(was.Redirects, now.Redirects)},
		{"launch", was.Launch == now.Launch}, {"origins", slices.Equal(was.Origins, now.Origins)}, {"keys", was.Keys == now.Keys},
		{"keys_url", was.KeysURL == now.KeysURL}, {"secret", was.secret == now.secret}, {"scopes", slices.Equal(was.Scopes, now.Scopes)},
	} {
		if !f.same {
			out = append(out, f.name)
		}
	}
	for _, s := range was.Scopes {
		if !slices.Contains(now.Scopes, s) {
			out = append(out, "-"+s)
		}
	}
	return out
}

// within leaves of scopes those that the client may still have.
func (c Client) within(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return !slices.Contains(c.Scopes, s) && !c.May(s) })
}

// update writes what may change, and narrows what people gave to what is left:
// a grant of which nothing is left ends, one that may not outlive the session
// any more goes with it.
func (c *Clients) update(ctx context.Context, n Client) error {
	err := c.db.In(ctx, func(tx store.Tx) error {
		if err := tx.Exec(ctx, `update access_client set name = ?, vendor = ?, secret = ?, redirects = ?, launch = ?, origins = ?, keys = ?, keys_url = ?, scopes = ? where id = ?`,
			n.Name, n.Vendor, n.secret, strings.Join(n.Redirects, " "), n.Launch, strings.Join(n.Origins, " "), n.Keys, n.KeysURL, strings.Join(n.Scopes, " "), n.ID); err != nil {
			return err
		}
		var given []string // as few as people chose differently
		err := tx.Rows(ctx, `select distinct scopes from access_grant where client = ? and ended = 0`, []any{n.ID}, func(scan func(...any) error) error {
			var s string
			err := scan(&s)
			given = append(given, s)
			return err
		})
		for _, s := range given {
			left := n.within(strings.Fields(s))
			if err != nil || strings.Join(left, " ") == s {
				continue
			}
			offline, ended := 0, int64(0)
			if slices.Contains(left, ScopeOffline) {
				offline = 1
			}
			if !slices.ContainsFunc(left, GivesSomething) {
				ended = micro(c.now())
			}
			err = tx.Exec(ctx, `update access_grant set scopes = ?, offline = ?, ended = ? where client = ? and scopes = ? and ended = 0`, strings.Join(left, " "), offline, ended, n.ID, s)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("changing a client: %w", err)
	}
	return nil
}
