// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mach/issue"
	"mach/store"
)

// grantRow is a row of access_grant.
type grantRow struct {
	id, client, account, assignment, session string
	patient, encounter, scopes               string
	offline                                  bool
	made, used, ended                        time.Time
}

func (a *Apps) grant(ctx context.Context, id string) (g grantRow, ok bool, err error) {
	var offline int
	var made, used, ended int64
	ok, err = a.db.Row(ctx, []any{&g.id, &g.client, &g.account, &g.assignment, &g.session, &offline, &g.patient, &g.encounter, &g.scopes, &made, &used, &ended},
		`select id, client, account, assignment, session, offline, patient, encounter, scopes, made, used, ended from access_grant where id = ?`, id)
	if err != nil {
		return g, false, fmt.Errorf("reading a grant: %w", err)
	}
	g.offline, g.made, g.used, g.ended = offline != 0, fromMicro(made), fromMicro(used), fromMicro(ended)
	return g, ok, nil
}

func (a *Apps) endGrant(ctx context.Context, id string) error {
	now := micro(a.now())
	err := a.db.In(ctx, func(tx store.Tx) error {
		err := tx.Exec(ctx, `update access_grant set ended = ? where id = ? and ended = 0`, now, id)
		if err == nil {
			err = tx.Exec(ctx, `update access_token set ended = ? where app_grant = ? and ended = 0`, now, id)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("ending a grant: %w", err)
	}
	return nil
}

// Given is what one's own account gave an application.
type Given struct {
	ID             string
	Client, Vendor string // names
	Role           store.Role
	Place          string // facility or ward of the role
	Patient        string // the record at hand, "" = none
	Scopes         []string
	Offline        bool // it works when nobody is signed in
	Made, Used     time.Time
}

// Mine lists what the account gave and has not taken back, latest first, at
// most a hundred. What ended with its session is not among it.
func (a *Apps) Mine(ctx context.Context, by store.Actor) ([]Given, error) {
	var out []Given
	err := a.rows(ctx, "reading grants", func(scan func(...any) error) error {
		var g Given
		var role, scopes string
		var offline int
		var made, used int64
		err := scan(&g.ID, &g.Client, &g.Vendor, &role, &g.Place, &g.Patient, &scopes, &offline, &made, &used)
		g.Role, g.Scopes, g.Offline, g.Made, g.Used = store.Role(role), strings.Fields(scopes), offline != 0, fromMicro(made), fromMicro(used)
		out = append(out, g)
		return err
	}, `select g.id, c.name, c.vendor, r.role, r.facility_name, g.patient, g.scopes, g.offline, g.made, g.used
		from access_grant g join access_client c on c.id = g.client join access_assignment r on r.id = g.assignment
		left join access_session s on s.id = g.session
		where g.account = ? and g.ended = 0 and (g.offline = 1 or s.ended = 0 and s.expires > ?) order by g.made desc, g.id limit 100`, by.Account, micro(a.now()))
	return out, err
}

// Take takes back what one's own account gave. Error: NotFound.
func (a *Apps) Take(ctx context.Context, by store.Actor, id string) error {
	g, ok, err := a.grant(ctx, id)
	if err != nil {
		return err
	}
	if !ok || g.account != by.Account || by.Account == "" || by.Scopes != nil {
		return issue.New(issue.NotFound, "access.not_found")
	}
	if !g.ended.IsZero() {
		return nil
	}
	if err := a.endGrant(ctx, id); err != nil {
		return err
	}
	return a.note(ctx, by, ActTakeBack, store.Labels{Type: "App", ID: id, Patient: g.patient}, true, g.client)
}

// Public returns the id of the public client that a refresh token was given
// to, "" for any other: SMART App Launch 2.2, section 2.0.13, lets such a client
// refresh without naming itself.
func (a *Apps) Public(ctx context.Context, refresh string) (string, error) {
	var id string
	_, err := a.db.Row(ctx, []any{&id}, `select c.id from access_refresh r join access_grant g on g.id = r.app_grant join access_client c on c.id = g.client
		where r.hash = ? and c.kind = ?`, hashSecret(refresh), ClientPublic)
	if err != nil {
		return "", fmt.Errorf("looking for a client: %w", err)
	}
	return id, nil
}

// Introspect tells a client about a token of its own (RFC 7662); not ok for
// any other.
func (a *Apps) Introspect(ctx context.Context, c Client, token string) (Issued, bool, error) {
	who, err := a.tokens.Bearer(ctx, token)
	if issue.Is(err, issue.Login) {
		return Issued{}, false, nil
	}
	if err != nil {
		return Issued{}, false, err
	}
	var of, grant string
	var expires int64
	ok, err := a.db.Row(ctx, []any{&of, &grant, &expires}, `select client, app_grant, expires from access_token where hash = ?`, hashSecret(token))
	if err != nil || !ok || of != c.ID {
		return Issued{}, false, err
	}
	out := Issued{Life: fromMicro(expires).Sub(a.now()), Scopes: who.Scopes, Client: of, Actor: who, At: At{Patient: who.Record}}
	if grant != "" {
		g, _, err := a.grant(ctx, grant)
		if err != nil {
			return Issued{}, false, err
		}
		out.Account, out.At.Encounter = g.account, g.encounter
	}
	return out, true, nil
}

// Revoke ends a token of the client (RFC 7009): a refresh token with all that
// stands beside it. A token that is not the client's is left alone, silently.
func (a *Apps) Revoke(ctx context.Context, c Client, token string) error {
	var grant string
	ok, err := a.db.Row(ctx, []any{&grant}, `select g.id from access_refresh r join access_grant g on g.id = r.app_grant where r.hash = ? and g.client = ? and g.ended = 0`, hashSecret(token), c.ID)
	if err != nil {
		return fmt.Errorf("revoking a token: %w", err)
	}
	who := store.Actor{Account: clientAccount + c.ID, Name: c.Name}
	if ok {
		if err := a.endGrant(ctx, grant); err != nil {
			return err
		}
		return a.note(ctx, who, ActToken, store.Labels{Type: "App", ID: grant}, true, "revoke")
	}
	if err := a.exec(ctx, "revoking a token", `update access_token set ended = ? where hash = ? and client = ? and client <> '' and ended = 0`, micro(a.now()), hashSecret(token), c.ID); err != nil {
		return err
	}
	return a.note(ctx, who, ActToken, store.Labels{Type: "Client", ID: c.ID}, true, "revoke")
}
