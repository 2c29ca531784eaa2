// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"mach/i18n"
	"mach/store"
)

// Who says which sessions may open a route: Public, SignedIn, AnyStaff, or the
// sorted role names that [Roles] joins. It decides only which doors are shown;
// what stands behind them is decided by the store, row by row.
type Who string

// The open circles. AnyStaff is everybody signed in who is not a person or a
// guardian looking at a health book.
const (
	Public   Who = "public"
	SignedIn Who = "signed-in"
	AnyStaff Who = "staff"
)

// Roles opens a route to sessions in one of the roles.
func Roles(roles ...store.Role) Who {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	slices.Sort(names)
	return Who(strings.Join(names, " "))
}

// Allows reports whether a session may open the route. The zero session is
// nobody and opens only Public.
func (w Who) Allows(s Session) bool {
	role := s.Actor.Role
	switch {
	case w == Public:
		return true
	case role == "":
		return false
	case w == SignedIn:
		return true
	case w == AnyStaff:
		return role != store.Person && role != store.Guardian
	}
	for name := range strings.FieldsSeq(string(w)) {
		if name == string(role) {
			return true
		}
	}
	return false
}

// Session is what the kit needs to know of who is asking. The zero Session is
// nobody.
type Session struct {
	Actor  store.Actor
	Home   string    // path of the role's first page
	Lang   i18n.Lang // as saved with the account; "" = not saved
	Locked bool      // a shared computer after five idle minutes: only Public routes open
	Shared bool      // shared computer: lock when idle, offer to switch user
	Since  time.Time // when it began
}

// Sessions finds the session of a request, from its cookie or bearer token.
// The zero Session and no error mean nobody. An *issue.Error (a forged or
// expired token) is answered as such.
type Sessions interface {
	Resolve(r *http.Request) (Session, error)
}
