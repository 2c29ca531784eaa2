// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"mach/access"
	"mach/store"
	"mach/vn"
)

// accountCmd opens the first door of a real installation: an administrator,
// who makes the other accounts on the page /tai-khoan/quan-ly.
type accountCmd struct {
	Config
	Login string `required:"" help:"Name to sign in with."`
	Name  string `required:"" help:"Full name, as the access log shows it."`
	Role  string `default:"administrator" enum:"administrator,access-reviewer,ministry,department,cdc" help:"Role of the account, one that oversees a unit: ${enum}."`
	Unit  string `default:"VN" help:"Code of the unit it oversees; VN for the nation."`
}

// Run prints the sign-in once: {"login","password","totp_secret"}. The password
// is made here, so that none is ever typed into a shell's history.
func (c *accountCmd) Run(ctx context.Context, s Streams) error {
	a, err := Open(ctx, c.Config, s.Err)
	if err != nil {
		return err
	}
	unit, ok := a.Units.Get(vn.Nation)
	if c.Unit != "VN" {
		unit, ok = a.Units.ByCode(c.Unit, vn.DateOf(now()))
	}
	if !ok {
		return errors.Join(fmt.Errorf("%w: no unit %s today", ErrUsage, c.Unit), a.Close())
	}
	role, password := store.Role(c.Role), rand.Text()[:20]
	_, secret, err := a.Access.Accounts.Add(ctx, system(), access.NewAccount{
		Login: c.Login, Name: c.Name, Password: password, Code: a.Access.Accounts.NeedsCode(role), Lang: "vi",
	}, access.Assignment{Role: role, FacilityName: unit.Full(), Unit: unit.ID})
	if err == nil {
		err = json.NewEncoder(s.Out).Encode(map[string]string{"login": c.Login, "password": password, "totp_secret": secret})
	}
	return errors.Join(inWords(err), a.Close())
}
